package feed

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/budget"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/kept"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// keepOutputs is how many outputs are kept in memory.
const keepOutputs = 500

// output makes one output; nil when there is none.
type output struct {
	mediaType string
	make      func(ctx context.Context) ([]byte, error)
	of        kept.Of // what it is made from
}

const (
	xmlType  = "application/xml; charset=utf-8"
	textType = "text/plain; charset=utf-8"
)

// outputs are those of one address each. Feeds are found by parse.
func (s *Service) outputs() map[string]output {
	return map[string]output{
		robotsPath:  {textType, s.robots, kept.Articles},
		adsPath:     {textType, s.ads, kept.Articles},
		humansPath:  {textType, s.humans, kept.Articles},
		sitemapPath: {xmlType, s.index, kept.Articles},
		newsPath:    {xmlType, s.news, kept.Articles},
		pagesPath:   {xmlType, s.pages, kept.Articles},
	}
}

// Paths are the addresses of the outputs of the whole site.
func (s *Service) Paths() iter.Seq[string] {
	return func(yield func(string) bool) {
		for path := range s.outputs() {
			if !yield(path) {
				return
			}
		}
		for f := range formats {
			if !yield(Address{Of: permalink.Front, Format: f}.Path()) {
				return
			}
		}
	}
}

// find tells which output stands at a clean path.
func (s *Service) find(clean string, k *partner.Key) (output, bool) {
	if o, ok := s.outputs()[clean]; ok {
		return o, true
	}
	if strings.HasPrefix(clean, shardsPrefix) {
		return output{xmlType, func(ctx context.Context) ([]byte, error) { return s.shard(ctx, clean) }, kept.Articles}, true
	}
	a, ok := parse(clean)
	if !ok {
		return output{}, false
	}
	of := kept.Articles
	if a.Comments {
		of = kept.Discussion
	}
	return output{formats[a.Format].MediaType, func(ctx context.Context) ([]byte, error) {
		l, err := s.read(ctx, a, k)
		if err != nil || l == nil {
			return nil, err
		}
		return formats[a.Format].write(l)
	}, of}, true
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
		if !s.charge(w, r, requestPoints) {
			return
		}
		if strings.Contains(r.URL.RawQuery, partner.Prefix) {
			http.Error(w, "A key has no place in an address, which is logged on its way: send it as Authorization: Bearer, and rotate this one.", http.StatusBadRequest)
			return
		}
		ctx := anonymous(r)
		clean, ok := permalink.Clean(r.URL.EscapedPath())
		if ok && !(clean == "/" && r.URL.RawQuery != "") {
			d, err := s.document(ctx, clean, partner.Of(r.Context()), func() bool { return s.charge(w, r, makePoints) })
			if errors.Is(err, errTooMuch) {
				return
			}
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
		if s.charge(w, r, lookPoints) {
			s.serveOld(ctx, w, r)
		}
	})
}

// charge takes points from the budget of whoever sends a request, or refuses it.
func (s *Service) charge(w http.ResponseWriter, r *http.Request, points int) bool {
	return partner.Of(r.Context()) != nil || budget.Admit(s.Budget, w, r, points)
}

// errTooMuch says that a request was refused.
var errTooMuch = errors.New("too much was asked for")

// document gives an output, a kept one where it is still right; nil when there
// is none at the path. One that has to be made is paid for first.
func (s *Service) document(ctx context.Context, clean string, k *partner.Key, pay func() bool) (*kept.Answer, error) {
	o, ok := s.find(clean, k)
	if !ok {
		return nil, nil
	}
	if k != nil { // what a key may have is for it alone
		return s.build(ctx, o)
	}
	if d := s.kept.Get(clean, s.Now()); d != nil {
		return d, nil
	}
	if !pay() {
		return nil, errTooMuch
	}
	return s.kept.Make(ctx, clean, o.of, s.Now(), func(ctx context.Context) (*kept.Answer, error) { return s.build(ctx, o) })
}

// buildWithin bounds the making of one output.
const buildWithin = 20 * time.Second

func (s *Service) build(ctx context.Context, o output) (*kept.Answer, error) {
	modified, err := s.changed(ctx) // before reading: what changes meanwhile is newer
	if err != nil {
		return nil, err
	}
	body, err := o.make(ctx)
	if err != nil || body == nil {
		return nil, err
	}
	d := kept.NewAnswer(http.Header{"Content-Type": {o.mediaType}}, body)
	d.Modified = modified
	return d, nil
}

// send answers with an output, or 304 to whoever has it.
func send(w http.ResponseWriter, r *http.Request, d *kept.Answer) {
	h := w.Header()
	h.Set("ETag", d.ETag)
	h.Add("Vary", "Authorization")
	h.Set("Cache-Control", "public, max-age=60")
	if partner.Of(r.Context()) != nil {
		h.Set("Cache-Control", "private, no-cache")
	}
	if !d.Modified.IsZero() {
		h.Set("Last-Modified", d.Modified.Format(http.TimeFormat))
	}
	if unchanged(r, d) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	maps.Copy(h, d.Header)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(d.Body) //nolint:gosec // G705: escaped by the encoders, under its own media type; the client may be gone
}

// unchanged evaluates the conditions of a request, RFC 9110, section 13: tags
// come before moments.
func unchanged(r *http.Request, d *kept.Answer) bool {
	if tags := r.Header.Values("If-None-Match"); len(tags) > 0 {
		return httpheader.HasETag(tags, d.ETag)
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !d.Modified.IsZero() && !d.Modified.After(since)
}

// serveOld leads an address that is none of ours on, or says that there is
// nothing.
func (s *Service) serveOld(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	var to *Moved
	var err error
	if r.URL.RawQuery == "" { // what an editor or an import says of an address goes before what its form says
		to, err = s.led(ctx, r.URL.EscapedPath())
	}
	if err == nil && to == nil {
		to, err = s.Old(ctx, r.URL.RequestURI())
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
