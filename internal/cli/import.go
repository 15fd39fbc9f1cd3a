package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/ingest"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
)

// importCommand groups what brings content of other systems in.
type importCommand struct {
	Ninjs importNinjsCommand `cmd:"" help:"Import a news feed in IPTC's ninjs, 3.x or 2.x: one object a line or one array, plain or gzipped."`
	Media importMediaCommand `cmd:"" help:"Fetch the originals of pictures and files that are elsewhere so far."`
	Users importUsersCommand `cmd:"" name:"wordpress-users" help:"Take over the accounts of a WordPress site, with their passwords."`
	WXR   importWXRCommand   `cmd:"" name:"wxr" help:"Import a WordPress site from its export (WXR 1.0 to 1.2), plain or gzipped."`
}

// importFlags are the same for every kind of import.
type importFlags struct {
	config.Database
	DryRun bool `help:"Say what would happen, and change nothing."`
	Resume bool `help:"Go on where an earlier import of the same file was interrupted."`
	JSON   bool `name:"json" help:"Write the report as JSON."`
}

type importNinjsCommand struct {
	importFlags
	File string `arg:"" help:"The file; - reads from standard input."`
}

// Run imports a file and reports what came of it.
func (c *importNinjsCommand) Run(ctx context.Context, s *streams) (err error) {
	opts := ingest.Options{DryRun: c.DryRun, Resume: c.Resume, Progress: importProgress(s.err)}
	input := s.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer func() { _ = file.Close() }()
		if opts.File, err = ingest.Identify(file); err != nil {
			return err
		}
		if err := checkNinjs(c.File); err != nil {
			return err
		}
		input = file
	}
	db, err := openMigrated(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	report, err := ingest.Ninjs(ctx, app.NewServices(db, nil).Ingest(), input, opts)
	return errors.Join(c.writeReport(s, report), err)
}

// checkNinjs refuses a file that is no ninjs, before anything is made for it. A
// pipe, which could be read but once, is not looked at.
func checkNinjs(name string) error {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil //nolint:nilerr // it was opened a moment ago
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { _ = file.Close() }()
	_, err = ninjs.NewReader(file, ninjs.Options{}).Next()
	if e, ok := errors.AsType[*ninjs.StreamError](err); ok && e.Code == ninjs.CodeWrongKind {
		return fmt.Errorf("import: %s: %w. For an export of WordPress use: broadsheet import wxr", name, e.Err)
	}
	return nil // what else is wrong, the report tells
}

// writeReport writes the report and fails when something was rejected.
func (f importFlags) writeReport(s *streams, report *ingest.Report) error {
	write := report.WriteText
	if f.JSON {
		write = report.WriteJSON
	}
	if err := write(s.out); err != nil {
		return err
	}
	if report.Failed() {
		return errReported
	}
	return nil
}

// importProgress says once a second how far an import is.
func importProgress(w io.Writer) func(ingest.Progress) {
	last := time.Now()
	return func(p ingest.Progress) {
		now := time.Now()
		if now.Sub(last) < time.Second {
			return
		}
		last = now
		if p.Size > 0 {
			_, _ = fmt.Fprintf(w, "%d items, %d%%, %.0f a second\n", p.Items, 100*p.Bytes/p.Size, p.Rate)
			return
		}
		_, _ = fmt.Fprintf(w, "%d items, %.0f a second\n", p.Items, p.Rate)
	}
}
