package access

import (
	"context"
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

// Articles is what v may see of articles.
func Articles(v Viewer) Rule {
	if v.system {
		return All
	}
	return publicArticle
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
	if v.system {
		return All
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
