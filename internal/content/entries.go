package content

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// reviveEntrySQL gives an entry the key $1 in place of $2, where it is free.
var reviveEntrySQL = store.MaintainBoth(`UPDATE live_entries SET id = $1 WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM live_entries o WHERE o.id = $1)`)

// saveEntries stores the entries of live blogs. Those that are there keep their
// keys, which links and readers know, and those that come back from an earlier
// revision get theirs again.
func (s *Service) saveEntries(ctx context.Context, drafts []*prepared, saved []*ent.Article) error {
	client := s.db.Ent(ctx)
	var created []*ent.LiveEntryCreate
	var keys []int // of those created, 0: a new one
	for i, p := range drafts {
		article := saved[i].ID
		stored := map[int]*ent.LiveEntry{}
		if p.ID != 0 {
			rows, err := client.LiveEntry.Query().Where(liveentry.ArticleID(article)).All(ctx)
			if err != nil {
				return err
			}
			for _, row := range rows {
				stored[row.ID] = row
			}
		}
		for _, e := range p.Entries {
			if row := stored[e.ID]; row != nil {
				delete(stored, e.ID)
				if isEntry(row, e) {
					continue
				}
				u := client.LiveEntry.UpdateOneID(e.ID)
				setEntry(u.Mutation(), e)
				if err := u.Exec(ctx); err != nil {
					return err
				}
				continue
			}
			c := client.LiveEntry.Create().SetArticleID(article)
			setEntry(c.Mutation(), e)
			created, keys = append(created, c), append(keys, e.ID)
		}
		if len(stored) > 0 {
			if _, err := client.LiveEntry.Delete().Where(liveentry.IDIn(slices.Collect(maps.Keys(stored))...)).Exec(ctx); err != nil {
				return err
			}
		}
	}
	return inChunks(created, func(c []*ent.LiveEntryCreate) error {
		rows, err := client.LiveEntry.CreateBulk(c...).Save(ctx)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if keys[i] == 0 {
				continue
			}
			if _, err := s.db.Exec(ctx, reviveEntrySQL, keys[i], row.ID); err != nil {
				return err
			}
		}
		keys = keys[len(rows):]
		return nil
	})
}

// isEntry reports whether an entry is stored as it shall be. Of the many of a
// live blog a save changes one.
func isEntry(row *ent.LiveEntry, e Entry) bool {
	return row.Title == e.Title && row.PublishedAt.Equal(e.PublishedAt) && row.IsKey == e.Key && row.IsPinned == e.Pinned &&
		reflect.DeepEqual(row.Blocks, e.Body) && row.HTML == richtext.PlacedHTML(e.Body)
}

func setEntry(m *ent.LiveEntryMutation, e Entry) {
	m.SetTitle(e.Title)
	m.SetBlocks(e.Body)
	m.SetHTML(richtext.PlacedHTML(e.Body))
	m.SetPublishedAt(e.PublishedAt)
	m.SetIsKey(e.Key)
	m.SetIsPinned(e.Pinned)
}

// EntriesOf gives the entries of a draft as those of a stored article: pinned
// ones first, then newest first.
func EntriesOf(d *Draft) []*ent.LiveEntry {
	entries := make([]*ent.LiveEntry, len(d.Entries))
	for i, e := range d.Entries {
		entries[i] = &ent.LiveEntry{ID: e.ID, ArticleID: d.ID, Title: e.Title, Blocks: e.Body, HTML: richtext.PlacedHTML(e.Body), PublishedAt: e.PublishedAt,
			IsKey: e.Key, IsPinned: e.Pinned}
	}
	slices.SortStableFunc(entries, func(a, b *ent.LiveEntry) int {
		if a.IsPinned != b.IsPinned {
			if a.IsPinned {
				return -1
			}
			return 1
		}
		return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), cmp.Compare(b.ID, a.ID))
	})
	return entries
}
