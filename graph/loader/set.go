package loader

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// Set holds the loaders of one response.
type Set struct {
	Articles   Cohorts[*ent.Article]
	Categories Cohorts[*ent.Category]
	Tags       Cohorts[*ent.Tag]
	Places     Cohorts[*ent.Place]
	Series     Cohorts[*ent.Series]
	Authors    Cohorts[*ent.Author]
	Comments   Cohorts[*ent.Comment]
	MenuItems  Cohorts[*directory.MenuItem]
	members    Cohorts[int]
	records    Cohorts[*newsroom.Record]
	revisions  Cohorts[*ent.Revision]
	picks      Cohorts[*ent.Pick]

	BodyHTML      *Loader[*ent.Article, string]
	Detail        *Loader[*ent.Article, *ent.ArticleDetail]
	AuthorIDs     *Loader[*ent.Article, []int]
	PlaceIDs      *Loader[*ent.Article, []int]
	CategoryIDs   *Loader[*ent.Article, []int]
	ArticleTags   *Loader[*ent.Article, []*ent.Tag]
	FeaturedImage *Loader[*ent.Article, *ent.Media]
	Translations  *Loader[*ent.Article, []*ent.Article]
	LiveEntries   *Loader[*ent.Article, []*ent.LiveEntry]
	Neighbours    *Keyed[content.Scope, *ent.Article, content.Neighbours]
	Related       *Keyed[int, *ent.Article, []content.Related]
	Threads       *Keyed[Threads, *ent.Article, []*ent.Comment]

	CategoryNews *Keyed[News, *ent.Category, []*ent.Article]
	TagNews      *Keyed[News, *ent.Tag, []*ent.Article]
	PlaceNews    *Keyed[News, *ent.Place, []*ent.Article]
	SeriesNews   *Keyed[News, *ent.Series, []*ent.Article]
	AuthorNews   *Keyed[News, *ent.Author, []*ent.Article]

	Avatar         *Loader[*ent.Author, *ent.Media]
	Replies        *Keyed[Window, *ent.Comment, []*ent.Comment]
	CommentArticle *Loader[*ent.Comment, *ent.Article]
	CommentParent  *Loader[*ent.Comment, *ent.Comment]

	Newsroom *Loader[*ent.Article, *newsroom.Record]
	Members  *Loader[int, *newsroom.Member]

	Snapshots   *Loader[*ent.Revision, *content.Draft]
	Locks       *Loader[*newsroom.Record, *ent.ArticleLock]
	Autosaves   *Loader[*newsroom.Record, *newsroom.Autosave]
	Notes       *Loader[*newsroom.Record, []*ent.ArticleNote]
	Withdrawals *Loader[*newsroom.Record, *ent.Withdrawal]
	Previews    *Loader[*newsroom.Record, []*ent.PreviewToken]

	Corrections *Loader[*ent.Article, []*content.Correction]
	Picks       *Loader[*ent.Category, []*ent.Article]
	PickArticle *Loader[*ent.Pick, *ent.Article]

	Readers

	MenuArticle *Loader[*directory.MenuItem, *ent.Article]
	MenuPage    *Loader[*directory.MenuItem, *ent.Page]
}

// Window is a keyset.Window that can be compared.
type Window struct {
	Limit               int
	Backward            bool
	HasAfter, HasBefore bool
	After, Before       keyset.Key
}

// WindowOf makes a Window comparable.
func WindowOf(w keyset.Window) Window {
	c := Window{Limit: w.Limit, Backward: w.Backward}
	if w.After != nil {
		c.HasAfter, c.After = true, *w.After
	}
	if w.Before != nil {
		c.HasBefore, c.Before = true, *w.Before
	}
	return c
}

func (w Window) keyset() keyset.Window {
	k := keyset.Window{Limit: w.Limit, Backward: w.Backward}
	if w.HasAfter {
		k.After = &w.After
	}
	if w.HasBefore {
		k.Before = &w.Before
	}
	return k
}

// News are the arguments of a latestNews.
type News struct {
	Language string
	Window   Window
}

// Threads are the arguments of an article's comments.
type Threads struct {
	Order  comment.Order
	Window Window
}

// New makes the loaders for one response.
func New(articles *content.Service, comments *comment.Service, bookmarks *bookmark.Service, pages *site.Service, desk *newsroom.Service) *Set {
	s := &Set{}
	byArticle := func(a *ent.Article) int { return a.ID }
	s.BodyHTML = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.BodyHTML))
	s.Detail = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.Details))
	s.AuthorIDs = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.AuthorIDs))
	s.PlaceIDs = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.PlaceIDs))
	s.CategoryIDs = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.CategoryIDs))
	s.ArticleTags = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.Tags))
	s.FeaturedImage = newLoader(&s.Articles, byArticle, func(ctx context.Context, of []*ent.Article, _ []int) (map[int]*ent.Media, error) {
		return follow(ctx, of, byArticle, func(a *ent.Article) *int { return a.FeaturedMediaID }, articles.Media)
	})
	s.Translations = newLoader(&s.Articles, byArticle, func(ctx context.Context, of []*ent.Article, _ []int) (map[int][]*ent.Article, error) {
		return articles.Translations(ctx, of)
	})
	s.Newsroom = newLoader(&s.Articles, byArticle, func(ctx context.Context, _ []*ent.Article, ids []int) (map[int]*newsroom.Record, error) {
		records, err := desk.Records(ctx, ids)
		together := make([]*newsroom.Record, 0, len(records))
		var people []*int
		for _, r := range records {
			together = append(together, r)
			people = append(people, r.CreatedBy, r.Assignee)
		}
		s.records.Add(together)
		s.addPeople(people)
		return records, err
	})
	s.desk(desk)
	s.readers(articles, bookmarks)
	s.Members = newLoader(&s.members, func(id int) int { return id }, plain[int](desk.Members))
	s.LiveEntries = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.LiveEntries))
	s.Corrections = newLoader(&s.Articles, byArticle, plain[*ent.Article](articles.CorrectionsOf))
	s.Picks = newLoader(&s.Categories, func(c *ent.Category) int { return c.ID }, func(ctx context.Context, _ []*ent.Category, ids []int) (map[int][]*ent.Article, error) {
		return together(&s.Articles, ids)(articles.Picks(ctx, ids))
	})
	byPick := func(p *ent.Pick) int { return p.ID }
	s.PickArticle = newLoader(&s.picks, byPick, func(ctx context.Context, of []*ent.Pick, _ []int) (map[int]*ent.Article, error) {
		found, err := follow(ctx, of, byPick, func(p *ent.Pick) *int { return &p.ArticleID }, articles.ByIDs)
		var all []*ent.Article
		for _, p := range of {
			if a := found[p.ID]; a != nil {
				all = append(all, a)
			}
		}
		s.Articles.Add(all)
		return found, err
	})
	s.Neighbours = newKeyed(&s.Articles, byArticle, articles.Neighbours)
	s.Related = newKeyed(&s.Articles, byArticle, func(ctx context.Context, n int, ids []int) (map[int][]content.Related, error) {
		found, err := articles.Related(ctx, ids, n)
		// The related articles of all parents are shown side by side.
		var together []*ent.Article
		for _, id := range ids {
			for _, r := range found[id] {
				together = append(together, r.Article)
			}
		}
		s.Articles.Add(together)
		return found, err
	})
	s.Threads = newKeyed(&s.Articles, byArticle, func(ctx context.Context, t Threads, ids []int) (map[int][]*ent.Comment, error) {
		return together(&s.Comments, ids)(comments.Threads(ctx, t.Order, ids, t.Window.keyset()))
	})
	s.CategoryNews = news(s, articles, content.ByCategory, &s.Categories, func(c *ent.Category) int { return c.ID })
	s.TagNews = news(s, articles, content.ByTag, &s.Tags, func(t *ent.Tag) int { return t.ID })
	s.PlaceNews = news(s, articles, content.ByPlace, &s.Places, func(p *ent.Place) int { return p.ID })
	s.SeriesNews = news(s, articles, content.BySeries, &s.Series, func(x *ent.Series) int { return x.ID })
	s.AuthorNews = news(s, articles, content.ByAuthor, &s.Authors, func(a *ent.Author) int { return a.ID })

	byAuthor := func(a *ent.Author) int { return a.ID }
	s.Avatar = newLoader(&s.Authors, byAuthor, func(ctx context.Context, of []*ent.Author, _ []int) (map[int]*ent.Media, error) {
		return follow(ctx, of, byAuthor, func(a *ent.Author) *int { return a.AvatarID }, articles.Media)
	})
	byComment := func(c *ent.Comment) int { return c.ID }
	s.Replies = newKeyed(&s.Comments, byComment, func(ctx context.Context, w Window, ids []int) (map[int][]*ent.Comment, error) {
		return together(&s.Comments, ids)(comments.Replies(ctx, ids, w.keyset()))
	})
	s.CommentArticle = newLoader(&s.Comments, byComment, func(ctx context.Context, of []*ent.Comment, _ []int) (map[int]*ent.Article, error) {
		found, err := follow(ctx, of, byComment, func(c *ent.Comment) *int { return &c.ArticleID }, articles.ByIDs)
		var all []*ent.Article
		for _, c := range of {
			if a := found[c.ID]; a != nil {
				all = append(all, a)
			}
		}
		s.Articles.Add(all)
		return found, err
	})
	s.CommentParent = newLoader(&s.Comments, byComment, func(ctx context.Context, of []*ent.Comment, _ []int) (map[int]*ent.Comment, error) {
		return follow(ctx, of, byComment, func(c *ent.Comment) *int { return c.ParentID }, comments.ByIDs)
	})
	byItem := func(it *directory.MenuItem) int { return it.ID }
	s.MenuArticle = newLoader(&s.MenuItems, byItem, func(ctx context.Context, of []*directory.MenuItem, _ []int) (map[int]*ent.Article, error) {
		return follow(ctx, of, byItem, to(menuitem.TargetTypeArticle), articles.ByIDs)
	})
	s.MenuPage = newLoader(&s.MenuItems, byItem, func(ctx context.Context, of []*directory.MenuItem, _ []int) (map[int]*ent.Page, error) {
		return follow(ctx, of, byItem, to(menuitem.TargetTypePage), pages.PagesByIDs)
	})
	return s
}

// to points from menu items to their targets of one type.
func to(target menuitem.TargetType) func(*directory.MenuItem) *int {
	return func(it *directory.MenuItem) *int {
		if it.TargetType != target {
			return nil
		}
		return it.TargetID
	}
}

// plain fits a service method that needs keys only.
func plain[T comparable, V any](load func(context.Context, []int) (map[int]V, error)) func(context.Context, []T, []int) (map[int]V, error) {
	return func(ctx context.Context, _ []T, keys []int) (map[int]V, error) { return load(ctx, keys) }
}

// follow loads what each object points to, by the keys of the objects.
func follow[T, V any](ctx context.Context, of []T, key func(T) int, pointer func(T) *int, load func(context.Context, []int) (map[int]V, error)) (map[int]V, error) {
	var targets []int
	seen := map[int]bool{}
	for _, o := range of {
		if p := pointer(o); p != nil && !seen[*p] {
			seen[*p] = true
			targets = append(targets, *p)
		}
	}
	if len(targets) == 0 {
		return nil, nil
	}
	found, err := load(ctx, targets)
	if err != nil {
		return nil, err
	}
	values := make(map[int]V, len(of))
	for _, o := range of {
		if p := pointer(o); p != nil {
			if v, ok := found[*p]; ok {
				values[key(o)] = v
			}
		}
	}
	return values, nil
}

// together makes one cohort of the lists of all parents.
func together[T comparable](cohorts *Cohorts[T], parents []int) func(map[int][]T, error) (map[int][]T, error) {
	return func(lists map[int][]T, err error) (map[int][]T, error) {
		var all []T
		for _, p := range parents {
			all = append(all, lists[p]...)
		}
		cohorts.Add(all)
		return lists, err
	}
}

func news[T comparable](s *Set, articles *content.Service, kind content.ListingKind, cohorts *Cohorts[T], key func(T) int) *Keyed[News, T, []*ent.Article] {
	return newKeyed(cohorts, key, func(ctx context.Context, args News, owners []int) (map[int][]*ent.Article, error) {
		list := content.List{Kind: kind, Language: args.Language}
		return together(&s.Articles, owners)(articles.Latest(ctx, list, owners, args.Window.keyset()))
	})
}

type setKey struct{}

// With gives a context with fresh loaders.
func With(ctx context.Context, s *Set) context.Context { return context.WithValue(ctx, setKey{}, s) }

// For gives the loaders of the response that ctx belongs to.
func For(ctx context.Context) (*Set, error) {
	s, ok := ctx.Value(setKey{}).(*Set)
	if !ok {
		return nil, fmt.Errorf("no loaders in the context: the field was resolved outside of a response")
	}
	return s, nil
}
