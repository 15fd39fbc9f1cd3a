package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
)

// Ninjs imports news items in IPTC's ninjs; see package ninjs for what it
// reads. The report is never nil and tells what was stored, also beside an
// error. An error says that the import had to stop: the context ended, or the
// database failed. What is wrong with the input, even a file that breaks off,
// is told by the report alone.
func Ninjs(ctx context.Context, s Services, r io.Reader, opts Options) (*Report, error) {
	start := time.Now()
	report := &Report{Format: "ninjs", File: opts.File.Name, DryRun: opts.DryRun, Notes: map[string]int{}}
	log := &run{db: s.DB, format: report.Format, file: opts.File, started: s.Content.Now()}
	ctx = access.AsSystem(ctx)
	var from checkpoint
	if opts.Resume {
		if opts.File.Identity == "" {
			return report, errNoIdentity
		}
		at, earlier, err := log.resume(ctx)
		if err != nil {
			return report, err
		}
		if earlier != nil {
			from, report = at, earlier
			report.Resumed, report.DryRun, report.Fatal = earlier.Total(), opts.DryRun, nil
		}
	}
	snapshot, err := s.Directory.Current(ctx)
	if err != nil {
		return report, fmt.Errorf("read the settings: %w", err)
	}
	input := &counter{Reader: r}
	w := newWriter(s, opts, log, report)
	in := &ninjsImport{
		writer: w, input: input, start: start, language: snapshot.Site.Language, before: report.Resumed,
		reader: ninjs.NewReader(input, ninjs.Options{
			MaxItemBytes: opts.MaxItemBytes, Location: opts.Location, StartOffset: from.Offset, StartIndex: from.Index,
		}),
	}
	if _, err := language.Parse(in.language); err != nil {
		in.language = "en"
	}
	err = in.run(ctx)
	w.report.Bytes = input.bytes
	w.report.finish(time.Since(start))
	return w.report, err
}

// ninjsImport is one import.
type ninjsImport struct {
	*writer
	reader   *ninjs.Reader
	input    *counter
	start    time.Time
	language string // of items that name none
	before   int    // items that an earlier run had done
}

func (in *ninjsImport) run(ctx context.Context) error {
	var fatal *Line
	var streamErr *ninjs.StreamError
	for stored := in.report; fatal == nil; {
		if err := ctx.Err(); err != nil {
			return err
		}
		source, err := in.reader.Next()
		end := checkpoint{Offset: in.reader.Offset(), Index: in.reader.Index()}
		var it *item
		bad, isItem := errors.AsType[*ninjs.ItemError](err)
		switch {
		case err == nil:
			it = in.story(&source)
		case errors.Is(err, io.EOF):
			return in.finish(ctx, end)
		case isItem:
			it = &item{at: position{bad.Index, bad.Line, bad.Offset}}
			it.reject(string(bad.Code), "%v", bad.Err)
		case errors.As(err, &streamErr):
			fatal = &Line{Outcome: Rejected, Code: string(streamErr.Code), Message: shorten(streamErr.Err.Error(), 300),
				Index: streamErr.Index, Line: streamErr.Line, Offset: streamErr.Offset}
			continue
		default:
			return err
		}
		it.end = end
		if err := in.put(ctx, it); err != nil {
			return err
		}
		if in.report != stored {
			stored = in.report
			in.tell()
		}
	}
	if err := in.flush(ctx); err != nil {
		return err
	}
	in.report = in.report.with()
	in.report.Fatal = fatal
	return in.complete(ctx)
}

// complete finds what is related to the imported articles, which is faster for
// all of them together than batch by batch.
func (in *ninjsImport) complete(ctx context.Context) error {
	if in.opts.DryRun {
		return nil
	}
	return in.Content.CompleteRelated(ctx, nil)
}

// finish stores what is left and notes that the file is done.
func (in *ninjsImport) finish(ctx context.Context, end checkpoint) error {
	if err := in.flush(ctx); err != nil {
		return err
	}
	in.tell()
	if in.opts.DryRun {
		return nil
	}
	if err := in.complete(ctx); err != nil {
		return err
	}
	return in.writer.run.save(ctx, end, in.report, in.Content.Now(), true)
}

func (in *ninjsImport) tell() {
	if in.opts.Progress == nil {
		return
	}
	elapsed, items := time.Since(in.start), in.report.Total()
	in.opts.Progress(Progress{
		Items: items, Bytes: in.input.bytes, Size: in.opts.File.Size, Elapsed: elapsed,
		Rate: float64(items-in.before) / max(elapsed.Seconds(), 1e-9),
	})
}
