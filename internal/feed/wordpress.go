package feed

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Moved is where an old address leads.
type Moved struct {
	Location string // absolute where the site has an address; empty when the thing is gone for good
	Status   int
}

var (
	// The short address of a post, /?p=123, ends the address by which an import
	// knows it, whatever the host was.
	numberedSQL = store.Read(
		`SELECT 'a', a.slug FROM articles a WHERE strpos(a.source_uri, '/?p=') > 0 AND substr(a.source_uri, strpos(a.source_uri, '/?p=')) = $1 AND visible_article(a)
		UNION ALL SELECT 'p', p.path FROM pages p WHERE strpos(p.source_uri, '/?p=') > 0 AND substr(p.source_uri, strpos(p.source_uri, '/?p=')) = $1 AND visible_page(p) LIMIT 1`,
		`SELECT 'a', a.slug FROM articles a WHERE instr(a.source_uri, '/?p=') > 0 AND substr(a.source_uri, instr(a.source_uri, '/?p=')) = $1 AND visible_article(a)
		UNION ALL SELECT 'p', p.path FROM pages p WHERE instr(p.source_uri, '/?p=') > 0 AND substr(p.source_uri, instr(p.source_uri, '/?p=')) = $1 AND visible_page(p) LIMIT 1`)
	uploadedSQL = store.Read(
		`SELECT m.blob_key, m.source_url FROM media m WHERE strpos(m.source_url, '/wp-content/uploads/') > 0
			AND substr(m.source_url, strpos(m.source_url, '/wp-content/uploads/')) IN ($1, $2) AND visible_media(m) ORDER BY m.id LIMIT 1`,
		`SELECT m.blob_key, m.source_url FROM media m WHERE instr(m.source_url, '/wp-content/uploads/') > 0
			AND substr(m.source_url, instr(m.source_url, '/wp-content/uploads/')) IN ($1, $2) AND visible_media(m) ORDER BY m.id LIMIT 1`)
)

var (
	dated = regexp.MustCompile(`^/(\d{4})(?:/(0[1-9]|1[0-2])(?:/(0[1-9]|[12]\d|3[01]))?)?(?:/page/\d+)?$`)
	// numbered is a day, month or year as the parameter m names it.
	numbered = regexp.MustCompile(`^(\d{4})(?:(0[1-9]|1[0-2])(?:(0[1-9]|[12]\d|3[01]))?)?$`)
	number   = regexp.MustCompile(`^[1-9]\d{0,17}$`)
	resized  = regexp.MustCompile(`-(?:\d{1,5}x\d{1,5}|scaled|rotated|e\d{10,})(\.[A-Za-z0-9]{2,5})$`)
)

const uploads = "/wp-content/uploads/"

// Old tells where an address of a WordPress site leads: short addresses
// (/?p=123), feeds, files, searches, further pages of lists and articles, and the archives
// of dates, which lead to the archive of that month or day. It is nil for any other.
func (s *Service) Old(ctx context.Context, raw string) (*Moved, error) {
	clean, ok := permalink.Clean(raw)
	if !ok {
		return nil, nil
	}
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return nil, err
	}
	_, query, _ := strings.Cut(raw, "?")
	if query, _, _ = strings.Cut(query, "#"); clean == "/" && query != "" && len(query) <= permalink.MaxLength {
		return s.byQuery(ctx, dir, query)
	}
	if to := moved[clean]; to != "" {
		return s.to(dir, to), nil
	}
	if file, found := strings.CutPrefix(clean, uploads); found {
		return s.upload(ctx, dir, uploads+file)
	}
	if date := dated.FindStringSubmatch(clean); date != nil {
		return s.archive(ctx, dir, date[1], date[2], date[3])
	}
	if words, found := strings.CutPrefix(clean, "/search/"); found {
		words, _, _ = strings.Cut(words, "/")
		return s.to(dir, searchFor(words)), nil
	}
	if rest, found := strings.CutPrefix(clean, "/index.php"); found && (rest == "" || rest[0] == '/') {
		to := permalink.Escaped(cmp.Or(rest, "/"))
		if query != "" {
			to += "?" + query
		}
		return s.to(dir, to), nil
	}
	if before, f, found := split(clean); found {
		return s.oldFeed(ctx, dir, before, f)
	}
	return s.oldPage(ctx, dir, clean)
}

// partial ends the address of a part or another form of what stands before it: a further
// page of a list, of an article or of its comments, or an article for phones, frames or
// paper.
var partial = regexp.MustCompile(`^(.*?)/(?:page/\d+|comment-page-\d+|(\d{1,4})|amp|embed|print|trackback)$`)

// maxSuffixes bounds the parts of one address, as each asks for a redirect: a page of the
// comments of an article for phones has two.
const maxSuffixes = 3

// oldPage is where the whole stands of what an old address is a part of, or what has the
// last name in it where WordPress shows a section, tag or author.
func (s *Service) oldPage(ctx context.Context, dir *directory.Snapshot, clean string) (*Moved, error) {
	isPart := false
	for range maxSuffixes {
		part := partial.FindStringSubmatch(clean)
		if part == nil {
			break
		}
		if part[1] == "" {
			if strings.HasPrefix(clean, "/page/") {
				return s.to(dir, "/"), nil
			}
			return nil, nil
		}
		clean = part[1]
		if date := dated.FindStringSubmatch(clean); date != nil {
			if part[2] != "" {
				return nil, nil // the thirteenth month
			}
			return s.archive(ctx, dir, date[1], date[2], date[3])
		}
		if to, err := s.redirected(ctx, dir, clean); err != nil || to != nil {
			return to, err
		}
		isPart = true
	}
	of, slug := permalink.Parse(clean)
	if first, rest, ok := strings.Cut(strings.TrimPrefix(clean, "/"), "/"); ok && prefixes[first] != "" {
		of, slug = prefixes[first], path.Base(rest)
	} else if !isPart {
		return nil, nil
	}
	return s.named(ctx, dir, of, slug)
}

// redirected is where a redirect from a path leads; nil when there is none.
func (s *Service) redirected(ctx context.Context, dir *directory.Snapshot, clean string) (*Moved, error) {
	to, err := s.redirect(ctx, clean)
	if err != nil || to == "" {
		return nil, err
	}
	if strings.HasPrefix(to, "/") {
		to = permalink.Escaped(to)
	}
	return s.to(dir, to), nil
}

// named is where a section, tag, author or article is shown; nil when there is none of that
// name.
func (s *Service) named(ctx context.Context, dir *directory.Snapshot, of permalink.Kind, slug string) (*Moved, error) {
	switch of {
	case permalink.Article:
		if a, err := s.articles.BySlug(ctx, slug); err != nil || a == nil {
			return nil, err
		}
	case permalink.Page:
		if g, err := s.site.PageByPath(ctx, slug); err != nil || g == nil {
			return nil, err
		}
	case Language:
		return nil, nil
	default:
		if _, _, _, _, there, err := s.owner(ctx, dir, Address{Of: of, Slug: slug}); err != nil || !there {
			return nil, err
		}
	}
	return s.to(dir, permalink.Escaped(permalink.Path(of, slug))), nil
}

// searchFor is where the front end looks for words.
func searchFor(words string) string { return "/search?" + url.Values{"q": {words}}.Encode() }

// archive is where the front end shows the articles of a day or month. It has no page
// of a year: that leads to the last month of it with articles, or to the front page.
func (s *Service) archive(ctx context.Context, dir *directory.Snapshot, year, month, day string) (*Moved, error) {
	switch {
	case day != "":
		return s.to(dir, "/archive?date="+year+"-"+month+"-"+day), nil
	case month != "":
		return s.to(dir, "/archive?month="+year+"-"+month), nil
	}
	n, err := strconv.Atoi(year)
	if err != nil || n == 0 {
		return s.to(dir, "/"), nil //nolint:nilerr // a year of no articles
	}
	from := time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC)
	last, err := s.articles.Latest(ctx, content.List{}, []int{0}, keyset.Window{Limit: 1, After: &keyset.Key{Time: from.AddDate(1, 0, 0).UnixMicro()}, Before: &keyset.Key{Time: from.UnixMicro()}})
	if err != nil || len(last[0]) == 0 {
		return s.to(dir, "/"), err
	}
	return s.to(dir, "/archive?month="+time.UnixMicro(content.Key(last[0][0]).Time).UTC().Format("2006-01")), nil
}

func (s *Service) to(dir *directory.Snapshot, p string) *Moved {
	return &Moved{permalink.Absolute(s.base(dir), p), http.StatusMovedPermanently}
}

// byQuery answers the addresses of WordPress that are a query of the front page.
func (s *Service) byQuery(ctx context.Context, dir *directory.Snapshot, query string) (*Moved, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, nil //nolint:nilerr // what cannot be read leads nowhere
	}
	if name := q.Get("feed"); name != "" {
		comments := strings.HasPrefix(name, "comments-")
		f, known := named[strings.TrimPrefix(name, "comments-")]
		if !known || comments && f != RSS && f != Atom {
			return nil, nil
		}
		return s.to(dir, Address{Format: f, Comments: comments}.Path()), nil
	}
	if words := q.Get("s"); words != "" {
		return s.to(dir, searchFor(words)), nil
	}
	if date := numbered.FindStringSubmatch(q.Get("m")); date != nil {
		return s.archive(ctx, dir, date[1], date[2], date[3])
	}
	for _, by := range []struct {
		name, base string
		of         permalink.Kind
	}{{"category_name", "/category/", permalink.Category}, {"tag", "/tag/", permalink.Tag}, {"author_name", "/author/", permalink.Author}} {
		if slug := q.Get(by.name); slug != "" {
			if to, err := s.redirected(ctx, dir, by.base+slug); err != nil || to != nil {
				return to, err
			}
			return s.named(ctx, dir, by.of, path.Base(slug))
		}
	}
	if number.MatchString(q.Get("paged")) {
		return s.to(dir, "/"), nil
	}
	for _, name := range []string{"p", "page_id", "attachment_id"} {
		n := q.Get(name)
		if !number.MatchString(n) {
			continue
		}
		found, err := store.Collect(ctx, s.db, numberedSQL, func(rows *sql.Rows) (p string, err error) {
			var kind string
			if err = rows.Scan(&kind, &p); kind == "a" {
				return permalink.Path(permalink.Article, p), err
			}
			return permalink.Path(permalink.Page, p), err
		}, "/?p="+n)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return s.to(dir, permalink.Escaped(found[0])), nil
	}
	return nil, nil
}

// upload finds a file by its old path, whichever of its sizes is asked for.
func (s *Service) upload(ctx context.Context, dir *directory.Snapshot, old string) (*Moved, error) {
	old = path.Clean(old)
	original := resized.ReplaceAllString(old, "$1")
	found, err := store.Collect(ctx, s.db, uploadedSQL, func(rows *sql.Rows) (string, error) {
		m := new(ent.Media)
		err := rows.Scan(&m.BlobKey, &m.SourceURL)
		return content.MediaURL(m), err
	}, old, original)
	if err != nil {
		return nil, fmt.Errorf("find an uploaded file: %w", err)
	}
	if len(found) == 0 || strings.HasSuffix(found[0], old) { // it is still where it was: leading there leads nowhere
		return nil, nil
	}
	return s.to(dir, found[0]), nil
}

// prefixes are the first parts of WordPress's paths of things that have feeds.
var prefixes = map[string]permalink.Kind{"category": permalink.Category, "tag": permalink.Tag, "author": permalink.Author}

// oldFeed finds the feed of what stands at an old path, or stood there before a
// redirect.
func (s *Service) oldFeed(ctx context.Context, dir *directory.Snapshot, before string, f Format) (*Moved, error) {
	if dated.MatchString(before) {
		return s.to(dir, Address{Format: f}.Path()), nil
	}
	of, slug, err := s.behind(ctx, before)
	if err != nil {
		return nil, err
	}
	if first, rest, ok := strings.Cut(strings.TrimPrefix(before, "/"), "/"); slug == "" && ok && prefixes[first] != "" {
		of, slug = prefixes[first], path.Base(rest)
		a := Address{Of: of, Slug: slug}
		if _, _, _, _, there, err := s.owner(ctx, dir, a); err != nil || !there {
			return nil, err
		}
	}
	if slug == "" || !kinds[of] {
		return nil, nil
	}
	a := Address{Of: of, Slug: slug, Format: f, Comments: of == permalink.Article}
	if a.Comments && f != RSS && f != Atom {
		return nil, nil
	}
	return s.to(dir, a.Path()), nil
}

// behind tells what a redirect from a path leads to.
func (s *Service) behind(ctx context.Context, clean string) (permalink.Kind, string, error) {
	to, err := s.redirect(ctx, clean)
	if err != nil || to == "" {
		return "", "", err
	}
	target, ok := permalink.Clean(to)
	if !ok {
		return "", "", nil
	}
	kind, slug := permalink.Parse(target)
	return kind, slug, nil
}

// redirect gives the path or address that a path is redirected to, empty when it
// is to nothing that everybody may see.
func (s *Service) redirect(ctx context.Context, clean string) (string, error) {
	r, err := s.site.Redirect(ctx, clean)
	if err != nil || r == nil || r.StatusCode == http.StatusGone {
		return "", err
	}
	return s.location(ctx, r)
}

// location gives the path or address that a redirect leads to, empty when nothing
// is there that everybody may see.
func (s *Service) location(ctx context.Context, r *ent.Redirect) (string, error) {
	if r.TargetID == nil {
		return r.Address, nil
	}
	return s.pathOf(ctx, string(r.TargetType), *r.TargetID)
}

// pathOf is where a target of a redirect is shown, empty when it is not.
func (s *Service) pathOf(ctx context.Context, target string, key int) (string, error) {
	switch target {
	case "ARTICLE":
		found, err := s.articles.ByIDs(ctx, []int{key})
		if err != nil || found[key] == nil {
			return "", err
		}
		return permalink.Path(permalink.Article, found[key].Slug), nil
	case "TAG":
		found, err := s.terms.TagsByIDs(ctx, []int{key})
		if err != nil || found[key] == nil {
			return "", err
		}
		return permalink.Path(permalink.Tag, found[key].Slug), nil
	}
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return "", err
	}
	return dir.PathOf(menuitem.TargetType(target), key), nil
}
