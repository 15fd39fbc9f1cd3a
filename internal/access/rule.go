package access

import (
	"context"
	"fmt"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/intercept"
)

// A Rule is a condition on the rows of one table, as SQL in which every "~"
// stands for the name or alias of the table. It takes no arguments and asks no
// clock, so the same words serve ent's queries, hand-written statements and
// partial indexes.
type Rule string

// All lets every row pass.
const All Rule = "1 = 1"

// The public rules.
const (
	publicArticle = Rule("~.status = 'PUBLISHED' AND ~.visibility = 'PUBLIC' AND ~.trashed_at IS NULL")
	publicPage    = Rule("~.status = 'PUBLISHED' AND ~.visibility = 'PUBLIC' AND ~.trashed_at IS NULL")
)

// publicComment asks for the article too: a comment is never more visible than
// what it is about.
var publicComment = Rule("~.status = 'APPROVED' AND ~.kind = 'COMMENT' AND EXISTS (SELECT 1 FROM articles AS shown WHERE shown.id = ~.article_id AND " +
	publicArticle.For("shown") + ")")

// For renders the rule for a table or alias.
func (r Rule) For(table string) string { return strings.ReplaceAll(string(r), "~", table) }

// staffArticle is what those see who work on everybody's articles. The trash is
// listed apart.
const staffArticle = Rule("~.trashed_at IS NULL")

// or widens a rule. The whole stays in brackets, as it stands beside other
// conditions.
func (r Rule) or(condition string) Rule { return Rule("((" + string(r) + ") OR (" + condition + "))") }

// Articles is what v may see of articles: readers what is published, writers
// their own as well, editors all, whoever holds a preview token that one more.
func Articles(v Viewer) Rule {
	switch {
	case v.system:
		return All
	case v.Can(EditArticles):
		return staffArticle
	}
	rule := publicArticle
	if v.Can(WriteArticles) {
		rule = rule.or("~.trashed_at IS NULL AND " + string(ownArticle(v)))
	}
	if v.Preview != 0 {
		rule = rule.or(fmt.Sprintf("~.id = %d AND ~.trashed_at IS NULL AND ~.status <> 'KILLED'", v.Preview))
	}
	return rule
}

// ownArticle is what v began or is on the by-line of.
func ownArticle(v Viewer) Rule {
	return Rule(fmt.Sprintf("(~.created_by = %[1]d OR EXISTS (SELECT 1 FROM bylines AS own_line "+
		"JOIN authors AS own ON own.id = own_line.author_id WHERE own_line.article_id = ~.id AND own.user_id = %[1]d))", v.UserID))
}

// DeskArticles is what v works on, in the trash or not: editors all articles,
// writers their own, readers none. It is the rule of the newsroom's own lists,
// where an article that readers see as well is not everybody's.
func DeskArticles(v Viewer) Rule {
	switch {
	case v.system, v.Can(EditArticles):
		return All
	case v.Can(WriteArticles):
		return ownArticle(v)
	}
	return "1 = 0"
}

// Personal reports whether the rules for v are for v alone, so that statements
// that carry them are not worth keeping.
func Personal(v Viewer) bool {
	return !v.system && !v.Can(EditArticles) && (v.Can(WriteArticles) || v.Preview != 0)
}

// Comments is what v may see of comments.
func Comments(v Viewer) Rule {
	if v.system {
		return All
	}
	return publicComment
}

// Pages is what v may see of static pages.
func Pages(v Viewer) Rule {
	switch {
	case v.system:
		return All
	case v.Can(ManagePages):
		return "~.trashed_at IS NULL"
	}
	return publicPage
}

// Guard attaches the rules to every query of an ent client. Ent's interceptors
// see neither updates nor HasXWith conditions nor SQL written by hand: those
// are guarded by the store's statements and found by tests.
func Guard(client *ent.Client) {
	guard := func(rule func(Viewer) Rule) ent.Interceptor {
		return intercept.TraverseFunc(func(ctx context.Context, q intercept.Query) error {
			if v := Of(ctx); !v.system {
				q.WhereP(rule(v).predicate())
			}
			return nil
		})
	}
	client.Article.Intercept(guard(Articles))
	client.Comment.Intercept(guard(Comments))
	client.Page.Intercept(guard(Pages))
	client.ArticleDetail.Intercept(guard(ofArticle))
	client.LiveEntry.Intercept(guard(ofArticle))
	client.Byline.Intercept(guard(ofArticle))
}

// ofArticle is the rule for rows that belong to an article.
func ofArticle(v Viewer) Rule {
	return "EXISTS (SELECT 1 FROM articles AS shown WHERE shown.id = ~.article_id AND " + Rule(Articles(v).For("shown")) + ")"
}

func (r Rule) predicate() func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(sql.ExprP(r.For(s.TableName()))) }
}
