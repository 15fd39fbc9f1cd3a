package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/export"
)

// exportCommand groups what writes content for other systems.
type exportCommand struct {
	Ninjs exportNinjsCommand `cmd:"" help:"Write every published article in IPTC's ninjs 3.1, one object a line, the oldest first."`
	WXR   exportWXRCommand   `cmd:"" name:"wxr" help:"Write the newsroom, drafts and comments too, as an export of WordPress 1.2."`
	Site  exportSiteCommand  `cmd:"" help:"Write what readers see into a new folder: articles, pages, comments, taxonomy, menus, redirects and media files, in open formats."`
}

// exporting opens what an export reads, and closes it.
func exporting(ctx context.Context, s *streams, d config.Database, run func(export.Services) error) (err error) {
	db, err := openMigrated(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	services := app.NewServices(db, nil)
	return run(export.Services{DB: db, Articles: services.Articles, Partners: services.Partners, Directory: services.Directory, Terms: services.Taxonomy, Progress: rowProgress(s)})
}

type exportNinjsCommand struct {
	config.Database
}

// Run writes what readers see at one moment to standard output, and to standard
// error once a second how far it is.
func (c *exportNinjsCommand) Run(ctx context.Context, s *streams) error {
	return exporting(ctx, s, c.Database, func(from export.Services) error {
		out := bufio.NewWriter(s.out)
		count, err := export.Ninjs(ctx, from, out)
		if err == nil {
			err = out.Flush()
		}
		if err == nil {
			_, _ = fmt.Fprintf(s.err, "%d articles\n", count)
		}
		return err
	})
}

type exportWXRCommand struct {
	config.Database
	SiteURL string `name:"site-url" help:"Address that links and files have in the export; that of the settings if omitted." placeholder:"URL"`
}

// Run writes the export to standard output, and to standard error how far it is and what
// the format could not say.
func (c *exportWXRCommand) Run(ctx context.Context, s *streams) error {
	return exporting(ctx, s, c.Database, func(from export.Services) error {
		report, err := export.WXR(ctx, from, s.out, c.SiteURL, time.Now())
		if err == nil {
			tellCounts(s, "wrote", report.Written)
			tellCounts(s, "WordPress has no place for", report.Limits)
		}
		return err
	})
}

func tellCounts(s *streams, what string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	_, _ = fmt.Fprintf(s.err, "%s:\n", what)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		_, _ = fmt.Fprintf(s.err, "%8d %s\n", counts[name], name)
	}
}

type exportSiteCommand struct {
	backupFlags
	Folder string `arg:"" help:"The new folder."`
}

// Run writes the archive, and to standard error how far it is.
func (c *exportSiteCommand) Run(ctx context.Context, s *streams) (err error) {
	bucket, end, err := c.filled()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return exporting(ctx, s, c.Database, func(from export.Services) error {
		m, err := export.Site(ctx, from, bucket, c.Folder, versionLine(), time.Now())
		if err == nil {
			tellCounts(s, "wrote", m.Counts)
		}
		return err
	})
}
