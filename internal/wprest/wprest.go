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
	"cmp"
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
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
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
	kept      *kept
}

// New gives the service, which follows the log to know when an answer that it keeps is
// out of date.
func New(log *event.Log, dir *directory.Directory, articles *content.Service, terms *taxonomy.Service, pages *site.Service, comments *comment.Service, find *search.Service) *Service {
	s := &Service{dir: dir, articles: articles, terms: terms, pages: pages, comments: comments, search: find, kept: newKept()}
	log.EveryNode(s.kept)
	s.routes = map[string]collection{
		"posts":      {s.listPosts, s.onePost, problem{http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.", nil}, true},
		"pages":      {s.listPages, s.onePage, problem{http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.", nil}, true},
		"media":      {s.listMedia, s.oneMedia, problem{http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.", nil}, true},
		"categories": {s.listCategories, s.oneCategory, problem{http.StatusNotFound, "rest_term_invalid", "Term does not exist.", nil}, false},
		"tags":       {s.listTags, s.oneTag, problem{http.StatusNotFound, "rest_term_invalid", "Term does not exist.", nil}, false},
		"users":      {s.listUsers, s.oneUser, problem{http.StatusNotFound, "rest_user_invalid_id", "Invalid user ID.", nil}, false},
		"comments":   {s.listComments, s.oneComment, problem{http.StatusNotFound, "rest_comment_invalid_id", "Invalid comment ID.", nil}, false},
		"search":     {s.listFound, nil, problem{}, false},
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

// query is one request, with its parameters and what answers are written from.
type query struct {
	values url.Values
	path   string // without a query
	dir    *directory.Snapshot
	base   string // address of the site
	api    string // address before /wp-json
	zone   *time.Location

	page, perPage, offset int
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
		a, err := s.keptAnswer(ctx, r)
		if err != nil {
			refuse(ctx, w, r, err)
			return
		}
		maps.Copy(h, a.header)
		h.Set("Cache-Control", "public, max-age=60")
		h.Set("ETag", a.etag)
		if httpheader.HasETag(r.Header.Values("If-None-Match"), a.etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if r.Method != http.MethodHead {
			_, _ = w.Write(a.body) // the client may be gone
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

// answer gives what a request is answered with.
func (s *Service) answer(ctx context.Context, h http.Header, r *http.Request) (any, error) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/"), root)
	if !ok {
		return nil, noRoute
	}
	q, err := s.query(ctx, r)
	if err != nil {
		return nil, err
	}
	switch rest {
	case "":
		return s.index(q), nil
	case "/" + namespace:
		return object{"namespace": namespace, "routes": s.index(q)["routes"]}, nil
	}
	name, id, single := strings.Cut(strings.TrimPrefix(rest, "/"+namespace+"/"), "/")
	c, known := s.routes[name]
	if !strings.HasPrefix(rest, "/"+namespace+"/") || !known || single && c.one == nil {
		return nil, noRoute
	}
	if q.values.Get("context") == "edit" {
		return nil, forbidden
	}
	if single {
		n, err := strconv.Atoi(id)
		if err != nil || n < 1 || strconv.Itoa(n) != id {
			return nil, noRoute // WordPress' routes have numbers alone
		}
		found, err := c.one(ctx, q, n)
		if err == nil && found == nil {
			err = c.absent
		}
		if err != nil {
			return nil, err
		}
		return q.fields(found), nil
	}
	return s.list(ctx, h, q, c)
}

func (s *Service) list(ctx context.Context, h http.Header, q *query, c collection) (any, error) {
	items, total, err := c.list(ctx, q)
	if err != nil {
		return nil, err
	}
	if c.strict && q.page > 1 && len(items) == 0 {
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

// query reads the parameters of a request.
func (s *Service) query(ctx context.Context, r *http.Request) (*query, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, problem{http.StatusBadRequest, "rest_invalid_param", "The query is too long.", nil}
	}
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem{http.StatusBadRequest, "rest_invalid_param", "The query cannot be read.", nil}
	}
	q := &query{values: url.Values{}, path: strings.TrimSuffix(r.URL.Path, "/")}
	for name, values := range given { // categories[]=1 and categories[0]=1 are lists too
		name, _, _ = strings.Cut(name, "[")
		q.values[name] = append(q.values[name], values...)
	}
	if q.dir, err = s.dir.Current(ctx); err != nil {
		return nil, err
	}
	own, server := strings.TrimSuffix(q.dir.Site.URL, "/"), strings.TrimSuffix(s.ServerURL, "/")
	q.base, q.api = cmp.Or(own, server), cmp.Or(server, own)
	if q.zone, err = time.LoadLocation(q.dir.Site.TimeZone); err != nil {
		q.zone = time.UTC
	}
	if q.page, err = q.number("page", 1, 1, 1_000_000); err != nil {
		return nil, err
	}
	if q.perPage, err = q.number("per_page", 10, 1, maxPerPage); err != nil {
		return nil, err
	}
	q.offset, err = q.number("offset", (q.page-1)*q.perPage, 0, 100_000_000)
	return q, err
}

// number reads a parameter.
func (q *query) number(name string, without, least, most int) (int, error) {
	text := q.values.Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid(name, "%s must be between %d (inclusive) and %d (inclusive)", name, least, most)
	}
	return n, nil
}

// texts reads a list, whose values are separated by commas or repeated.
func (q *query) texts(name string) ([]string, error) {
	var all []string
	for _, value := range q.values[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	if len(all) > maxValues {
		return nil, invalid(name, "%s must contain at most %d items.", name, maxValues)
	}
	return all, nil
}

// ids reads a list of ids.
func (q *query) ids(name string) ([]int, error) {
	texts, err := q.texts(name)
	if err != nil {
		return nil, err
	}
	var all []int
	for i, text := range texts {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, invalid(name, "%s[%d] is not of type integer.", name, i)
		}
		all = append(all, n)
	}
	return all, nil
}

// moment reads a moment; one without an offset is in the site's time zone.
func (q *query) moment(name string) (time.Time, error) {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, q.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid(name, "Invalid date.")
}

// choice reads one of some words, the first without one.
func (q *query) choice(name string, words ...string) (string, error) {
	text := q.values.Get(name)
	if text == "" {
		return words[0], nil
	}
	for _, word := range words {
		if word == text {
			return word, nil
		}
	}
	return "", invalid(name, "%s is not one of %s.", name, strings.Join(words, ", "))
}

func (q *query) flag(name string) bool {
	text := strings.ToLower(q.values.Get(name))
	return q.values.Has(name) && text != "false" && text != "0"
}

// embed reports whether linked things of a relation are to be put in.
func (q *query) embed(relation string) bool {
	if !q.flag("_embed") {
		return false
	}
	wanted, err := q.texts("_embed")
	if err != nil || len(wanted) == 0 {
		return err == nil
	}
	for _, w := range wanted {
		if w == relation || w == "true" || w == "1" {
			return true
		}
	}
	return false
}

// fields leaves of an object what _fields names, at any depth.
func (q *query) fields(of object) object {
	wanted, err := q.texts("_fields")
	if err != nil || len(wanted) == 0 {
		return of
	}
	out := object{}
	for _, path := range wanted {
		pick(out, of, strings.Split(path, "."))
	}
	return out
}

func pick(out, of object, path []string) {
	value, ok := of[path[0]]
	if !ok {
		return
	}
	inner, deeper := value.(object)
	if len(path) == 1 || !deeper {
		out[path[0]] = value
		return
	}
	kept, ok := out[path[0]].(object)
	if !ok {
		kept = object{}
		out[path[0]] = kept
	}
	pick(kept, inner, path[1:])
}

// dates are the fields of a moment, in the site's time zone and in UTC.
func (q *query) dates(out object, name string, at *time.Time) {
	out[name], out[name+"_gmt"] = nil, nil
	if at != nil {
		out[name], out[name+"_gmt"] = at.In(q.zone).Format("2006-01-02T15:04:05"), at.UTC().Format("2006-01-02T15:04:05")
	}
}

// link is the address of a page of the site.
func (q *query) link(kind permalink.Kind, slug string) string {
	return permalink.Absolute(q.base, permalink.Escaped(permalink.Path(kind, slug)))
}

// links are the _links that everything has.
func (q *query) links(name string, id int) object {
	list := q.api + root + "/" + namespace + "/" + name
	return object{"self": []object{{"href": list + "/" + strconv.Itoa(id)}}, "collection": []object{{"href": list}}}
}

// href is the address of something in this interface.
func (q *query) href(rest string) string { return q.api + root + "/" + namespace + "/" + rest }
