package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/ingest"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

type importWXRCommand struct {
	importFlags
	wxrMappings
	Strict bool     `help:"Stop at the first item that is not as it should be."`
	Files  []string `arg:"" name:"file" help:"The files of the export in order, plain or gzipped. They are read twice: no pipes."`
}

// wxrMappings are the files that say what becomes of what plugins have made.
type wxrMappings struct {
	Shortcodes string `help:"JSON file that says what becomes of the shortcodes of plugins." type:"existingfile" placeholder:"FILE"`
	Types      string `help:"JSON file that says what becomes of custom post types." type:"existingfile" placeholder:"FILE"`
}

func (m *wxrMappings) read() (opts ingest.WXROptions, err error) {
	if opts.Shortcodes, err = readMapping(m.Shortcodes, wxr.ReadShortcodeRules); err == nil {
		opts.Types, err = readMapping(m.Types, wxr.ReadTypeRules)
	}
	return opts, err
}

func readMapping[T any](name string, read func(io.Reader) (T, error)) (rules T, err error) {
	if name == "" {
		return rules, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return rules, fmt.Errorf("open the mapping: %w", err)
	}
	defer func() { _ = file.Close() }()
	if rules, err = read(file); err != nil {
		return rules, fmt.Errorf("%s: %w", name, err)
	}
	return rules, nil
}

// Run imports a site and reports what came of it.
func (c *importWXRCommand) Run(ctx context.Context, s *streams) (err error) {
	files, err := wxrFiles(c.Files)
	if err != nil {
		return err
	}
	opts, err := c.read()
	if err != nil {
		return err
	}
	db, err := openMigrated(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	opts.DryRun, opts.Resume, opts.Strict, opts.Progress = c.DryRun, c.Resume, c.Strict, importProgress(s.err)
	report, err := ingest.WXR(ctx, wxrServices(app.NewServices(db, nil)), files, opts)
	told := c.write(s, report, report.Failed())
	if err != nil {
		return err // says more than that the report tells of a failure
	}
	return told
}

// writer writes a report in both of its forms.
type writer interface {
	WriteText(w io.Writer) error
	WriteJSON(w io.Writer) error
}

// write writes a report and fails when it tells of a failure.
func (f importFlags) write(s *streams, report writer, failed bool) error {
	write := report.WriteText
	if f.JSON {
		write = report.WriteJSON
	}
	if err := write(s.out); err != nil {
		return err
	}
	if failed {
		return errReported
	}
	return nil
}

func wxrServices(s *app.Services) ingest.WXRServices {
	return ingest.WXRServices{Services: s.Ingest(), Comments: s.Comments, Site: s.Site, Picks: s.Newsroom}
}

// wxrFiles identifies files that are opened later, twice each.
func wxrFiles(names []string) ([]ingest.WXRFile, error) {
	var files []ingest.WXRFile
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("import: %w", err)
		}
		known, err := ingest.Identify(file)
		if err == nil && known.Identity != "" {
			err = checkKind(name, file)
		}
		_ = file.Close()
		if err != nil {
			return nil, err
		}
		if known.Identity == "" {
			return nil, fmt.Errorf("import: %s is no file: an export is read twice", name)
		}
		files = append(files, ingest.WXRFile{File: known, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
	}
	return files, nil
}

// checkKind refuses a file that is no export, before anything is made for it.
func checkKind(name string, file io.Reader) error {
	_, err := wxr.NewReader(file, wxr.Options{}).Next()
	if e, ok := errors.AsType[*wxr.StreamError](err); ok && e.Code == wxr.CodeWrongKind {
		return fmt.Errorf("import: %s: %w. WordPress makes one under Tools, Export, All content", name, e.Err)
	}
	return nil // what else is wrong, the report tells
}

// verifyCommand groups what compares the database with where it came from.
type verifyCommand struct {
	Backup verifyBackupCommand `cmd:"" help:"Read a backup to its end and check every checksum, row and file."`
	WXR    verifyWXRCommand    `cmd:"" name:"wxr" help:"Compare the database with the export of a WordPress site, item by item."`
}

type verifyWXRCommand struct {
	config.Database
	wxrMappings
	JSON  bool     `name:"json" help:"Write the differences as JSON."`
	Files []string `arg:"" name:"file" help:"The files of the export in order, plain or gzipped."`
}

// Run compares and fails when anything differs.
func (c *verifyWXRCommand) Run(ctx context.Context, s *streams) (err error) {
	files, err := wxrFiles(c.Files)
	if err != nil {
		return err
	}
	opts, err := c.read()
	if err != nil {
		return err
	}
	db, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := ingest.VerifyWXR(ctx, wxrServices(app.NewServices(db, nil)), files, opts)
	if err != nil {
		return err
	}
	return importFlags{JSON: c.JSON}.write(s, found, !found.Equal())
}
