package wprest

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// common are the parameters of all collections.
var common = []string{"page", "per_page", "offset", "context", "_fields", "_embed"}

// query is one request, with its parameters and what answers are written from.
type query struct {
	values url.Values
	path   string // without a query
	c      collection
	id     int // of a thing; 0: the list of them
	dir    *directory.Snapshot
	base   string // address of the site
	api    string // address before /wp-json
	zone   *time.Location

	page, perPage, offset int
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
	if err := s.locate(q); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(given)) { // categories[]=1 and categories[0]=1 are lists too
		plain, _, _ := strings.Cut(name, "[")
		if slices.Contains(common, plain) || slices.Contains(q.c.params, plain) {
			q.values[plain] = append(q.values[plain], given[name]...)
		}
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

// named reads include, exclude, slug and search, and gives what of a list in memory
// they let pass.
func (q *query) named() (func(id int, slug, name string) bool, error) {
	include, err := q.ids("include")
	if err != nil {
		return nil, err
	}
	exclude, err := q.ids("exclude")
	if err != nil {
		return nil, err
	}
	slugs, err := q.texts("slug")
	if err != nil {
		return nil, err
	}
	words := strings.ToLower(q.values.Get("search"))
	return func(id int, slug, name string) bool {
		return (len(include) == 0 || slices.Contains(include, id)) && !slices.Contains(exclude, id) && (len(slugs) == 0 || slices.Contains(slugs, slug)) &&
			(words == "" || strings.Contains(strings.ToLower(name), words))
	}, nil
}

// cut gives the page of a list that is in memory.
func cut[T any](all []T, q *query) []T {
	from := min(q.offset, len(all))
	return all[from:min(from+q.perPage, len(all))]
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
