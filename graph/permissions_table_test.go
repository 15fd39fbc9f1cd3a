package graph_test

import "github.com/broadsheet-cms/broadsheet/ent/article"

// step is the document of a mutation that takes one article one step on.
func step(name string, more ...string) string {
	input := `id: "{article}"`
	for _, m := range more {
		input += ", " + m
	}
	return `mutation { ` + name + `(input: {` + input + `}) { article { id } userErrors { code } } }`
}

// bulk is the document of a mutation of many articles.
func bulk(name string, more ...string) string {
	input := `articles: [{id: "{article}"}]`
	for _, m := range more {
		input += ", " + m
	}
	return `mutation { ` + name + `(input: {` + input + `}) { results { article { id } userErrors { code } } userErrors { code } } }`
}

// permissionTable is who may do what. The letters are those of permission, for
// nobody, READER, CONTRIBUTOR, AUTHOR, MODERATOR, EDITOR, ADMIN.
var permissionTable = map[string]permission{
	"Article.newsroom": {document: `{ article(by: {id: "{article}"}) { newsroom { version } } }`, own: "UFYYFYY", other: "UFNNFYY", status: article.StatusPublished},

	"Mutation.createArticle": {document: `mutation { createArticle(input: {article: {title: "New {serial}"}}) { article { id } userErrors { code } } }`, own: "UFYYFYY"},
	"Mutation.updateArticle": {document: step("updateArticle", `article: {subtitle: "More"}`), own: "UFYYFYY", other: "UFNNFYY"},

	"Mutation.submitArticleForReview": {document: step("submitArticleForReview"), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.requestChanges":         {document: step("requestChanges"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusInReview},
	"Mutation.approveArticle":         {document: step("approveArticle"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusInReview},
	"Mutation.reopenArticle":          {document: step("reopenArticle"), own: "UFYYFYY", other: "UFNNFYY", status: article.StatusInReview},
	"Mutation.scheduleArticle":        {document: step("scheduleArticle", `at: "{later}"`), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.unscheduleArticle":      {document: step("unscheduleArticle"), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusScheduled},
	"Mutation.embargoArticle":         {document: step("embargoArticle", `until: "{later}"`), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusApproved},
	"Mutation.liftEmbargo":            {document: step("liftEmbargo"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusEmbargoed},
	"Mutation.publishArticle":         {document: step("publishArticle"), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.unpublishArticle":       {document: step("unpublishArticle"), own: "UFFYFYY", other: "UFFFFYY", status: article.StatusPublished},
	"Mutation.archiveArticle":         {document: step("archiveArticle"), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.killArticle":            {document: step("killArticle", `reason: "court order"`), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusPublished},
	"Mutation.trashArticle":           {document: step("trashArticle"), own: "UFYYFYY", other: "UFNNFYY"},
	"Mutation.restoreArticle":         {document: step("restoreArticle"), own: "UFYYFYY", other: "UFNNFYY", trashed: true},
	"Mutation.restoreRevision":        {document: step("restoreRevision", `number: 1`), own: "UFYYFYY", other: "UFNNFYY"},

	"Mutation.approveArticles":   {document: bulk("approveArticles"), own: "UFFFFYY", other: "UFFFFYY", status: article.StatusInReview},
	"Mutation.scheduleArticles":  {document: bulk("scheduleArticles", `at: "{later}"`), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.publishArticles":   {document: bulk("publishArticles"), own: "UFFYFYY", other: "UFFNFYY", status: article.StatusApproved},
	"Mutation.unpublishArticles": {document: bulk("unpublishArticles"), own: "UFFYFYY", other: "UFFFFYY", status: article.StatusPublished},
	"Mutation.archiveArticles":   {document: bulk("archiveArticles"), own: "UFFFFYY", other: "UFFFFYY"},
	"Mutation.trashArticles":     {document: bulk("trashArticles"), own: "UFYYFYY", other: "UFNNFYY"},

	"Mutation.signOut": {document: `mutation { signOut { userErrors { code } } }`, own: "UYYYYYY", silent: "nothing is changed but the session"},
}
