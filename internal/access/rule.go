package access

import (
	"fmt"
	"strings"
)

// A Rule is a condition on the rows of one table. It takes no arguments and
// reads no clock, so the same text serves ent's queries, hand-written
// statements and partial indexes.
type Rule struct {
	text     string // SQL in which every "~" stands for the name or alias of the table
	personal bool
}

func newRule(text string) Rule { return Rule{text: text} }

// For renders the rule for a table or alias.
func (r Rule) For(table string) string { return strings.ReplaceAll(r.text, "~", table) }

// Personal reports whether the rule is for one viewer alone, as the rule for a
// writer's own articles is. Statements that carry such a rule are not worth
// keeping prepared.
func (r Rule) Personal() bool { return r.personal }

// and narrows a rule.
func (r Rule) and(other Rule) Rule {
	return Rule{"((" + r.text + ") AND (" + other.text + "))", r.personal || other.personal}
}

// or widens a rule. The brackets keep it whole beside other conditions.
func (r Rule) or(other Rule) Rule {
	return Rule{"((" + r.text + ") OR (" + other.text + "))", r.personal || other.personal}
}

// The rules that do not depend on a viewer.
var (
	everything     = newRule("1 = 1")
	nothing        = newRule("1 = 0")
	notInTrash     = newRule("~.trashed_at IS NULL")
	publicArticle  = newRule("~.status = 'PUBLISHED' AND ~.visibility = 'PUBLIC' AND ~.trashed_at IS NULL")
	publicPage     = newRule("~.status = 'PUBLISHED' AND ~.visibility = 'PUBLIC' AND ~.trashed_at IS NULL")
	publicComments = newRule("~.status = 'APPROVED' AND ~.kind = 'COMMENT'")
)

// articles is what v may see of articles: readers what is published, writers
// their own as well, editors all but the trash, which is listed apart. Whoever
// holds a preview token sees that one more.
func articles(v Viewer) Rule {
	switch {
	case v.system:
		return everything
	case v.Can(EditArticles):
		return notInTrash
	}
	rule := publicArticle
	if v.Can(WriteArticles) {
		rule = rule.or(notInTrash.and(ownArticles(v)))
	}
	if v.Preview != 0 {
		rule = rule.or(Rule{fmt.Sprintf("~.id = %d AND ~.trashed_at IS NULL AND ~.status <> 'KILLED'", v.Preview), true})
	}
	return rule
}

// ownArticles is what v created or is on the byline of.
func ownArticles(v Viewer) Rule {
	return Rule{fmt.Sprintf("(~.created_by = %[1]d OR EXISTS (SELECT 1 FROM bylines AS own_line "+
		"JOIN authors AS own ON own.id = own_line.author_id WHERE own_line.article_id = ~.id AND own.user_id = %[1]d))", v.UserID), true}
}

// deskArticles is what v works on, in the trash or not: editors all articles,
// writers their own, readers none. An article that everybody sees is not
// everybody's to work on.
func deskArticles(v Viewer) Rule {
	switch {
	case v.system, v.Can(EditArticles):
		return everything
	case v.Can(WriteArticles):
		return ownArticles(v)
	}
	return nothing
}

// ofArticle is the rule for rows that belong to an article: they are never more
// visible than it.
func ofArticle(v Viewer) Rule {
	if v.system {
		return everything
	}
	article := articles(v)
	return Rule{"EXISTS (SELECT 1 FROM articles AS shown WHERE shown.id = ~.article_id AND " + article.For("shown") + ")", article.personal}
}

// comments is what v may see of comments: what is approved, below an article
// that everybody sees.
func comments(v Viewer) Rule {
	if v.system {
		return everything
	}
	article := ofArticle(Viewer{})
	return Rule{publicComments.text + " AND " + article.text, false}
}

// deskComments is what v moderates: comments of every status below the articles
// that v sees.
func deskComments(v Viewer) Rule {
	if !v.Can(ModerateComments) {
		return nothing
	}
	return ofArticle(v)
}

// pages is what v may see of static pages.
func pages(v Viewer) Rule {
	switch {
	case v.system:
		return everything
	case v.Can(ManagePages):
		return notInTrash
	}
	return publicPage
}

// tags is what v may see of tags: readers those of an article that they see, and
// those that a menu leads to. A tag that only hidden articles have would tell what
// they are about. Whoever writes chooses among all.
func tags(v Viewer) Rule {
	if v.system || v.Can(WriteArticles) || v.Can(ManageTaxonomy) {
		return everything
	}
	article := articles(v)
	return Rule{"(EXISTS (SELECT 1 FROM article_tags AS tagged JOIN articles AS shown ON shown.id = tagged.article_id WHERE tagged.tag_id = ~.id AND " +
		article.For("shown") + ") OR EXISTS (SELECT 1 FROM menu_items AS item WHERE item.target_type = 'TAG' AND item.target_id = ~.id))", article.personal}
}

// media is what v may see of media by their own ids: readers what an article that
// they see, an author or the site shows, unless its licence has ended. Whoever writes
// chooses among all.
func media(v Viewer) Rule {
	if v.system || v.Can(WriteArticles) || v.Can(ManageSite) {
		return everything
	}
	article := articles(v)
	return Rule{"NOT ~.expired AND (EXISTS (SELECT 1 FROM articles AS shown WHERE shown.featured_media_id = ~.id AND " + article.For("shown") +
		") OR EXISTS (SELECT 1 FROM authors AS portrayed WHERE portrayed.avatar_id = ~.id)" +
		" OR EXISTS (SELECT 1 FROM sites AS branded WHERE ~.id IN (branded.logo_id, branded.logo_dark_id)))", article.personal}
}

// redirects is what v may see of redirects: readers those that lead to something
// they see. The old path of a draft tells what it is about.
func redirects(v Viewer) Rule {
	if v.system || v.Can(ManagePages) {
		return everything
	}
	article, page, tag := articles(v), pages(v), tags(v)
	to := func(kind, table string, rule Rule) string {
		return "~.target_type = '" + kind + "' AND EXISTS (SELECT 1 FROM " + table + " AS target WHERE target.id = ~.target_id AND " + rule.For("target") + ")"
	}
	return Rule{"(~.target_id IS NULL OR ~.target_type NOT IN ('ARTICLE', 'PAGE', 'TAG') OR " + to("ARTICLE", "articles", article) + " OR " +
		to("PAGE", "pages", page) + " OR " + to("TAG", "tags", tag) + ")", article.personal}
}
