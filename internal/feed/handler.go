package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// document is an output as it is sent.
type document struct {
	mediaType string
	body      []byte
	etag      string
	modified  time.Time // nothing has changed since; zero: not known to the second
	made      time.Time
	articles  int64 // the counts of kept when it was made
	comments  int64
}

// Bounds of what is kept in memory, and for how long where nothing changes: the
// news of two days grow old by themselves.
const (
	keepOutputs = 500
	keepBytes   = 512 << 10
	keepFor     = time.Minute
)

// kept are outputs that were made, until an event says that they may be out of
// date.
type kept struct {
	articles, comments atomic.Int64 // count what happened to them
	outputs            *lru.Cache[string, *document]
	making             singleflight.Group
}

func newKept() *kept {
	cache, _ := lru.New[string, *document](keepOutputs) // fails for sizes below 1
	return &kept{outputs: cache}
}

// Name implements event.Consumer.
func (k *kept) Name() string { return "feed" }

// Consume implements event.Consumer.
func (k *kept) Consume(_ context.Context, events []event.Event) error {
	for _, e := range events {
		switch e.Entity {
		case id.Comment:
			k.comments.Add(1)
		case id.Article, id.LiveEntry, id.Category, id.Tag, id.Place, id.Series, id.Author, id.Media, id.Page, id.Redirect, event.Site, "":
			k.articles.Add(1)
		}
	}
	return nil
}

// get gives a kept output that is still right.
func (k *kept) get(path string, now time.Time) *document {
	d, ok := k.outputs.Get(path)
	if !ok || d.articles != k.articles.Load() || d.comments >= 0 && d.comments != k.comments.Load() || now.Sub(d.made) > keepFor {
		return nil
	}
	return d
}

// output makes one output; nil when there is none.
type output struct {
	mediaType string
	make      func(ctx context.Context) ([]byte, error)
	comments  bool // made of comments
}

const (
	xmlType  = "application/xml; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

// outputs are those of one address each. Feeds are found by parse.
func (s *Service) outputs() map[string]output {
	return map[string]output{
		robotsPath:  {textType, s.robots, false},
		adsPath:     {textType, s.ads, false},
		humansPath:  {textType, s.humans, false},
		sitemapPath: {xmlType, s.index, false},
		newsPath:    {xmlType, s.news, false},
		pagesPath:   {xmlType, s.pages, false},
	}
}

// find tells which output stands at a clean path.
func (s *Service) find(clean string, k *partner.Key) (output, bool) {
	if o, ok := s.outputs()[clean]; ok {
		return o, true
	}
	if strings.HasPrefix(clean, shardsPrefix) {
		return output{xmlType, func(ctx context.Context) ([]byte, error) { return s.shard(ctx, clean) }, false}, true
	}
	a, ok := parse(clean)
	if !ok {
		return output{}, false
	}
	return output{formats[a.Format].MediaType, func(ctx context.Context) ([]byte, error) {
		l, err := s.read(ctx, a, k)
		if err != nil || l == nil {
			return nil, err
		}
		return formats[a.Format].write(l)
	}, a.Comments}, true
}

// Serves reports whether a clean path is that of an output, under its own name or
// under one that another system gave to it.
func (s *Service) Serves(clean string) bool {
	if _, ok := moved[clean]; ok {
		return true
	}
	_, ok := s.find(clean, nil)
	return ok
}

// Handler answers GET and HEAD for every output, and leads old addresses on.
// Whatever else is asked for is not found.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "This can only be read.", http.StatusMethodNotAllowed)
			return
		}
		ctx := anonymous(r)
		clean, ok := permalink.Clean(r.URL.EscapedPath())
		if ok && !(clean == "/" && r.URL.RawQuery != "") {
			d, err := s.document(ctx, clean, partner.Of(r.Context()))
			if err != nil {
				s.fail(ctx, w, clean, err)
				return
			}
			if d != nil {
				canonical := clean
				a, feed := parse(clean)
				if feed {
					canonical = a.Path()
				}
				if r.URL.EscapedPath() != canonical && permalink.Escaped(r.URL.Path) != canonical { // one address for one output
					http.Redirect(w, r, canonical, http.StatusMovedPermanently) //nolint:gosec // G710: a clean path of this site
					return
				}
				if feed && a.Format != Ninjs {
					if err := s.advertise(ctx, w, a); err != nil {
						s.fail(ctx, w, clean, err)
						return
					}
				}
				send(w, r, d)
				return
			}
		}
		s.serveOld(ctx, w, r)
	})
}

// document gives an output, a kept one where it is still right; nil when there
// is none at the path.
func (s *Service) document(ctx context.Context, clean string, k *partner.Key) (*document, error) {
	o, ok := s.find(clean, k)
	if !ok {
		return nil, nil
	}
	if k != nil { // what a key may have is for it alone
		return s.build(ctx, o)
	}
	if d := s.kept.get(clean, s.Now()); d != nil {
		return d, nil
	}
	// Who asks meanwhile waits for the same; one that goes away must not end it for
	// the others.
	made, err, _ := s.kept.making.Do(clean, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buildWithin)
		defer cancel()
		d, err := s.build(ctx, o)
		if err == nil && d != nil && len(d.body) <= keepBytes {
			s.kept.outputs.Add(clean, d)
		}
		return d, err
	})
	if err != nil {
		return nil, err
	}
	d, _ := made.(*document)
	return d, nil
}

// buildWithin bounds the making of one output.
const buildWithin = 20 * time.Second

func (s *Service) build(ctx context.Context, o output) (*document, error) {
	// The counts are taken before reading: what changes meanwhile makes the output
	// old.
	d := &document{mediaType: o.mediaType, made: s.Now(), articles: s.kept.articles.Load(), comments: -1}
	if o.comments {
		d.comments = s.kept.comments.Load()
	}
	var err error
	if d.modified, err = s.changed(ctx); err != nil {
		return nil, err
	}
	if d.body, err = o.make(ctx); err != nil || d.body == nil {
		return nil, err
	}
	sum := sha256.Sum256(d.body)
	d.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
	return d, nil
}

// send answers with an output, or 304 to whoever has it.
func send(w http.ResponseWriter, r *http.Request, d *document) {
	h := w.Header()
	h.Set("ETag", d.etag)
	h.Set("Vary", "Authorization")
	h.Set("Cache-Control", "public, max-age=60")
	if partner.Of(r.Context()) != nil {
		h.Set("Cache-Control", "private, no-cache")
	}
	if !d.modified.IsZero() {
		h.Set("Last-Modified", d.modified.Format(http.TimeFormat))
	}
	if unchanged(r, d) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", d.mediaType)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(d.body) //nolint:gosec // G705: escaped by the encoders, under its own media type; the client may be gone
}

// unchanged evaluates the conditions of a request, RFC 9110, section 13: tags
// come before moments.
func unchanged(r *http.Request, d *document) bool {
	if tags := r.Header.Values("If-None-Match"); len(tags) > 0 {
		return httpheader.HasETag(tags, d.etag)
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !d.modified.IsZero() && !d.modified.After(since)
}

// serveOld leads an address that is none of ours on, or says that there is
// nothing.
func (s *Service) serveOld(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	to, err := s.Old(ctx, r.URL.RequestURI())
	if err == nil && to == nil && r.URL.RawQuery == "" {
		to, err = s.led(ctx, r.URL.EscapedPath())
	}
	if err != nil {
		s.fail(ctx, w, r.URL.Path, err)
		return
	}
	if to == nil {
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	if to.Location == "" {
		http.Error(w, "What was here is gone for good.", to.Status)
		return
	}
	http.Redirect(w, r, to.Location, to.Status) //nolint:gosec // G710: a path of this site, or where an editor's redirect leads
}

// led follows the redirects that editors and imports made.
func (s *Service) led(ctx context.Context, raw string) (*Moved, error) {
	clean, ok := permalink.Clean(raw)
	if !ok {
		return nil, nil
	}
	found, err := s.site.Redirect(ctx, clean)
	if err != nil || found == nil {
		return nil, err
	}
	if found.StatusCode == http.StatusGone {
		return &Moved{Status: http.StatusGone}, nil
	}
	to, err := s.location(ctx, found)
	if err != nil || to == "" {
		return nil, err
	}
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return nil, err
	}
	return &Moved{permalink.Absolute(s.base(dir), to), found.StatusCode}, nil
}

func (s *Service) fail(ctx context.Context, w http.ResponseWriter, path string, err error) {
	slog.WarnContext(ctx, "an output cannot be made", "path", path, "error", err)
	w.Header().Set("Retry-After", "5")
	http.Error(w, "This cannot be answered at the moment: try again.", http.StatusServiceUnavailable)
}
