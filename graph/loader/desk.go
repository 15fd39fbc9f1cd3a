package loader

import (
	"context"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// desk makes the loaders of what the newsroom keeps about articles.
func (s *Set) desk(desk *newsroom.Service) {
	s.Snapshots = newLoader(&s.revisions, func(r *ent.Revision) int { return r.ID }, plain[*ent.Revision](desk.Snapshots))
	byRecord := func(r *newsroom.Record) int { return r.Article.ID }
	s.Locks = newLoader(&s.records, byRecord, plain[*newsroom.Record](desk.Locks))
	s.Autosaves = newLoader(&s.records, byRecord, func(ctx context.Context, of []*newsroom.Record, _ []int) (map[int]*newsroom.Autosave, error) {
		return desk.Autosaves(ctx, of)
	})
	s.Notes = newLoader(&s.records, byRecord, func(ctx context.Context, _ []*newsroom.Record, ids []int) (map[int][]*ent.ArticleNote, error) {
		found, err := desk.Notes(ctx, ids)
		var people []*int
		for _, notes := range found {
			for _, n := range notes {
				people = append(people, n.UserID, n.ResolvedBy)
			}
		}
		s.addPeople(people)
		return found, err
	})
	s.Withdrawals = newLoader(&s.records, byRecord, plain[*newsroom.Record](desk.Withdrawals))
	s.Previews = newLoader(&s.records, byRecord, func(ctx context.Context, _ []*newsroom.Record, ids []int) (map[int][]*ent.PreviewToken, error) {
		found, err := desk.Previews(ctx, ids)
		var people []*int
		for _, tokens := range found {
			for _, t := range tokens {
				people = append(people, t.UserID)
			}
		}
		s.addPeople(people)
		return found, err
	})
}

// addPeople makes a cohort of members that are named side by side.
func (s *Set) addPeople(named []*int) {
	var people []int
	for _, key := range named {
		if key != nil && !slices.Contains(people, *key) {
			people = append(people, *key)
		}
	}
	s.members.Add(people)
}

// AddRevisions makes a cohort of the revisions of a page.
func (s *Set) AddRevisions(rows []*ent.Revision) {
	s.revisions.Add(rows)
	people := make([]*int, len(rows))
	for i, r := range rows {
		people[i] = r.UserID
	}
	s.addPeople(people)
}

// AddPicks makes a cohort of the picks of a page.
func (s *Set) AddPicks(rows []*ent.Pick) { s.picks.Add(rows) }

// AddCorrections makes a cohort of the articles of corrections.
func (s *Set) AddCorrections(rows []*content.Correction) {
	articles := make([]*ent.Article, len(rows))
	for i, c := range rows {
		articles[i] = c.Article
	}
	s.Articles.Add(articles)
}
