package feed

import (
	"context"
	"database/sql"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Bounds of sitemaps: those of sitemaps.org, and of news sitemaps.
const (
	maxURLs   = 50_000
	maxNews   = 1000
	newsFor   = 48 * time.Hour
	maxMonths = 5000
	maxParts  = 40 // of a month: two million articles
	atOnce    = 500
)

type sitemapIndex struct {
	XMLName  xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Sitemaps []sitemapRef `xml:"sitemap"`
}

type sitemapRef struct {
	Loc string `xml:"loc"`
}

type urlSet struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	Image   string   `xml:"xmlns:image,attr,omitempty"`
	News    string   `xml:"xmlns:news,attr,omitempty"`
	XHTML   string   `xml:"xmlns:xhtml,attr,omitempty"`
	URLs    []mapURL `xml:"url"`
}

type mapURL struct {
	Loc     string      `xml:"loc"`
	LastMod string      `xml:"lastmod,omitempty"`
	Others  []alternate `xml:"xhtml:link"`
	Image   *mapImage   `xml:"image:image"`
	News    *mapNews    `xml:"news:news"`
}

type alternate struct {
	Rel      string `xml:"rel,attr"`
	Language string `xml:"hreflang,attr"`
	Href     string `xml:"href,attr"`
}

type mapImage struct {
	Loc string `xml:"image:loc"`
}

type mapNews struct {
	Name     string `xml:"news:publication>news:name"`
	Language string `xml:"news:publication>news:language"`
	Date     string `xml:"news:publication_date"`
	Title    string `xml:"news:title"`
}

// monthsSQL gives one moment of each month that has articles, the newest first, with
// how many it has, up to a bound: it leaps from month to month in the index of the
// listings, and counts entries of that index.
var monthsSQL = store.Maintain(
	`WITH RECURSIVE months(at) AS (
		(SELECT published_at FROM listings WHERE kind = 0 AND owner_id = 0 ORDER BY published_at DESC LIMIT 1)
		UNION ALL
		SELECT (SELECT l.published_at FROM listings l WHERE l.kind = 0 AND l.owner_id = 0
			AND l.published_at < extract(epoch FROM date_trunc('month', to_timestamp(m.at / 1000000) AT TIME ZONE 'UTC'))::bigint * 1000000
			ORDER BY l.published_at DESC LIMIT 1) FROM months m WHERE m.at IS NOT NULL)
		SELECT m.at, (SELECT count(*) FROM (SELECT 1 FROM listings l WHERE l.kind = 0 AND l.owner_id = 0 AND l.published_at <= m.at
			AND l.published_at >= extract(epoch FROM date_trunc('month', to_timestamp(m.at / 1000000) AT TIME ZONE 'UTC'))::bigint * 1000000 LIMIT $2) AS counted)
		FROM months m WHERE m.at IS NOT NULL LIMIT $1`,
	`WITH RECURSIVE months(at) AS (
		SELECT * FROM (SELECT published_at FROM listings WHERE kind = 0 AND owner_id = 0 ORDER BY published_at DESC LIMIT 1)
		UNION ALL
		SELECT (SELECT l.published_at FROM listings l WHERE l.kind = 0 AND l.owner_id = 0
			AND l.published_at < CAST(strftime('%s', m.at / 1000000, 'unixepoch', 'start of month') AS INTEGER) * 1000000
			ORDER BY l.published_at DESC LIMIT 1) FROM months m WHERE m.at IS NOT NULL)
		SELECT m.at, (SELECT count(*) FROM (SELECT 1 FROM listings l WHERE l.kind = 0 AND l.owner_id = 0 AND l.published_at <= m.at
			AND l.published_at >= CAST(strftime('%s', m.at / 1000000, 'unixepoch', 'start of month') AS INTEGER) * 1000000 LIMIT $2) AS counted)
		FROM months m WHERE m.at IS NOT NULL LIMIT $1`)

// beforeSQL gives the place of the last article of the parts before one.
var beforeSQL = store.MaintainBoth(`SELECT published_at, article_id FROM listings WHERE kind = 0 AND owner_id = 0 AND published_at >= $1 AND published_at < $2
	ORDER BY published_at DESC, article_id DESC LIMIT 1 OFFSET $3`)

// stretch is a month with how many articles it has.
type stretch struct {
	at    int64 // a moment of it, in microseconds since 1970
	count int
}

// index lists the sitemaps: those of each month, of the pages and of the news.
func (s *Service) index(ctx context.Context) ([]byte, error) {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return nil, err
	}
	months, err := store.Collect(ctx, s.db, monthsSQL, func(rows *sql.Rows) (m stretch, err error) {
		err = rows.Scan(&m.at, &m.count)
		return m, err
	}, maxMonths, s.shardSize*maxParts)
	if err != nil {
		return nil, fmt.Errorf("find months with articles: %w", err)
	}
	base := s.base(dir)
	doc := sitemapIndex{Sitemaps: []sitemapRef{{base + pagesPath}, {base + newsPath}}}
	for _, m := range months {
		t := time.UnixMicro(m.at).UTC()
		for part := 1; part == 1 || (part-1)*s.shardSize < m.count; part++ {
			doc.Sitemaps = append(doc.Sitemaps, sitemapRef{base + month(t.Year(), int(t.Month()), part)})
		}
	}
	doc.Sitemaps = doc.Sitemaps[:min(len(doc.Sitemaps), maxURLs)]
	return writeXML(doc)
}

// shard is a part of the sitemap of the articles of a month; nil when the path names
// none or the month has no such part.
func (s *Service) shard(ctx context.Context, path string) ([]byte, error) {
	name, ok := strings.CutSuffix(strings.TrimPrefix(path, shardsPrefix), ".xml")
	year, rest, dashed := strings.Cut(name, "-")
	m, later, parted := strings.Cut(rest, "-")
	part := 1
	if parted {
		part, _ = strconv.Atoi(later) // what is no number is 0, and no part
	}
	y, errYear := strconv.Atoi(year)
	n, errMonth := strconv.Atoi(m)
	if !ok || !dashed || errYear != nil || errMonth != nil || n < 1 || n > 12 || y < 1 || y > 9999 || part < 1 || part > maxParts || month(y, n, part) != path {
		return nil, nil
	}
	from := time.Date(y, time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 1, 0)
	after := keyset.Key{Time: to.UnixMicro()}
	if part > 1 {
		ends, err := store.Collect(ctx, s.db, beforeSQL, func(rows *sql.Rows) (k keyset.Key, err error) {
			err = rows.Scan(&k.Time, &k.ID)
			return k, err
		}, from.UnixMicro(), to.UnixMicro(), (part-1)*s.shardSize-1)
		if err != nil {
			return nil, fmt.Errorf("find a part of a sitemap: %w", err)
		}
		if len(ends) == 0 {
			return nil, nil
		}
		after = ends[0]
	}
	doc, found, err := s.between(ctx, after, from, s.shardSize, s.article)
	if err != nil || !found { // the index names no month without articles
		return nil, err
	}
	return writeXML(doc)
}

// news is the sitemap of the articles of the last two days.
func (s *Service) news(ctx context.Context) ([]byte, error) {
	now := s.Now().UTC()
	doc, _, err := s.between(ctx, keyset.Key{Time: now.Add(time.Hour).UnixMicro()}, now.Add(-newsFor), maxNews, s.newsArticle)
	if err != nil {
		return nil, err
	}
	return writeXML(doc)
}

// between makes the sitemap of the articles after a place in the list of the site
// that were published since a moment, the newest first, of at most as many as most,
// and tells whether there are any.
func (s *Service) between(ctx context.Context, after keyset.Key, from time.Time, most int, write func(*directory.Snapshot, *ent.Article, *mapURL)) (doc urlSet, some bool, err error) {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return doc, false, err
	}
	doc = urlSet{Image: "http://www.google.com/schemas/sitemap-image/1.1", News: "http://www.google.com/schemas/sitemap-news/0.9", XHTML: "http://www.w3.org/1999/xhtml"}
	before := keyset.Key{Time: from.UnixMicro()}
	for left := most; ; {
		limit := min(atOnce, left)
		found, err := s.articles.Latest(ctx, content.List{}, []int{0}, keyset.Window{Limit: limit, After: &after, Before: &before})
		if err != nil {
			return doc, false, err
		}
		some = some || len(found[0]) > 0
		urls, err := s.urls(ctx, dir, found[0], write)
		if err != nil {
			return doc, false, err
		}
		doc.URLs = append(doc.URLs, urls...)
		if left -= limit; len(found[0]) < limit || left == 0 {
			break
		}
		after = content.Key(found[0][limit-1])
	}
	return doc, some, nil
}

var seoSQL = store.ReadBoth(`SELECT d.article_id, d.seo FROM each_id($1) JOIN article_details d ON d.article_id = each_id.id WHERE d.seo IS NOT NULL`)

// said reads what articles say to search engines.
func (s *Service) said(ctx context.Context, ids []int) (map[int]schema.SEO, error) {
	found := map[int]schema.SEO{}
	_, err := store.Collect(ctx, s.db, seoSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var key int
		var text []byte
		if err := rows.Scan(&key, &text); err != nil {
			return none, err
		}
		var seo schema.SEO
		if err := json.Unmarshal(text, &seo); err != nil {
			return none, fmt.Errorf("article %d: %w", key, err)
		}
		found[key] = seo
		return none, nil
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read what articles say to search engines: %w", err)
	}
	return found, nil
}

// urls are the entries of articles, without those that search engines shall
// leave out.
func (s *Service) urls(ctx context.Context, dir *directory.Snapshot, articles []*ent.Article, write func(*directory.Snapshot, *ent.Article, *mapURL)) ([]mapURL, error) {
	ids, pictures := make([]int, len(articles)), []int{}
	for i, a := range articles {
		ids[i] = a.ID
		if a.FeaturedMediaID != nil {
			pictures = append(pictures, *a.FeaturedMediaID)
		}
	}
	seo, err := s.said(ctx, ids)
	if err != nil {
		return nil, err
	}
	media, err := s.articles.Media(ctx, pictures)
	if err != nil {
		return nil, err
	}
	translations, err := s.articles.Translations(ctx, articles)
	if err != nil {
		return nil, err
	}
	base := s.base(dir)
	urls := make([]mapURL, 0, len(articles))
	for _, a := range articles {
		own := permalink.Absolute(base, permalink.Path(permalink.Article, a.Slug))
		if said := seo[a.ID]; said.NoIndex || said.CanonicalURL != "" && said.CanonicalURL != own {
			continue
		}
		u := mapURL{Loc: ascii(own)}
		if a.FeaturedMediaID != nil && media[*a.FeaturedMediaID] != nil {
			if href := permalink.Absolute(base, content.MediaURL(media[*a.FeaturedMediaID])); href != "" {
				u.Image = &mapImage{ascii(href)}
			}
		}
		if others := translations[a.ID]; len(others) > 0 {
			u.Others = append(u.Others, alternate{"alternate", a.Language, ascii(own)})
			for _, o := range others {
				u.Others = append(u.Others, alternate{"alternate", o.Language, ascii(permalink.Absolute(base, permalink.Path(permalink.Article, o.Slug)))})
			}
		}
		write(dir, a, &u)
		urls = append(urls, u)
	}
	return urls, nil
}

func (s *Service) article(_ *directory.Snapshot, a *ent.Article, u *mapURL) {
	if a.UpdatedAt != nil {
		u.LastMod = rfc3339(*a.UpdatedAt)
	}
}

func (s *Service) newsArticle(dir *directory.Snapshot, a *ent.Article, u *mapURL) {
	u.News = &mapNews{Name: dir.Site.Name, Language: a.Language, Title: a.Title}
	if a.PublishedAt != nil {
		u.News.Date = rfc3339(*a.PublishedAt)
	}
}

// maxPages bounds the pages of the sitemap of pages.
const maxPages = 10_000

// pages is the sitemap of the front page, the sections and the static pages.
func (s *Service) pages(ctx context.Context) ([]byte, error) {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return nil, err
	}
	base := s.base(dir)
	doc := urlSet{URLs: []mapURL{{Loc: base + "/"}}}
	for _, c := range dir.Categories.All {
		doc.URLs = append(doc.URLs, mapURL{Loc: base + permalink.Escaped(permalink.Path(permalink.Category, c.Slug))})
	}
	pages, err := s.db.Ent(ctx).Page.Query().Select(page.FieldPath, page.FieldUpdatedAt, page.FieldSeo).Order(page.ByID()).Limit(maxPages).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	for _, p := range pages {
		if p.Seo != nil && (p.Seo.NoIndex || p.Seo.CanonicalURL != "") {
			continue
		}
		u := mapURL{Loc: base + permalink.Escaped(permalink.Path(permalink.Page, p.Path))}
		if p.UpdatedAt != nil {
			u.LastMod = rfc3339(*p.UpdatedAt)
		}
		doc.URLs = append(doc.URLs, u)
	}
	return writeXML(doc)
}
