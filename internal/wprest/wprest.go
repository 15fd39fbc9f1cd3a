// Package wprest answers the part of WordPress' REST interface that reads what is
// public (/wp-json/wp/v2/), so that apps and aggregators made for a WordPress site go
// on working. It reads as an anonymous visitor, whoever asks, through the services
// that the API reads through.
//
// Ids are the keys of rows: WordPress' clients expect numbers. Lists look at a bounded
// part of what there is, so that totals and deep pages have a bounded cost (decision
// 67).
package wprest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/kept"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// Service answers the interface.
type Service struct {
	dir      *directory.Directory
	articles *content.Service
	terms    *taxonomy.Service
	pages    *site.Service
	comments *comment.Service
	search   *search.Service
	// ServerURL is where the interface is, and stands in for the address of the site
	// where none is set. Empty: the address of the site.
	ServerURL string
	routes    map[string]collection
	kept      *kept.Answers
	// Budget bounds how much one address may ask for over time; nil: any number.
	Budget budget.Charger
}

// What requests cost, in the points that operations of the API cost too: each, and
// beside that those whose answer is not in memory, with all that a page may have.
const (
	requestPoints = 20
	makePoints    = 1000
	thingPoints   = 50
)

// Bounds of what is kept in memory, and of the time to make it.
const (
	keepAnswers = 100
	buildWithin = 10 * time.Second
)

// New gives the service, which follows the log to know when an answer that it keeps is
// out of date.
func New(log *event.Log, dir *directory.Directory, articles *content.Service, terms *taxonomy.Service, pages *site.Service, comments *comment.Service, find *search.Service) *Service {
	s := &Service{dir: dir, articles: articles, terms: terms, pages: pages, comments: comments, search: find, kept: kept.New("wordpress", keepAnswers, buildWithin)}
	log.EveryNode(s.kept)
	s.routes = map[string]collection{
		"posts":      {s.listPosts, s.onePost, problem{http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.", nil}, true, kept.Articles, []string{"include", "exclude", "slug", "search", "order", "orderby", "after", "before", "modified_after", "modified_before", "categories", "categories_exclude", "tags", "tags_exclude", "author", "author_exclude", "status"}},
		"pages":      {s.listPages, s.onePage, problem{http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.", nil}, true, kept.Articles, []string{"include", "exclude", "slug", "search", "parent"}},
		"media":      {s.listMedia, s.oneMedia, problem{http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.", nil}, true, kept.Articles, []string{"include", "media_type", "search", "slug", "parent", "author"}},
		"categories": {s.listCategories, s.oneCategory, problem{http.StatusNotFound, "rest_term_invalid", "Term does not exist.", nil}, false, kept.Articles, []string{"include", "exclude", "slug", "search", "order", "orderby", "parent", "hide_empty", "post"}},
		"tags":       {s.listTags, s.oneTag, problem{http.StatusNotFound, "rest_term_invalid", "Term does not exist.", nil}, false, kept.Articles, []string{"include", "exclude", "slug", "search", "order", "orderby", "post"}},
		"users":      {s.listUsers, s.oneUser, problem{http.StatusNotFound, "rest_user_invalid_id", "Invalid user ID.", nil}, false, kept.Articles, []string{"include", "exclude", "slug", "search", "order", "orderby"}},
		"comments":   {s.listComments, s.oneComment, problem{http.StatusNotFound, "rest_comment_invalid_id", "Invalid comment ID.", nil}, false, kept.Discussion, []string{"include", "order", "after", "before", "parent", "post", "search", "exclude", "author", "author_email", "orderby"}},
		"search":     {s.listFound, nil, problem{}, false, kept.Articles, []string{"include", "slug", "search", "type", "subtype"}},
	}
	return s
}

// object is a thing as it is answered.
type object = map[string]any

// collection is what stands at one path.
type collection struct {
	// list gives a page, and how many there are on all pages.
	list func(ctx context.Context, q *query) ([]object, int, error)
	// one gives a thing by its id, nil when there is none; nil for what has no things
	// of its own.
	one    func(ctx context.Context, q *query, id int) (object, error)
	absent problem
	// strict says that a page beyond the last is an error.
	strict bool
	// of is what its answers are made from.
	of kept.Of
	// params are the parameters that it reads, or refuses, beside those of all. Others
	// do not reach it: they would make another answer of the same to keep.
	params []string
}

// problem is an error in WordPress' form.
type problem struct {
	Status        int
	Code, Message string
	Params        map[string]string // what is wrong with which
}

// Error implements error.
func (p problem) Error() string { return p.Code + ": " + p.Message }

// invalid says that a parameter has a wrong value.
func invalid(param, format string, args ...any) error {
	return problem{http.StatusBadRequest, "rest_invalid_param", "Invalid parameter(s): " + param, map[string]string{param: fmt.Sprintf(format, args...)}}
}

const (
	root       = "/wp-json"
	namespace  = "wp/v2"
	maxPerPage = 100
	maxValues  = 100 // of a list in a parameter
	maxQuery   = 8 << 10
)

var (
	noRoute   = problem{http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.", nil}
	tooMuch   = problem{http.StatusTooManyRequests, "rest_too_many_requests", "You asked for more than is allowed in a minute: try again later.", nil}
	forbidden = problem{http.StatusUnauthorized, "rest_forbidden_context", "Sorry, you are not allowed to edit posts in this post type.", nil}
	pastEnd   = problem{http.StatusBadRequest, "rest_post_invalid_page_number", "The page number requested is larger than the number of pages available.", nil}
)

// Handler answers requests below /wp-json/.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := access.With(r.Context(), access.Viewer{}) // public data, whoever asks
		h := w.Header()
		h.Set("Content-Type", "application/json; charset=UTF-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Access-Control-Expose-Headers", "X-WP-Total, X-WP-TotalPages, Link")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuse(ctx, w, r, noRoute)
			return
		}
		a, err := s.answer(ctx, h, r)
		if err != nil {
			refuse(ctx, w, r, err)
			return
		}
		maps.Copy(h, a.Header)
		h.Set("Cache-Control", "public, max-age=60")
		h.Set("ETag", a.ETag)
		if httpheader.HasETag(r.Header.Values("If-None-Match"), a.ETag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if r.Method != http.MethodHead {
			_, _ = w.Write(a.Body) // the client may be gone
		}
	})
}

func refuse(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
	p, known := errors.AsType[problem](err)
	if f, ok := errors.AsType[*fault.Error](err); ok && !known {
		switch f.Code {
		case fault.BadUserInput:
			p, known = problem{http.StatusBadRequest, "rest_invalid_param", f.Message, nil}, true
		case fault.TryAgain:
			w.Header().Set("Retry-After", "5")
			p, known = problem{http.StatusServiceUnavailable, "rest_unavailable", f.Message, nil}, true
		}
	}
	if !known {
		slog.WarnContext(ctx, "a WordPress request cannot be answered", "path", r.URL.Path, "error", err)
		p = problem{http.StatusInternalServerError, "internal_server_error", "There is an error in the server.", nil}
	}
	data := object{"status": p.Status}
	if p.Params != nil {
		data["params"] = p.Params
	}
	text, _ := json.Marshal(object{"code": p.Code, "message": p.Message, "data": data}) // strings and numbers
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // the client may be gone
	}
}

// answer gives what a request is answered with: a kept answer that is still right, or
// one that is made now.
func (s *Service) answer(ctx context.Context, h http.Header, r *http.Request) (*kept.Answer, error) {
	if s.Budget != nil && !s.Budget.Charge(ctx, h, requestPoints) {
		return nil, tooMuch
	}
	q, err := s.query(ctx, r)
	if err != nil {
		return nil, err
	}
	key, now := q.path+"?"+q.values.Encode(), time.Now()
	if a := s.kept.Get(key, now); a != nil {
		return a, nil
	}
	if s.Budget != nil && !s.Budget.Charge(ctx, h, makePoints+thingPoints*q.perPage) {
		return nil, tooMuch
	}
	return s.kept.Make(ctx, key, q.c.of, now, func(ctx context.Context) (*kept.Answer, error) {
		header := http.Header{}
		value, err := s.read(ctx, header, q)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write an answer: %w", err)
		}
		return kept.NewAnswer(header, body), nil
	})
}

// locate says what a request asks for.
func (s *Service) locate(q *query) error {
	rest, ok := strings.CutPrefix(q.path, root)
	if !ok {
		return noRoute
	}
	if rest == "" || rest == "/"+namespace {
		return nil
	}
	name, id, single := strings.Cut(strings.TrimPrefix(rest, "/"+namespace+"/"), "/")
	c, known := s.routes[name]
	if !strings.HasPrefix(rest, "/"+namespace+"/") || !known || single && c.one == nil {
		return noRoute
	}
	q.c = c
	if single {
		n, err := strconv.Atoi(id)
		if err != nil || n < 1 || strconv.Itoa(n) != id {
			return noRoute // WordPress' routes have numbers alone
		}
		q.id = n
	}
	return nil
}

// read gives what is answered to a query.
func (s *Service) read(ctx context.Context, h http.Header, q *query) (any, error) {
	switch {
	case q.path == root:
		return s.index(q), nil
	case q.c.list == nil:
		return object{"namespace": namespace, "routes": s.index(q)["routes"]}, nil
	case q.values.Get("context") == "edit":
		return nil, forbidden
	case q.id == 0:
		return s.list(ctx, h, q)
	}
	found, err := q.c.one(ctx, q, q.id)
	if err == nil && found == nil {
		err = q.c.absent
	}
	if err != nil {
		return nil, err
	}
	return q.fields(found), nil
}

func (s *Service) list(ctx context.Context, h http.Header, q *query) (any, error) {
	items, total, err := q.c.list(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.c.strict && q.page > 1 && len(items) == 0 {
		return nil, pastEnd
	}
	pages := (total + q.perPage - 1) / q.perPage
	h.Set("X-WP-Total", strconv.Itoa(total))
	h.Set("X-WP-TotalPages", strconv.Itoa(pages))
	link := func(page int, rel string) {
		values := url.Values{}
		for name, v := range q.values {
			values[name] = v
		}
		values.Set("page", strconv.Itoa(page))
		h.Add("Link", "<"+q.api+q.path+"?"+values.Encode()+`>; rel="`+rel+`"`)
	}
	if q.page > 1 {
		link(min(q.page-1, max(pages, 1)), "prev")
	}
	if q.page < pages {
		link(q.page+1, "next")
	}
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = q.fields(item)
	}
	return out, nil
}

// index says what there is, for clients that look.
func (s *Service) index(q *query) object {
	routes := object{}
	add := func(route string) {
		routes[route] = object{"namespace": namespace, "methods": []string{"GET"}, "endpoints": []object{{"methods": []string{"GET"}, "args": object{}}}}
	}
	for name, c := range s.routes {
		add("/" + namespace + "/" + name)
		if c.one != nil {
			add("/" + namespace + "/" + name + `/(?P<id>[\d]+)`)
		}
	}
	return object{"name": q.dir.Site.Name, "description": q.dir.Site.Tagline, "url": q.base, "home": q.base, "timezone_string": q.zone.String(),
		"namespaces": []string{namespace}, "authentication": object{}, "routes": routes}
}
