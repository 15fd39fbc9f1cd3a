package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
)

// exportCommand groups what writes content for other systems.
type exportCommand struct {
	Ninjs exportNinjsCommand `cmd:"" help:"Write every published article in IPTC's ninjs 3.1, one object a line, the oldest first."`
}

type exportNinjsCommand struct {
	config.Database
}

// exportBatch is how many articles are in memory at once.
const exportBatch = 200

// Run writes what readers see at one moment to standard output, and to standard
// error once a second how far it is.
func (c *exportNinjsCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openMigrated(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	services := app.NewServices(db, nil)
	ctx = access.With(ctx, access.Viewer{})
	out := bufio.NewWriter(s.out)
	count, said := 0, time.Now()
	err = services.Articles.Snapshot(ctx, func(ctx context.Context) error {
		for last := 0; ; {
			ids, err := db.Ent(ctx).Article.Query().Where(article.IDGT(last), article.StatusEQ(article.StatusPublished)).Order(ent.Asc(article.FieldID)).Limit(exportBatch).IDs(ctx)
			if err != nil {
				return fmt.Errorf("find articles: %w", err)
			}
			if len(ids) == 0 {
				return nil
			}
			last = ids[len(ids)-1]
			written, err := exportItems(ctx, services, out, ids)
			if err != nil {
				return err
			}
			if count += written; time.Since(said) > time.Second {
				said = time.Now()
				_, _ = fmt.Fprintf(s.err, "%d articles\n", count)
			}
		}
	})
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		_, _ = fmt.Fprintf(s.err, "%d articles\n", count)
	}
	return err
}

func exportItems(ctx context.Context, services *app.Services, out io.Writer, ids []int) (int, error) {
	found, err := services.Articles.ByIDs(ctx, ids)
	if err != nil {
		return 0, err
	}
	rows := make([]*ent.Article, 0, len(found))
	for _, a := range found {
		rows = append(rows, a)
	}
	slices.SortFunc(rows, func(a, b *ent.Article) int { return a.ID - b.ID })
	stories, err := services.Partners.Stories(ctx, nil, rows)
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
