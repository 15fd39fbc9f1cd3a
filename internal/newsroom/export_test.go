package newsroom

import (
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Plan explains a statement of the newsroom's lists.
type Plan struct {
	Explain *store.Statement
	Index   string // that it must be read through
}

func explain(text string) *store.Statement { return explainBoth(text, text) }

func explainBoth(postgres, sqlite string) *store.Statement {
	return store.Read("EXPLAIN "+postgres, "EXPLAIN QUERY PLAN "+sqlite)
}

// QueuePlans explain the pages of the lists: of all, and of the viewer's own.
func QueuePlans() (all, own map[string]Plan) {
	fill := func(text, order string) string { return fillPage(text, ofViewer, sinceWhen, order) }
	all, own = map[string]Plan{}, map[string]Plan{}
	for _, order := range []string{"ASC", "DESC"} {
		all["queue "+order] = Plan{explainBoth(fill(queuePagePostgres, order), fill(queuePageSQLite, order)), "article_queue"}
		own["own "+order] = Plan{explain(fill(ownPage, order)), "article_created_by"}
	}
	return all, own
}

// SpanPlans explain what takes two moments and a limit.
func SpanPlans() map[string]Plan {
	planned := func(column, condition string) *store.Statement {
		return explain(strings.NewReplacer("{at}", column, "{condition}", condition).Replace(plannedText))
	}
	return map[string]Plan{
		"scheduled":         {planned("scheduled_at", "a.status = 'SCHEDULED'"), "article_scheduled"},
		"embargoed":         {planned("embargo_until", "a.status = 'EMBARGOED'"), "article_embargoed"},
		"unpublished":       {planned("unpublish_at", "a.status = 'PUBLISHED'"), "article_unpublish"},
		"unpublished later": {planned("unpublish_at", "a.status IN ('SCHEDULED', 'EMBARGOED')"), "article_unpublish_later"},
	}
}

// PublishedPlan explains what was published, TrashPlan the trash.
func PublishedPlan() Plan { return Plan{explain(wasPublished), "published_at"} }

// TrashPlan is described with PublishedPlan.
func TrashPlan() Plan {
	return Plan{explain(strings.ReplaceAll(trashPage, "{order}", "DESC")), "article_trash"}
}
