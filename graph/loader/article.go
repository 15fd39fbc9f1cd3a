package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	entarticle "github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// Rows embed what they show under a name of this package, so that nobody else
// can put one together.
type (
	articleRow    = ent.Article
	correctionRow = content.Correction
	liveEntryRow  = ent.LiveEntry
)

// Article is an article in a response.
type Article struct {
	*articleRow
	place[ent.Article]
}

// Articles are the door for articles.
var Articles = &Kind[ent.Article, Article]{id.Article, func(a *ent.Article) int { return a.ID },
	func(a *ent.Article, p place[ent.Article]) Article { return Article{a, p} }, articlesByIDs}

// Stored is the row as services know it.
func (a *Article) Stored() *ent.Article { return a.articleRow }

// LiveEntry is an entry of a live blog in a response.
type LiveEntry struct {
	*liveEntryRow
	place[ent.LiveEntry]
}

// LiveEntries are the door for entries of live blogs.
var LiveEntries = &Kind[ent.LiveEntry, LiveEntry]{id.LiveEntry, func(e *ent.LiveEntry) int { return e.ID },
	func(e *ent.LiveEntry, p place[ent.LiveEntry]) LiveEntry { return LiveEntry{e, p} }, entriesByIDs}

// picture is a field that points to a media item, which is as visible as what
// shows it. Its words are in the language of that, where it has one.
func picture[T any](pointer func(*T) *int, language func(*T) string) *field[T, none, *Media] {
	return &field[T, none, *Media]{func(ctx context.Context, c *cohort[T], _ none) ([]*Media, error) {
		wanted := make([]*int, len(c.rows))
		for i, row := range c.rows {
			wanted[i] = pointer(row)
		}
		keys := distinct(wanted)
		if len(keys) == 0 {
			return make([]*Media, len(wanted)), nil
		}
		found, err := c.response.Articles.Media(ctx, keys)
		if err != nil {
			return nil, err
		}
		rows := make([]*ent.Media, len(wanted))
		for i, p := range wanted {
			if p == nil || found[*p] == nil {
				continue
			}
			if rows[i] = found[*p]; language != nil {
				rows[i] = content.WordsIn(rows[i], language(c.rows[i]))
			}
		}
		return MediaItems.enter(c.response, rows), nil
	}}
}

func articlesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Article, error) {
	return r.Articles.ByIDs(ctx, keys)
}

func entriesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.LiveEntry, error) {
	return r.Articles.LiveEntriesByIDs(ctx, keys)
}

func correctionsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*content.Correction, error) {
	return r.Articles.CorrectionsByIDs(ctx, keys)
}

// Correction is a correction in a response.
type Correction struct {
	*correctionRow
	place[content.Correction]
}

// Corrections are the door for corrections.
var Corrections = &Kind[content.Correction, Correction]{id.Correction, func(c *content.Correction) int { return c.ID },
	func(c *content.Correction, p place[content.Correction]) Correction { return Correction{c, p} }, correctionsByIDs}

// Stored is the row as services know it.
func (c *Correction) Stored() *content.Correction { return c.correctionRow }

var correctionArticle = &field[content.Correction, none, *Article]{func(_ context.Context, c *cohort[content.Correction], _ none) ([]*Article, error) {
	rows := make([]*ent.Article, len(c.rows))
	for i, row := range c.rows {
		rows[i] = row.Article
	}
	return Articles.enter(c.response, rows), nil
}}

// Article is the field of the same name.
func (c *Correction) Article(ctx context.Context) (*Article, error) {
	return get(ctx, c.place, correctionArticle, none{})
}

// What hangs on articles, as services give it. It can be known beforehand: see
// Knows.
var (
	articleHTML = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int]string, error) {
		return r.Articles.BodyHTML(ctx, keys)
	})
	articleDetail = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int]*ent.ArticleDetail, error) {
		return r.Articles.Details(ctx, keys)
	})
	articleAuthorKeys = &field[ent.Article, none, []int]{func(ctx context.Context, c *cohort[ent.Article], _ none) ([][]int, error) {
		if found, ok := content.Bylined(c.rows); ok {
			return align(c.keys, found), nil
		}
		found, err := c.response.Articles.AuthorIDs(ctx, c.keys)
		return align(c.keys, found), err
	}}
	articlePlaceKeys = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int][]int, error) {
		return r.Articles.PlaceIDs(ctx, keys)
	})
	articleCategoryKeys = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int][]int, error) {
		return r.Articles.CategoryIDs(ctx, keys)
	})
	articleTagRows = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int][]*ent.Tag, error) {
		return r.Articles.Tags(ctx, keys)
	})
)

// Known is what is known of an article before a field of it is asked for.
type Known struct {
	HTML    string
	Authors []int
	Tags    []*ent.Tag
}

// Knows tells an article that entered alone what came together with it.
func (a *Article) Knows(k Known) {
	prime(a.place, articleHTML, k.HTML)
	prime(a.place, articleAuthorKeys, k.Authors)
	prime(a.place, articleTagRows, k.Tags)
}

// Past is all that hangs on an article as it was at some moment.
type Past struct {
	Known
	Detail             *ent.ArticleDetail
	Places, Categories []int
	Entries            []*ent.LiveEntry
}

// KnowsPast is Knows for an article as it was.
func (a *Article) KnowsPast(p Past) {
	a.Knows(p.Known)
	prime(a.place, articleDetail, p.Detail)
	prime(a.place, articlePlaceKeys, p.Places)
	prime(a.place, articleCategoryKeys, p.Categories)
	prime(a.place, pastEntries, LiveEntries.enter(a.in.response, p.Entries))
}

// BodyHTML is the field of the same name.
func (a *Article) BodyHTML(ctx context.Context) (string, error) {
	return get(ctx, a.place, articleHTML, none{})
}

// Detail is what only the page of an article shows; empty for an article
// without a body.
func (a *Article) Detail(ctx context.Context) (*ent.ArticleDetail, error) {
	d, err := get(ctx, a.place, articleDetail, none{})
	if d == nil && err == nil {
		d = &ent.ArticleDetail{}
	}
	return d, err
}

// entriesAfter is a page of the entries of a live blog, and whether the blog has
// the entry before the page.
type entriesAfter struct {
	entries []*LiveEntry
	known   bool
}

var (
	articleEntries = &field[ent.Article, relay.Rest, entriesAfter]{func(ctx context.Context, c *cohort[ent.Article], rest relay.Rest) ([]entriesAfter, error) {
		found, err := c.response.Articles.LiveEntries(ctx, c.keys, rest.Limit, rest.After)
		if err != nil {
			return nil, err
		}
		pages := make([]entriesAfter, len(c.keys))
		for i, entries := range LiveEntries.enterAll(c.response, align(c.keys, found)) {
			_, known := found[c.keys[i]]
			pages[i] = entriesAfter{entries, known}
		}
		return pages, nil
	}}
	// pastEntries are all entries of a live blog as it was. Nothing loads them: an
	// article that is not of the past has none.
	pastEntries = &field[ent.Article, none, []*LiveEntry]{}
)

// The lists and references of articles.
var (
	articleAuthors    = fromDirectory(articleAuthorKeys, Authors)
	articlePlaces     = fromDirectory(articlePlaceKeys, Places)
	articleCategories = fromDirectory(articleCategoryKeys, Categories)
	articleTags       = rowsOf(articleTagRows, Tags)
	articleCategory   = reference(Categories, func(a *ent.Article) *int { return a.PrimaryCategoryID })
	articleSeries     = reference(AllSeries, func(a *ent.Article) *int { return a.SeriesID })
	articleImage      = picture(func(a *ent.Article) *int { return a.FeaturedMediaID }, func(a *ent.Article) string { return a.Language })

	articleTranslations = listed(Articles, "translations", Articles, func(ctx context.Context, c *cohort[ent.Article]) (map[int][]*ent.Article, error) {
		return c.response.Articles.Translations(ctx, c.rows)
	})
	articleCorrections = listed(Articles, "corrections", Corrections, func(ctx context.Context, c *cohort[ent.Article]) (map[int][]*content.Correction, error) {
		var corrected []int
		for _, a := range c.rows {
			if a.CorrectedAt != nil {
				corrected = append(corrected, a.ID)
			}
		}
		if len(corrected) == 0 {
			return nil, nil
		}
		return c.response.Articles.CorrectionsOf(ctx, corrected)
	})
)

// rowsOf lets in the rows of a list that services give whole.
func rowsOf[E, R any](rows *field[ent.Article, none, []*E], k *Kind[E, R]) *field[ent.Article, none, []*R] {
	return &field[ent.Article, none, []*R]{func(ctx context.Context, c *cohort[ent.Article], _ none) ([][]*R, error) {
		lists, err := all(ctx, c, rows, none{})
		if err != nil {
			return nil, err
		}
		return k.enterAll(c.response, lists), nil
	}}
}

// fromDirectory lets in the rows of the directory with the keys of a list. What
// was deleted a moment ago is left out.
func fromDirectory[E, R any](keys *field[ent.Article, none, []int], k *Kind[E, R]) *field[ent.Article, none, []*R] {
	return &field[ent.Article, none, []*R]{func(ctx context.Context, c *cohort[ent.Article], _ none) ([][]*R, error) {
		lists, err := all(ctx, c, keys, none{})
		if err != nil {
			return nil, err
		}
		return k.pick(ctx, c.response, lists)
	}}
}

// Authors is the field of the same name.
func (a *Article) Authors(ctx context.Context) ([]*Author, error) {
	return get(ctx, a.place, articleAuthors, none{})
}

// Places is the field of the same name.
func (a *Article) Places(ctx context.Context) ([]*Place, error) {
	return get(ctx, a.place, articlePlaces, none{})
}

// Categories is the field of the same name.
func (a *Article) Categories(ctx context.Context) ([]*Category, error) {
	return get(ctx, a.place, articleCategories, none{})
}

// PrimaryCategory is the field of the same name.
func (a *Article) PrimaryCategory(ctx context.Context) (*Category, error) {
	return get(ctx, a.place, articleCategory, none{})
}

// Series is the field of the same name.
func (a *Article) Series(ctx context.Context) (*Series, error) {
	return get(ctx, a.place, articleSeries, none{})
}

// Tags is the field of the same name.
func (a *Article) Tags(ctx context.Context) ([]*Tag, error) {
	return get(ctx, a.place, articleTags, none{})
}

// FeaturedImage is the field of the same name.
func (a *Article) FeaturedImage(ctx context.Context) (*Media, error) {
	return get(ctx, a.place, articleImage, none{})
}

// Translations is the field of the same name.
func (a *Article) Translations(ctx context.Context) ([]*Article, error) {
	return get(ctx, a.place, articleTranslations, none{})
}

// LiveEntries is the field of the same name.
func (a *Article) LiveEntries(ctx context.Context, first *int32, after *string) ([]*LiveEntry, error) {
	if a.Kind != entarticle.KindLiveBlog {
		return []*LiveEntry{}, nil
	}
	if past, ok := primed(a.place, pastEntries); ok {
		return relay.Paged[*LiveEntry](first, after)(past, nil)
	}
	rest, err := relay.RestOf(first, after, id.LiveEntry)
	if err != nil {
		return nil, err
	}
	page, err := get(ctx, a.place, articleEntries, rest)
	if err == nil && !page.known {
		err = relay.NoSuchRow()
	}
	return page.entries, err
}

// Corrections is the field of the same name.
func (a *Article) Corrections(ctx context.Context) ([]*Correction, error) {
	return get(ctx, a.place, articleCorrections, none{})
}

// neighbours are both at once, as one statement finds them.
type neighbours struct{ previous, next *Article }

var articleNeighbours = &field[ent.Article, content.Scope, neighbours]{func(ctx context.Context, c *cohort[ent.Article], in content.Scope) ([]neighbours, error) {
	found, err := c.response.Articles.Neighbours(ctx, in, c.keys)
	if err != nil {
		return nil, err
	}
	c.response.Shown.lists(Dependency{Entity: id.Article, List: "neighbours", Filter: string(in)}, c.keys)
	rows := make([]*ent.Article, 0, 2*len(c.keys))
	for _, key := range c.keys {
		rows = append(rows, found[key].Previous, found[key].Next)
	}
	shown := Articles.enter(c.response, rows)
	pairs := make([]neighbours, len(c.keys))
	for i := range pairs {
		pairs[i] = neighbours{shown[2*i], shown[2*i+1]}
	}
	return pairs, nil
}}

func scopeOf(scope *content.Scope) content.Scope {
	if scope == nil {
		return content.WholeSite
	}
	return *scope
}

// Previous is the field of the same name.
func (a *Article) Previous(ctx context.Context, scope *content.Scope) (*Article, error) {
	n, err := get(ctx, a.place, articleNeighbours, scopeOf(scope))
	return n.previous, err
}

// Next is the field of the same name.
func (a *Article) Next(ctx context.Context, scope *content.Scope) (*Article, error) {
	n, err := get(ctx, a.place, articleNeighbours, scopeOf(scope))
	return n.next, err
}

// Related is an article related to another, which knows why.
type Related struct {
	*Article
	Why content.Related
}

var articleRelated = &field[ent.Article, int, []Related]{func(ctx context.Context, c *cohort[ent.Article], n int) ([][]Related, error) {
	found, err := c.response.Articles.Related(ctx, c.keys, n)
	if err != nil {
		return nil, err
	}
	c.response.Shown.lists(Dependency{Entity: id.Article, List: "relatedArticles"}, c.keys)
	rows := make(map[int][]*ent.Article, len(found))
	for key, list := range found {
		for _, related := range list {
			rows[key] = append(rows[key], related.Article)
		}
	}
	lists := make([][]Related, len(c.keys))
	for i, shown := range Articles.enterAll(c.response, align(c.keys, rows)) {
		lists[i] = make([]Related, len(shown))
		for j, a := range shown {
			lists[i][j] = Related{a, found[c.keys[i]][j]}
		}
	}
	return lists, nil
}}

// Related are the first n related articles.
func (a *Article) Related(ctx context.Context, n int) ([]Related, error) {
	return get(ctx, a.place, articleRelated, n)
}

// threads are the arguments of a page of an article's comments.
type threads struct {
	order  comment.Order
	window window
}

var (
	articleThreads = &field[ent.Article, threads, relay.Rows[*Comment]]{func(ctx context.Context, c *cohort[ent.Article], t threads) ([]relay.Rows[*Comment], error) {
		w := t.window.keyset()
		found, err := c.response.Comments.Threads(ctx, t.order, c.keys, relay.Probe(w))
		return pages(c, Articles, "comments", "", Comments, w, found, err)
	}}
	articleThreadCount = &field[ent.Article, int, int]{func(ctx context.Context, c *cohort[ent.Article], limit int) ([]int, error) {
		found, err := c.response.Comments.Counts(ctx, comment.OfArticle, c.keys, limit)
		return align(c.keys, found), err
	}}
)

// Threads are a page of the comments right below the article.
func (a *Article) Threads(ctx context.Context, order comment.Order, w keyset.Window) (relay.Rows[*Comment], error) {
	return get(ctx, a.place, articleThreads, threads{order, windowOf(w)})
}

// CountThreads counts the comments right below the article up to a limit.
func (a *Article) CountThreads(ctx context.Context, limit int) (int, error) {
	return get(ctx, a.place, articleThreadCount, limit)
}

// Newsroom is the field of the same name.
func (a *Article) Newsroom(ctx context.Context) (*Record, error) {
	return get(ctx, a.place, articleRecord, none{})
}
