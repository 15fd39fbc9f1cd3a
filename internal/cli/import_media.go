package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/ingest"
	"github.com/broadsheet-cms/broadsheet/internal/media"
)

type importMediaCommand struct {
	config.Database
	config.Media
	Uploads  string        `help:"Folder with the files of the old site, as below its wp-content/uploads. What it lacks is asked of the web." type:"existingdir" placeholder:"DIR"`
	Offline  bool          `help:"Ask nothing of the web."`
	MaxBytes int64         `help:"Largest file, in bytes." default:"268435456" placeholder:"BYTES"`
	Timeout  time.Duration `help:"How long one file may take." default:"2m" placeholder:"DURATION"`
	Parallel int           `help:"How many files are fetched at once." default:"4" placeholder:"N"`
	JSON     bool          `name:"json" help:"Write the report as JSON."`
}

// Run fetches files and writes into the bodies where they are now.
func (c *importMediaCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openMigrated(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	bucket, err := app.OpenMedia(c.Media)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bucket.Close()) }()
	services := app.NewServices(db, bucket)
	services.Media.MaxBytes = c.MaxBytes
	report, err := services.Media.Fetch(ctx, media.FetchOptions{Uploads: c.Uploads, Offline: c.Offline, Timeout: c.Timeout, Parallel: c.Parallel, Progress: fetchProgress(s.err)})
	if err != nil {
		return err
	}
	// Also after a run that was interrupted between the two.
	bodies, err := ingest.PlaceMedia(ctx, services.Ingest())
	if err != nil {
		return err
	}
	return c.write(s, report, bodies)
}

func (c *importMediaCommand) write(s *streams, report *media.FetchReport, bodies int) error {
	if c.JSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(struct {
			*media.FetchReport
			Bodies int `json:"bodies"`
		}{report, bodies}); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	} else {
		_, _ = fmt.Fprintf(s.out, "%d files were elsewhere: %d fetched (%d bytes), %d could not be had, in %.1f s. %d bodies show where they are now.\n",
			report.Missing, report.Fetched, report.Bytes, report.Failed, report.Seconds, bodies)
		for _, l := range report.Lines {
			_, _ = fmt.Fprintf(s.out, "  %s %s: %s\n", l.ID, l.URL, l.Reason)
		}
		if report.Omitted > 0 {
			_, _ = fmt.Fprintf(s.out, "  and %d more\n", report.Omitted)
		}
	}
	if report.Failed > 0 {
		return errReported
	}
	return nil
}

func fetchProgress(w io.Writer) func(media.FetchReport) {
	last := time.Now()
	return func(r media.FetchReport) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			_, _ = fmt.Fprintf(w, "%d files, %d fetched, %d MB\n", r.Missing, r.Fetched, r.Bytes>>20)
		}
	}
}

type importUsersCommand struct {
	config.Database
	File string `arg:"" help:"A dump of the table wp_users, as CSV or as SQL; with that of wp_usermeta beside it in SQL, for roles. - reads from standard input."`
}

// Run takes over accounts.
func (c *importUsersCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openMigrated(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	input := s.in
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer func() { _ = file.Close() }()
		input = file
	}
	services := app.NewServices(db, nil)
	report, err := ingest.WordPressUsers(ctx, services.Ingest(), services.Accounts, input)
	if err := errors.Join(report.WriteText(s.out), err); err != nil {
		return err
	}
	if report.Rejected > 0 {
		return errReported
	}
	return nil
}
