package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

type (
	categoryRow = ent.Category
	tagRow      = ent.Tag
	placeRow    = ent.Place
	seriesRow   = ent.Series
	authorRow   = ent.Author
)

// Topic is what articles are listed under, in a response.
type Topic interface {
	Node
	IsTopic()
}

// IsTopic marks the topics.
func (*Category) IsTopic() {}

// IsTopic marks the topics.
func (*Tag) IsTopic() {}

// IsTopic marks the topics.
func (*Place) IsTopic() {}

// IsTopic marks the topics.
func (*Series) IsTopic() {}

// IsTopic marks the topics.
func (*Author) IsTopic() {}

// Category is a section in a response.
type Category struct {
	*categoryRow
	place[ent.Category]
}

// Categories are the door for sections.
var Categories = &Kind[ent.Category, Category]{id.Category, func(c *ent.Category) int { return c.ID },
	func(c *ent.Category, p place[ent.Category]) Category { return Category{c, p} }, categoriesByIDs}

// Stored is the row as services know it.
func (c *Category) Stored() *ent.Category { return c.categoryRow }

// News is a page of the latest news of the section.
func (c *Category) News(ctx context.Context, language string, w keyset.Window) (relay.Rows[*Article], error) {
	return get(ctx, c.place, categoryNews.page, news{language, windowOf(w)})
}

// CountNews counts them up to a limit.
func (c *Category) CountNews(ctx context.Context, language string, limit int) (int, error) {
	return get(ctx, c.place, categoryNews.count, newsCount{language, limit})
}

// Tag is a tag in a response.
type Tag struct {
	*tagRow
	place[ent.Tag]
}

// Tags are the door for tags.
var Tags = &Kind[ent.Tag, Tag]{id.Tag, func(t *ent.Tag) int { return t.ID },
	func(t *ent.Tag, p place[ent.Tag]) Tag { return Tag{t, p} }, tagsByIDs}

// Stored is the row as services know it.
func (t *Tag) Stored() *ent.Tag { return t.tagRow }

// News is a page of the latest news about the tag.
func (t *Tag) News(ctx context.Context, language string, w keyset.Window) (relay.Rows[*Article], error) {
	return get(ctx, t.place, tagNews.page, news{language, windowOf(w)})
}

// CountNews counts them up to a limit.
func (t *Tag) CountNews(ctx context.Context, language string, limit int) (int, error) {
	return get(ctx, t.place, tagNews.count, newsCount{language, limit})
}

// Place is a place in a response.
type Place struct {
	*placeRow
	place[ent.Place]
}

// Places are the door for places.
var Places = &Kind[ent.Place, Place]{id.Place, func(p *ent.Place) int { return p.ID },
	func(p *ent.Place, at place[ent.Place]) Place { return Place{p, at} }, placesByIDs}

// Stored is the row as services know it.
func (p *Place) Stored() *ent.Place { return p.placeRow }

// News is a page of the latest news about the place.
func (p *Place) News(ctx context.Context, language string, w keyset.Window) (relay.Rows[*Article], error) {
	return get(ctx, p.place, placeNews.page, news{language, windowOf(w)})
}

// CountNews counts them up to a limit.
func (p *Place) CountNews(ctx context.Context, language string, limit int) (int, error) {
	return get(ctx, p.place, placeNews.count, newsCount{language, limit})
}

// Series is a series in a response.
type Series struct {
	*seriesRow
	place[ent.Series]
}

// AllSeries are the door for series.
var AllSeries = &Kind[ent.Series, Series]{id.Series, func(s *ent.Series) int { return s.ID },
	func(s *ent.Series, p place[ent.Series]) Series { return Series{s, p} }, seriesByIDs}

// Stored is the row as services know it.
func (s *Series) Stored() *ent.Series { return s.seriesRow }

// News is a page of the latest news of the series.
func (s *Series) News(ctx context.Context, language string, w keyset.Window) (relay.Rows[*Article], error) {
	return get(ctx, s.place, seriesNews.page, news{language, windowOf(w)})
}

// CountNews counts them up to a limit.
func (s *Series) CountNews(ctx context.Context, language string, limit int) (int, error) {
	return get(ctx, s.place, seriesNews.count, newsCount{language, limit})
}

// Author is an author in a response.
type Author struct {
	*authorRow
	place[ent.Author]
}

// Authors are the door for authors.
var Authors = &Kind[ent.Author, Author]{id.Author, func(a *ent.Author) int { return a.ID },
	func(a *ent.Author, p place[ent.Author]) Author { return Author{a, p} }, authorsByIDs}

// Stored is the row as services know it.
func (a *Author) Stored() *ent.Author { return a.authorRow }

// News is a page of the latest news by the author.
func (a *Author) News(ctx context.Context, language string, w keyset.Window) (relay.Rows[*Article], error) {
	return get(ctx, a.place, authorNews.page, news{language, windowOf(w)})
}

// CountNews counts them up to a limit.
func (a *Author) CountNews(ctx context.Context, language string, limit int) (int, error) {
	return get(ctx, a.place, authorNews.count, newsCount{language, limit})
}

// news and newsCount are the arguments of lists of news.
type news struct {
	language string
	window   window
}

type newsCount struct {
	language string
	limit    int
}

// newsOf are the latest news of the owners of one type.
type newsOf[T any] struct {
	page  *field[T, news, relay.Rows[*Article]]
	count *field[T, newsCount, int]
}

var (
	categoryNews = newsFields(Categories, content.ByCategory)
	tagNews      = newsFields(Tags, content.ByTag)
	placeNews    = newsFields(Places, content.ByPlace)
	seriesNews   = newsFields(AllSeries, content.BySeries)
	authorNews   = newsFields(Authors, content.ByAuthor)
)

func newsFields[T, O any](owner *Kind[T, O], kind content.ListingKind) newsOf[T] {
	return newsOf[T]{
		&field[T, news, relay.Rows[*Article]]{func(ctx context.Context, c *cohort[T], n news) ([]relay.Rows[*Article], error) {
			w := n.window.keyset()
			found, err := c.response.Articles.Latest(ctx, content.List{Kind: kind, Language: n.language}, c.keys, relay.Probe(w))
			return pages(c, owner, "latestNews", n.language, Articles, w, found, err)
		}},
		&field[T, newsCount, int]{func(ctx context.Context, c *cohort[T], n newsCount) ([]int, error) {
			found, err := c.response.Articles.CountLatest(ctx, content.List{Kind: kind, Language: n.language}, c.keys, n.limit)
			return align(c.keys, found), err
		}},
	}
}

// The finders of what the directory has and of tags, which it has not.

func categoriesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Category, error) {
	return inDirectory(ctx, r, keys, func(d *directory.Snapshot) directory.Table[*ent.Category] { return d.Categories })
}

func placesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Place, error) {
	return inDirectory(ctx, r, keys, func(d *directory.Snapshot) directory.Table[*ent.Place] { return d.Places })
}

func seriesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Series, error) {
	return inDirectory(ctx, r, keys, func(d *directory.Snapshot) directory.Table[*ent.Series] { return d.Series })
}

func authorsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Author, error) {
	return inDirectory(ctx, r, keys, func(d *directory.Snapshot) directory.Table[*ent.Author] { return d.Authors })
}

func tagsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Tag, error) {
	return r.Taxonomy.TagsByIDs(ctx, keys)
}

func inDirectory[T any](ctx context.Context, r *Response, keys []int, table func(*directory.Snapshot) directory.Table[*T]) (map[int]*T, error) {
	dir, err := r.Dir(ctx)
	if err != nil {
		return nil, err
	}
	return byKey(keys, table(dir).ByID), nil
}

func byKey[T any](keys []int, byID func(int) *T) map[int]*T {
	found := make(map[int]*T, len(keys))
	for _, key := range keys {
		if row := byID(key); row != nil {
			found[key] = row
		}
	}
	return found
}

var (
	categoryParent   = reference(Categories, func(c *ent.Category) *int { return c.ParentID })
	categoryChildren = listed(Categories, "children", Categories, func(ctx context.Context, c *cohort[ent.Category]) (map[int][]*ent.Category, error) {
		dir, err := c.response.Dir(ctx)
		if err != nil {
			return nil, err
		}
		found := make(map[int][]*ent.Category, len(c.keys))
		for _, key := range c.keys {
			found[key] = dir.Children(key)
		}
		return found, nil
	})
	categoryPicks = listed(Categories, "picks", Articles, func(ctx context.Context, c *cohort[ent.Category]) (map[int][]*ent.Article, error) {
		return c.response.Articles.Picks(ctx, c.keys)
	})
	authorAvatar = picture(func(a *ent.Author) *int { return a.AvatarID }, nil)
)

// Parent is the field of the same name.
func (c *Category) Parent(ctx context.Context) (*Category, error) {
	return get(ctx, c.place, categoryParent, none{})
}

// Children is the field of the same name.
func (c *Category) Children(ctx context.Context) ([]*Category, error) {
	return get(ctx, c.place, categoryChildren, none{})
}

// Picks is the field of the same name.
func (c *Category) Picks(ctx context.Context) ([]*Article, error) {
	return get(ctx, c.place, categoryPicks, none{})
}

// Avatar is the field of the same name.
func (a *Author) Avatar(ctx context.Context) (*Media, error) {
	return get(ctx, a.place, authorAvatar, none{})
}
