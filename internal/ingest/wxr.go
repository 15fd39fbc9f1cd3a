package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// WXRServices are what the import of a WordPress site writes through.
type WXRServices struct {
	Services
	Comments *comment.Service
	Site     *site.Service
	Picks    Picker
}

// Picker puts articles behind the editors' picks of the front page, which is
// where posts that stick on the old site go. It leaves those that are there.
type Picker interface {
	AddPicks(ctx context.Context, articles ...int) error
}

// WXRFile is one file of an export. It is read twice: what comes last in it
// (attachments, menus) is needed by what comes first.
type WXRFile struct {
	File
	Open func() (io.ReadCloser, error)
}

// WXROptions of an import.
type WXROptions struct {
	// DryRun does everything in one transaction and takes it back.
	DryRun bool
	// Resume goes on behind the last committed batch of an earlier import of
	// the same files that did not come to its end.
	Resume bool
	// Strict stops at the first item that is not as it should be, before it is
	// stored.
	Strict bool
	// Progress is called after each batch, on the goroutine of the import.
	Progress func(Progress)
	// Limits bound what is read.
	Limits wxr.Options
	// Shortcodes and Types say what becomes of the shortcodes and post types of plugins.
	Shortcodes wxr.ShortcodeRules
	Types      wxr.TypeRules

	batchItems int // for tests; 0: maxBatchItems
}

// WXR imports the export of a WordPress site; see package wxr for what it
// reads and docs/wordpress.md for what becomes of it.
//
// It goes in three steps. The survey reads all files and stores what others
// refer to: authors, sections, tags, media. The second reading stores posts and
// pages in batches, one transaction each, which also notes how far the import
// has come. At the end, pages are put below their parents, menus are built, and
// links to the old site's own addresses become links within this one. Each
// step can be done again without harm.
//
// The report is never nil. An error says that the import had to stop: the
// context ended, the database failed, or Strict found something. What is wrong
// with the files is told by the report alone.
func WXR(ctx context.Context, s WXRServices, files []WXRFile, opts WXROptions) (*WXRReport, error) {
	start := time.Now()
	in := newWXRImport(s, files, opts)
	ctx = access.AsSystem(ctx)
	var err error
	if opts.DryRun {
		// Later batches look for what earlier ones stored: all of it is taken
		// back together.
		err = s.DB.Tx(content.DeferRelated(ctx), func(ctx context.Context) error {
			if err := in.do(ctx); err != nil {
				return err
			}
			return errRehearsed
		})
		if errors.Is(err, errRehearsed) {
			err = nil
		}
	} else {
		err = in.do(ctx)
	}
	in.report.finish(time.Since(start))
	return in.report, err
}

// ErrStrict says that an import stopped at the first problem, as it was told.
var ErrStrict = errors.New("stopped at the first problem")

type wxrImport struct {
	WXRServices
	opts     WXROptions
	files    []WXRFile
	progress *wxrRun
	report   *WXRReport
	start    time.Time

	sites         map[string]*oldSite // by address
	language      string              // of items of sites that name none
	from          int                 // index of the first item that no earlier run has stored
	before        int                 // items that an earlier run had done
	bytes         int64               // read in this run
	batch         []*post
	size          int
	madeRedirects int
	onFiles       func(ctx context.Context, files []*oldFile) error // what the survey does with attachments
	undo          []func()                                          // when the batch is taken back
	mute          bool                                              // problems of the files were told in an earlier reading
}

func newWXRImport(s WXRServices, files []WXRFile, opts WXROptions) *wxrImport {
	in := &wxrImport{WXRServices: s, opts: opts, files: files, sites: map[string]*oldSite{}, start: time.Now()}
	in.report = &WXRReport{Report: Report{Format: "wxr", DryRun: opts.DryRun, Notes: map[string]int{}}}
	in.onFiles = in.storeFiles
	hash := sha256.New()
	whole := File{}
	for i, f := range files {
		in.report.Files = append(in.report.Files, f.Name)
		if i == 0 {
			whole.Name = f.Name
			in.report.File = f.Name
		}
		whole.Size += f.Size
		if f.Identity == "" {
			hash = nil
		}
		if hash != nil {
			_, _ = io.WriteString(hash, f.Identity)
		}
	}
	if len(files) > 1 {
		in.report.File = fmt.Sprintf("%s and %d more", files[0].Name, len(files)-1)
	}
	if hash != nil {
		whole.Identity = hex.EncodeToString(hash.Sum(nil))
	}
	in.progress = &wxrRun{run{db: s.DB, format: "wxr", file: whole, started: s.Content.Now()}}
	return in
}

func (in *wxrImport) do(ctx context.Context) error {
	snapshot, err := in.Directory.Current(ctx)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	in.language = snapshot.Site.Language
	if in.opts.Resume {
		if in.progress.file.Identity == "" {
			return errNoIdentity
		}
		at, earlier, err := in.progress.resume(ctx)
		if err != nil {
			return err
		}
		if earlier != nil {
			in.report, in.from = earlier, at.Index
			in.before = earlier.Total()
			earlier.Resumed, earlier.DryRun = in.before, in.opts.DryRun
			in.mute = true
		}
	}
	if err := in.survey(ctx); err != nil {
		return err
	}
	if err := in.save(ctx, in.from, false); err != nil {
		return err
	}
	in.mute = true
	if err := in.items(ctx); err != nil {
		return err
	}
	if err := in.complete(ctx); err != nil {
		return err
	}
	if in.madeRedirects > 0 {
		row := tally(&in.report.Things, "redirect", "")
		row.Read += in.madeRedirects
		row.Created += in.madeRedirects
	}
	return in.save(ctx, in.report.Items, true)
}

// complete does what needs everything else.
func (in *wxrImport) complete(ctx context.Context) error {
	for _, uri := range slices.Sorted(maps.Keys(in.sites)) {
		s := in.sites[uri]
		if err := in.takeSettings(ctx, s); err != nil {
			return err
		}
		if err := in.storeEntries(ctx, s); err != nil {
			return err
		}
		if err := in.placePages(ctx, s); err != nil {
			return err
		}
		if err := in.menus(ctx, s); err != nil {
			return err
		}
		if err := in.rewriteLinks(ctx, s); err != nil {
			return err
		}
	}
	if in.opts.DryRun {
		return nil
	}
	return in.Content.CompleteRelated(ctx, nil)
}

// save notes how far the import has come.
func (in *wxrImport) save(ctx context.Context, next int, finished bool) error {
	if in.opts.DryRun {
		return nil
	}
	return in.progress.save(ctx, checkpoint{Index: next}, in.report, in.Content.Now(), finished)
}

func (in *wxrImport) tell() {
	if in.opts.Progress == nil {
		return
	}
	elapsed, items := time.Since(in.start), in.report.Total()
	in.opts.Progress(Progress{Items: items, Bytes: in.bytes / 2, Size: in.progress.file.Size, Elapsed: elapsed,
		Rate: float64(items-in.before) / max(elapsed.Seconds(), 1e-9)})
}

// read reads all files from their beginnings. Indexes of items go on from file
// to file. Neither what was refused nor where a file ended early stops it.
func (in *wxrImport) read(ctx context.Context, each func(s *oldSite, rec wxr.Record) error, refused func(bad *wxr.ItemError) error) error {
	base := 0
	for i := range in.files {
		n, err := in.readFile(ctx, i, base, each, refused)
		base += n
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *wxrImport) readFile(ctx context.Context, i, base int, each func(s *oldSite, rec wxr.Record) error, refused func(bad *wxr.ItemError) error) (items int, err error) {
	file, err := in.files[i].Open()
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", in.files[i].Name, err)
	}
	defer func() { _ = file.Close() }()
	input := &counter{Reader: file}
	defer func() { in.bytes += input.bytes }()
	r := wxr.NewReader(input, in.opts.Limits)
	var s *oldSite
	for {
		if err := ctx.Err(); err != nil {
			return r.Index(), err
		}
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Index(), nil
		}
		if bad, ok := errors.AsType[*wxr.ItemError](err); ok {
			bad.Index += base
			if err := refused(bad); err != nil {
				return r.Index(), err
			}
			continue
		}
		if end, ok := errors.AsType[*wxr.StreamError](err); ok {
			end.Index += base
			return r.Index(), in.ended(in.files[i].Name, end)
		}
		if err != nil {
			return r.Index(), fmt.Errorf("read %s: %w", in.files[i].Name, err)
		}
		switch {
		case rec.Site != nil:
			if s, err = in.enter(rec.Site, base+r.Index()); err != nil {
				return r.Index(), err
			}
			continue
		case s == nil: // cannot be: a site comes first
			continue
		case rec.Item != nil:
			rec.Item.Index += base
		}
		if err := each(s, rec); err != nil {
			return r.Index(), err
		}
	}
}

// ended notes that a file ended early.
func (in *wxrImport) ended(name string, end *wxr.StreamError) error {
	if in.mute {
		return nil
	}
	l := Line{Outcome: Rejected, Code: string(end.Code), Message: shorten(name+": "+end.Err.Error(), 300), Index: end.Index, Line: end.Line, Offset: end.Offset}
	if in.report.Fatal == nil {
		in.report.Fatal = &l
	} else {
		in.report.list(l)
	}
	if in.opts.Strict {
		return fmt.Errorf("%w: %s", ErrStrict, l)
	}
	return nil
}
