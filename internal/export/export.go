// Package export writes a newsroom for other systems: articles in ninjs, everything as
// an export of WordPress, or what readers see as an archive of open formats.
//
// An export reads as of one moment, in bounded memory. A backup, which holds every row
// and can be restored, is another thing: see package backup.
package export

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// Services are what an export reads through.
type Services struct {
	DB        *store.DB
	Articles  *content.Service
	Partners  *partner.Service
	Directory *directory.Directory
	Terms     *taxonomy.Service
	// Progress is called after each batch with what was written so far; nil: nobody is
	// told.
	Progress func(what string, done int)
}

// batch is how many things are in memory at once.
const batch = 200

func (s Services) tell(what string, done int) {
	if s.Progress != nil {
		s.Progress(what, done)
	}
}

// Ninjs writes every article that readers see at one moment in ninjs 3.1, one object a
// line, the oldest first, and gives how many.
func Ninjs(ctx context.Context, s Services, out io.Writer) (count int, err error) {
	err = s.Articles.Snapshot(access.With(ctx, access.Viewer{}), func(ctx context.Context) error {
		count, err = s.ninjs(ctx, out)
		return err
	})
	return count, err
}

func (s Services) ninjs(ctx context.Context, out io.Writer) (count int, err error) {
	for last := 0; ; {
		ids, err := s.DB.Ent(ctx).Article.Query().Where(article.IDGT(last), article.StatusEQ(article.StatusPublished)).Order(ent.Asc(article.FieldID)).Limit(batch).IDs(ctx)
		if err != nil {
			return count, fmt.Errorf("find articles: %w", err)
		}
		if len(ids) == 0 {
			return count, nil
		}
		last = ids[len(ids)-1]
		written, err := s.items(ctx, out, ids)
		if err != nil {
			return count, err
		}
		count += written
		s.tell("articles", count)
	}
}

func (s Services) items(ctx context.Context, out io.Writer, ids []int) (int, error) {
	found, err := s.Articles.ByIDs(ctx, ids)
	if err != nil {
		return 0, err
	}
	rows := make([]*ent.Article, 0, len(found))
	for _, a := range found {
		rows = append(rows, a)
	}
	slices.SortFunc(rows, func(a, b *ent.Article) int { return a.ID - b.ID })
	stories, err := s.Partners.Stories(ctx, nil, rows)
	if err != nil {
		return 0, err
	}
	for _, a := range rows {
		text, err := ninjs.Encode(stories[a.ID].Item)
		if err != nil {
			return 0, err
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return 0, fmt.Errorf("write an article: %w", err)
		}
	}
	return len(rows), nil
}

// each reads rows in the order of their keys, some at once.
func each[T any](read func(after int) ([]T, error), key func(T) int, write func(T) error) error {
	for last := 0; ; {
		rows, err := read(last)
		if err != nil {
			return fmt.Errorf("read what is exported: %w", err)
		}
		for _, row := range rows {
			last = key(row)
			if err := write(row); err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
	}
}

// inOrder gives the items of a menu as they are read: each before those below it.
func inOrder(items []*ent.MenuItem) []*ent.MenuItem {
	slices.SortFunc(items, func(a, b *ent.MenuItem) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	return topDown(items, func(it *ent.MenuItem) int { return it.ID }, func(it *ent.MenuItem) *int { return it.ParentID })
}

// topDown gives rows each right before those below it, which keep their order.
func topDown[T any](rows []T, key func(T) int, parent func(T) *int) []T {
	below := map[int][]T{} // 0 for the top
	for _, row := range rows {
		above := 0
		if p := parent(row); p != nil {
			above = *p
		}
		below[above] = append(below[above], row)
	}
	var all []T
	var add func(above int)
	add = func(above int) {
		for _, row := range below[above] {
			all = append(all, row)
			add(key(row))
		}
	}
	add(0)
	return all
}
