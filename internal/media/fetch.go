package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/ent"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/outbound"
)

// FetchOptions say where the originals of files come from that are elsewhere
// so far.
type FetchOptions struct {
	// Uploads is a folder with the files as the old site has them below
	// wp-content/uploads. Where it lacks one, the web is asked, unless Offline.
	Uploads string
	Offline bool
	// Timeout of one file; 0: two minutes.
	Timeout time.Duration
	// Parallel is how many files are fetched at once; 0: 4.
	Parallel int
	// Progress is called now and then, from one goroutine at a time.
	Progress func(FetchReport)

	open func(netip.Addr) bool // for tests: which addresses are allowed
}

// FetchReport tells what came of it.
type FetchReport struct {
	Missing int           `json:"missing"` // files that were elsewhere
	Fetched int           `json:"fetched"`
	Failed  int           `json:"failed"`
	Bytes   int64         `json:"bytes"` // fetched
	Lines   []FetchFailed `json:"failures"`
	Omitted int           `json:"omitted,omitempty"` // failures beyond the bound
	Seconds float64       `json:"seconds"`
}

// FetchFailed is a file that could not be had.
type FetchFailed struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Reason string `json:"reason"`
}

// defaultTimeout is how long fetching one file may take.
const defaultTimeout = 2 * time.Minute

// maxFailures bounds the failures that are listed one by one.
const maxFailures = 1000

// Fetch brings the originals of all files that are elsewhere into the blob
// store. It can be interrupted and called again: what has a checksum is here.
// One file that cannot be had stops no other.
func (s *Service) Fetch(ctx context.Context, opts FetchOptions) (*FetchReport, error) {
	start := time.Now()
	f := &fetcher{Service: s, opts: opts}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	f.client = outbound.NewClient(opts.Timeout, f.opts.open)
	defer f.client.CloseIdleConnections()
	if opts.Uploads != "" {
		root, err := os.OpenRoot(opts.Uploads)
		if err != nil {
			return nil, fmt.Errorf("open the uploads folder: %w", err)
		}
		defer func() { _ = root.Close() }()
		f.root = root
	}
	err := f.all(access.AsSystem(ctx))
	f.report.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	return &f.report, err
}

type fetcher struct {
	*Service
	opts   FetchOptions
	client *http.Client
	root   *os.Root

	mu     sync.Mutex
	report FetchReport
}

// all fetches file by file in the order of their keys, a few at once.
func (f *fetcher) all(ctx context.Context) error {
	parallel := f.opts.Parallel
	if parallel <= 0 {
		parallel = 4
	}
	for last := 0; ; {
		rows, err := f.db.Ent(ctx).Media.Query().Where(entmedia.IDGT(last), entmedia.BlobKey(""), entmedia.Checksum(""), entmedia.SourceURLNEQ("")).
			Order(ent.Asc(entmedia.FieldID)).Limit(200).All(ctx)
		if err != nil {
			return fmt.Errorf("look for files elsewhere: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		last = rows[len(rows)-1].ID
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(parallel)
		for _, m := range rows {
			group.Go(func() error { return f.one(ctx, m) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
}

// one fetches a file. Only the end of the context is an error.
func (f *fetcher) one(ctx context.Context, m *ent.Media) error {
	size, err := f.fetch(ctx, m)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.report.Missing++
	switch {
	case err == nil:
		f.report.Fetched++
		f.report.Bytes += size
	case len(f.report.Lines) >= maxFailures:
		f.report.Failed++
		f.report.Omitted++
	default:
		f.report.Failed++
		f.report.Lines = append(f.report.Lines, FetchFailed{id.Encode(id.Media, m.ID), m.SourceURL, err.Error()})
	}
	if f.opts.Progress != nil {
		f.opts.Progress(f.report)
	}
	return nil
}

func (f *fetcher) fetch(ctx context.Context, m *ent.Media) (int64, error) {
	u, err := url.Parse(m.SourceURL)
	if err != nil {
		return 0, fmt.Errorf("read the address: %w", err)
	}
	body, err := f.openOriginal(ctx, u)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	return f.fill(ctx, m, path.Base(u.Path), body)
}

// openOriginal opens a file in the folder, or on the web.
func (f *fetcher) openOriginal(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	if f.root != nil {
		file, err := f.root.Open(below(u.Path))
		if err == nil {
			return file, nil
		}
		if f.opts.Offline || !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the uploads folder: %w", err)
		}
	} else if f.opts.Offline {
		return nil, errors.New("there is no folder to look in")
	}
	if err := outbound.Check(u.Scheme, u.Host); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the file: %w", err)
	}
	r.Header.Set("User-Agent", "Broadsheet")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask for the file: %w", err)
	}
	switch {
	case answer.StatusCode != http.StatusOK:
		err = fmt.Errorf("the server answered %s", answer.Status)
	case answer.ContentLength > f.MaxBytes:
		err = fmt.Errorf("the file has %d bytes, more than %d", answer.ContentLength, f.MaxBytes)
	}
	if err != nil {
		_ = answer.Body.Close()
		return nil, err
	}
	return answer.Body, nil
}

// below gives the path of a file within the folder of uploads.
func below(p string) string {
	for _, folder := range []string{"/wp-content/uploads/", "/uploads/", "/files/"} {
		if _, rest, ok := strings.Cut(p, folder); ok {
			p = rest
			break
		}
	}
	return strings.TrimPrefix(path.Clean("/"+p), "/")
}

// fill puts the original of a media item that was elsewhere into the blob
// store.
func (s *Service) fill(ctx context.Context, m *ent.Media, name string, body io.Reader) (int64, error) {
	file, err := s.spool(body)
	if err != nil {
		return 0, err
	}
	defer file.discard()
	facts, err := inspect(file, file.size, false)
	if err != nil {
		return 0, err
	}
	if err := s.keep(ctx, file, name, facts, func(ctx context.Context, key string) error {
		n, err := s.db.Ent(ctx).Media.Update().Where(entmedia.ID(m.ID), entmedia.BlobKey("")).SetBlobKey(key).SetContentType(facts.contentType).SetKind(facts.kind).
			SetWidth(facts.width).SetHeight(facts.height).SetDuration(facts.duration.Milliseconds()).SetSize(file.size).SetChecksum(file.checksum).Save(ctx)
		if err != nil || n == 0 { // another was faster
			return err
		}
		return s.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Media, EntityID: m.ID})
	}); err != nil {
		return 0, err
	}
	return file.size, nil
}

// keep puts a file into the blob store, then notes it in a transaction.
func (s *Service) keep(ctx context.Context, file *spooled, name string, facts facts, note func(ctx context.Context, key string) error) error {
	key, err := s.put(ctx, file, name, facts)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error { return note(ctx, key) })
}
