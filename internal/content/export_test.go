package content

import (
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Plan is a statement made to tell how it is run.
type Plan struct {
	Explain *store.Statement
	Number  bool // the second argument is a number
	Lists   bool // the second argument is a list of keys
}

// RelatedPlans are the statements of related articles that read tables which
// grow with the archive.
func RelatedPlans() map[string]Plan {
	explain := func(postgres, sqlite string) *store.Statement {
		return store.Maintain("EXPLAIN "+postgres, "EXPLAIN QUERY PLAN "+sqlite)
	}
	return map[string]Plan{
		"related": {Explain: explain(strings.NewReplacer("{article}", columnsPostgres, "{shared}", `c.item -> 'y'`).Replace(relatedPostgres),
			strings.NewReplacer("{article}", columnsSQLite, "{shared}", `c.value -> 'y'`).Replace(relatedSQLite)), Number: true},
		"postings":   {Explain: explain(postingsPostgres, postingsSQLite()), Lists: true},
		"profiles":   {Explain: explain(profilesPostgres, profilesSQLite)},
		"terms":      {Explain: explain(byKeyPostgres("*", "terms", "id"), byKeySQLite("*", "terms", "id"))},
		"candidates": {Explain: explain(byKeyPostgres("*", "article_candidates", "article_id"), byKeySQLite("*", "article_candidates", "article_id"))},
		"unlist":     {Explain: explain(unlistTermsPostgres, unlistTermsSQLite)},
	}
}

// FindPlans are the statements of Find and ListMedia, which look at lists that grow
// with the archive.
func FindPlans() map[string]*store.Statement {
	all := map[string]*store.Statement{"media": store.Read("EXPLAIN "+listMediaText, "EXPLAIN QUERY PLAN "+listMediaText)}
	for key, text := range findTexts() {
		all[fmt.Sprintf("%s, ascending %t, keys %t", key.order, key.ascending, key.keys)] = store.Read("EXPLAIN "+text[0], "EXPLAIN QUERY PLAN "+text[1])
	}
	return all
}
