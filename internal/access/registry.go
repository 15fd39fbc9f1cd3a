package access

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/intercept"
)

// Table is a table whose rows are not for everyone.
type Table struct {
	Name string // in the database, such as "articles"
	Type string // ent's type of its rows, such as "Article"; empty: ent's queries do not carry the rule
	// Word names the rules of the table in hand-written statements, as in
	// visible_article(a). A part of an article has none: statements reach it by
	// the keys of articles that were shown.
	Word string
	// Visible is what a viewer may see. Ent's queries and visible_WORD carry it.
	Visible func(Viewer) Rule
	// Desk is what a viewer works on, for the lists of the newsroom and
	// desk_WORD; nil where there is no such list.
	Desk func(Viewer) Rule
	// Part says that statements may also reach rows without the rule, by the keys
	// of something that was shown, as the tags of an article are.
	Part bool
}

// Checked reports whether every statement that reads the table must carry its
// rule.
func (t Table) Checked() bool { return t.Word != "" && !t.Part }

// registry is every guarded table. The guard of ent's queries, the rules that
// statements may name, the check that they do and the tests are derived from it:
// to guard another table, add it here.
var registry = []Table{
	{Name: "articles", Type: ent.TypeArticle, Word: "article", Visible: articles, Desk: deskArticles},
	{Name: "comments", Type: ent.TypeComment, Word: "comment", Visible: comments, Desk: deskComments},
	{Name: "pages", Type: ent.TypePage, Word: "page", Visible: pages},

	// The program reads these by ent for its own work; what readers are given by id,
	// slug or path or in a list of all is read by statements that carry the rule.
	{Name: "media", Word: "media", Visible: media, Part: true},
	{Name: "redirects", Word: "redirect", Visible: redirects, Part: true},
	{Name: "tags", Word: "tag", Visible: tags, Part: true},

	{Name: "article_details", Type: ent.TypeArticleDetail, Visible: ofArticle},
	{Name: "bylines", Type: ent.TypeByline, Visible: ofArticle},
	{Name: "corrections", Type: ent.TypeCorrection, Visible: ofArticle},
	{Name: "live_entries", Type: ent.TypeLiveEntry, Word: "live_entry", Visible: ofArticle},
}

// Tables lists the guarded tables.
func Tables() []Table { return registry }

// Named gives the rule that a hand-written statement calls kind_word, such as
// visible_article, desk_article or public_article; nil if there is none.
func Named(kind, word string) func(Viewer) Rule {
	for _, t := range registry {
		if word == "" || t.Word != word {
			continue
		}
		switch kind {
		case "visible":
			return t.Visible
		case "desk":
			return t.Desk
		case "public":
			return func(Viewer) Rule { return t.Visible(Viewer{}) }
		}
	}
	return nil
}

// Guard attaches the rules to every query of an ent client. Ent's interceptors
// see neither updates nor HasXWith conditions nor SQL written by hand: those
// are guarded by the store's statements and found by tests.
func Guard(client *ent.Client) { client.Intercept(guard) }

var guard = intercept.TraverseFunc(func(ctx context.Context, q intercept.Query) error {
	v := Of(ctx)
	if v.system {
		return nil
	}
	for _, t := range registry {
		if t.Type == q.Type() {
			rule := t.Visible(v)
			q.WhereP(func(s *sql.Selector) { s.Where(sql.ExprP(rule.For(s.TableName()))) })
		}
	}
	return nil
})
