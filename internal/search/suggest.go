package search

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Suggestion is what a reader may be about to type: the name of a thing, or
// the title of an article.
type Suggestion struct {
	Text    string
	Kind    Kind // 0: the title of an article
	Owner   int  // key of the thing of Kind
	Article int  // key of the article
}

// MaxSuggestions bounds Suggest.
const MaxSuggestions = 20

// Only names that lead to something are suggested: a tag that only hidden
// articles have would tell what they are about.
var namesFromSQL = store.ReadBoth(`SELECT n.folded, n.kind, n.owner_id FROM (
		SELECT folded, kind, owner_id FROM search_names WHERE folded >= $1 AND folded < $2 ORDER BY folded LIMIT $3) AS n
	WHERE EXISTS (SELECT 1 FROM listings l JOIN articles a ON a.id = l.article_id
		WHERE l.kind = n.kind AND l.owner_id = n.owner_id AND visible_article(a))`)

var titlesSQL = store.ReadBoth(`SELECT a.id, a.title, a.language FROM each_id($1) CROSS JOIN articles a WHERE a.id = each_id.id AND visible_article(a)`)

const (
	namesRead  = 200 // names read for a beginning
	titlesRead = 40  // titles read for a beginning
)

// Suggest completes what a reader has typed so far, with names of sections,
// tags, places, authors and series first and titles of articles after them.
// With a language, titles are in that language and names are worded in it.
func (s *Service) Suggest(ctx context.Context, typed, inLanguage string, n int) ([]Suggestion, error) {
	if utf8.RuneCountInString(typed) > MaxQueryLength {
		return nil, fault.BadInput("query", "The query is longer than %d characters.", MaxQueryLength)
	}
	n = min(n, MaxSuggestions)
	prefix := cut(strings.Join(foldedWords(typed), " "), maxNameLength)
	if prefix == "" || n <= 0 {
		return nil, nil
	}
	names, err := s.suggestNames(ctx, prefix, inLanguage)
	if err != nil {
		return nil, err
	}
	titles, err := s.suggestTitles(ctx, typed, inLanguage)
	if err != nil {
		return nil, err
	}
	// Names take up to a half, and what titles leave.
	keep := max(n-len(titles), (n+1)/2)
	all := names[:min(len(names), keep)]
	return append(all, titles[:min(len(titles), n-len(all))]...), nil
}

func (s *Service) suggestNames(ctx context.Context, prefix, inLanguage string) ([]Suggestion, error) {
	found, err := store.Collect(ctx, s.db, namesFromSQL, func(rows *sql.Rows) (g Suggestion, err error) {
		err = rows.Scan(&g.Text, &g.Kind, &g.Owner)
		return g, err
	}, prefix, prefix+string(utf8.MaxRune), namesRead)
	if err != nil {
		return nil, fmt.Errorf("look up names: %w", err)
	}
	slices.SortFunc(found, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Owner, b.Owner))
	})
	found = slices.CompactFunc(found, func(a, b Suggestion) bool { return a.Kind == b.Kind && a.Owner == b.Owner })
	if err := s.word(ctx, found, inLanguage); err != nil {
		return nil, err
	}
	// A name that was changed meanwhile may begin otherwise.
	found = slices.DeleteFunc(found, func(g Suggestion) bool { return g.Text == "" })
	later := beginsLater(found, prefix)
	slices.SortFunc(found, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(later[a.Text], later[b.Text]), cmp.Compare(len(a.Text), len(b.Text)), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Kind, b.Kind))
	})
	return found, nil
}

// word puts the names as they are today into suggestions.
func (s *Service) word(ctx context.Context, found []Suggestion, inLanguage string) error {
	now, err := s.dir.Current(ctx)
	if err != nil {
		return err
	}
	var ids []int
	for _, g := range found {
		if g.Kind == Tag {
			ids = append(ids, g.Owner)
		}
	}
	tags := map[int]*ent.Tag{}
	if len(ids) > 0 {
		rows, err := s.db.Ent(ctx).Tag.Query().Where(tag.IDIn(ids...)).All(ctx)
		if err != nil {
			return fmt.Errorf("read tags: %w", err)
		}
		for _, t := range rows {
			tags[t.ID] = t
		}
	}
	for i := range found {
		g := &found[i]
		g.Text = ""
		switch g.Kind {
		case Category:
			if c := now.Categories.ByID(g.Owner); c != nil {
				g.Text = cmp.Or(c.Labels[inLanguage].Name, c.Name)
			}
		case Tag:
			if t := tags[g.Owner]; t != nil {
				g.Text = cmp.Or(t.Labels[inLanguage].Name, t.Name)
			}
		case Place:
			if p := now.Places.ByID(g.Owner); p != nil {
				g.Text = cmp.Or(p.Labels[inLanguage].Name, p.Name)
			}
		case Author:
			if a := now.Authors.ByID(g.Owner); a != nil {
				g.Text = cmp.Or(a.Labels[inLanguage].Name, a.Name)
			}
		case Series:
			if x := now.Series.ByID(g.Owner); x != nil {
				g.Text = cmp.Or(x.Labels[inLanguage].Name, x.Name)
			}
		}
	}
	return nil
}

// suggestTitles searches in titles only, newest first.
func (s *Service) suggestTitles(ctx context.Context, typed, inLanguage string) ([]Suggestion, error) {
	p, err := parse(typed)
	if err != nil || len(p.all) == 0 {
		return nil, err
	}
	p.none = nil
	for i := range p.all {
		p.all[i].title, p.all[i].byline = true, false
	}
	var m match
	f := Filter{}
	if inLanguage != "" {
		f.Languages = []string{inLanguage}
	}
	if err := f.narrow(&m); err != nil {
		return nil, err
	}
	if err := s.understand(ctx, p, &m); err != nil {
		return nil, err
	}
	found, _, err := s.index.find(ctx, m, titlesRead)
	if err != nil {
		return nil, fmt.Errorf("look for titles: %w", err)
	}
	slices.SortFunc(found, bestFirst)
	ids := make([]int, len(found))
	for i, c := range found {
		ids[i] = c.article
	}
	titles, err := store.Collect(ctx, s.db, titlesSQL, func(rows *sql.Rows) (g Suggestion, err error) {
		var tag string
		err = rows.Scan(&g.Article, &g.Text, &tag)
		return g, err
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read titles: %w", err)
	}
	later := beginsLater(titles, strings.Join(foldedWords(typed), " "))
	slices.SortFunc(titles, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(later[a.Text], later[b.Text]), cmp.Compare(slices.Index(ids, a.Article), slices.Index(ids, b.Article)))
	})
	seen := map[string]bool{}
	return slices.DeleteFunc(titles, func(g Suggestion) bool {
		twice := seen[g.Text]
		seen[g.Text] = true
		return twice
	}), nil
}

// beginsLater is 1 for the texts that do not begin as typed, and 0 for those
// that do.
func beginsLater(all []Suggestion, prefix string) map[string]int {
	later := make(map[string]int, len(all))
	for _, g := range all {
		if !strings.HasPrefix(strings.Join(foldedWords(g.Text), " "), prefix) {
			later[g.Text] = 1
		}
	}
	return later
}
