package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var slugsInUseSQL = store.Maintain(
	`SELECT id, slug FROM articles WHERE slug IN (SELECT jsonb_array_elements_text($1::jsonb))`,
	`SELECT id, slug FROM articles WHERE slug IN (SELECT value FROM json_each($1))`)

// chooseSlugs gives every draft a slug that is nobody else's: the one it asks
// for or one made from its title, numbered where it is taken.
func (s *Service) chooseSlugs(ctx context.Context, drafts []*prepared) error {
	bases := make([]string, len(drafts))
	for i, p := range drafts {
		bases[i] = slugBase(p.Draft)
	}
	given := map[string]bool{} // to drafts of this save
	open := drafts
	// Most slugs are free at once; a crowd of equal titles is asked about in
	// ever larger steps.
	for low, high := 1, 3; len(open) > 0; low, high = high, high*8 {
		var candidates []string
		for i, p := range drafts {
			for n := low; n < high && p.slug == ""; n++ {
				candidates = append(candidates, slug.Number(bases[i], n))
			}
		}
		owners, err := s.slugOwners(ctx, candidates)
		if err != nil {
			return err
		}
		open = open[:0:0]
		for i, p := range drafts {
			for n := low; n < high && p.slug == ""; n++ {
				candidate := slug.Number(bases[i], n)
				if owner := owners[candidate]; !given[candidate] && (owner == 0 || owner == p.ID) {
					p.slug, given[candidate] = candidate, true
				}
			}
			if p.slug == "" {
				open = append(open, p)
			}
		}
	}
	return nil
}

func slugBase(d *Draft) string {
	for _, base := range []string{d.Slug, slug.Make(d.Slug), slug.Make(d.Title)} {
		if slug.Valid(base) {
			return base
		}
	}
	return "untitled"
}

// slugOwners gives the articles that have the given slugs.
func (s *Service) slugOwners(ctx context.Context, slugs []string) (map[string]int, error) {
	list, err := json.Marshal(slugs)
	if err != nil {
		return nil, err
	}
	owners := map[string]int{}
	_, err = store.Collect(ctx, s.db, slugsInUseSQL, func(rows *sql.Rows) (struct{}, error) {
		var id int
		var slug string
		err := rows.Scan(&id, &slug)
		owners[slug] = id
		return struct{}{}, err
	}, string(list))
	if err != nil {
		return nil, fmt.Errorf("look for slugs in use: %w", err)
	}
	return owners, nil
}
