// Package feed answers over HTTP what other programs read of the site: feeds of
// articles as RSS, Atom, JSON Feed and ninjs, feeds of comments, sitemaps,
// robots.txt and the like, and the addresses under which readers of a WordPress
// site look for them.
//
// Feeds are written from the same items of ninjs that partners get, so that the
// two cannot disagree.
package feed

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/kept"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// MaxItems is how many articles or comments a feed has.
const MaxItems = 30

// Service reads what outputs are made of, and answers requests for them.
type Service struct {
	db       *store.DB
	dir      *directory.Directory
	articles *content.Service
	terms    *taxonomy.Service
	comments *comment.Service
	site     *site.Service
	partners *partner.Service
	kept     *kept.Answers
	hub      string // of WebSub; empty: none
	// shardSize is how many articles a sitemap has at most.
	shardSize int
	// Budget bounds how much one address may ask for over time; nil: any number.
	Budget budget.Charger
	// ServerURL stands in for the address of the site where none is set.
	ServerURL string
	// Now is the clock, for tests.
	Now func() time.Time
}

// What requests cost, in the points that the API counts. Those of a key cost none: they
// are counted against its quota.
const (
	requestPoints = 20    // each
	lookPoints    = 200   // more for an address that is none of ours, which the database is asked about
	makePoints    = 2_500 // more for an output that is not kept
)

// New gives the service, which follows the log to know when an output that it
// keeps is out of date.
func New(db *store.DB, log *event.Log, dir *directory.Directory, articles *content.Service, terms *taxonomy.Service, comments *comment.Service,
	pages *site.Service, partners *partner.Service,
) *Service {
	s := &Service{db: db, dir: dir, articles: articles, terms: terms, comments: comments, site: pages, partners: partners, kept: kept.New("feed", keepOutputs, buildWithin), shardSize: maxURLs, Now: time.Now}
	log.EveryNode(s.kept)
	return s
}

// list is one feed with its items, before it is written in a format.
type list struct {
	Address

	Title, Description string
	Home               string // address of the page that shows the same
	Language           string
	Base               string // address of the site
	SiteName           string
	Rights             string
	Logo               string
	Hub                string // of WebSub; empty: none
	Full               bool
	Updated            time.Time
	Items              []*ninjs.Item
	Comments           []remark
}

// owner gives what a listing is of: its kind, key, name and description; false
// when there is no such thing.
func (s *Service) owner(ctx context.Context, dir *directory.Snapshot, a Address) (of content.List, key int, name, about string, ok bool, err error) {
	switch a.Of {
	case permalink.Front:
		return content.List{}, 0, "", dir.Site.Description, true, nil
	case Language:
		return content.List{Language: a.Slug}, 0, a.Slug, dir.Site.Description, true, nil
	case permalink.Category:
		if c := dir.Categories.BySlug(a.Slug); c != nil {
			return content.List{Kind: content.ByCategory}, c.ID, c.Name, c.Description, true, nil
		}
	case permalink.Author:
		if x := dir.Authors.BySlug(a.Slug); x != nil {
			return content.List{Kind: content.ByAuthor}, x.ID, x.Name, "", true, nil
		}
	case permalink.Place:
		if p := dir.Places.BySlug(a.Slug); p != nil {
			return content.List{Kind: content.ByPlace}, p.ID, p.Name, "", true, nil
		}
	case permalink.Series:
		if x := dir.Series.BySlug(a.Slug); x != nil {
			return content.List{Kind: content.BySeries}, x.ID, x.Name, x.Description, true, nil
		}
	case permalink.Tag:
		t, err := s.terms.TagBySlug(ctx, a.Slug)
		if err != nil || t == nil {
			return of, 0, "", "", false, err
		}
		return content.List{Kind: content.ByTag}, t.ID, t.Name, t.Description, true, nil
	}
	return of, 0, "", "", false, nil
}

// read reads a feed; nil when there is none at the address. With a key only what
// the key is entitled to is in it.
func (s *Service) read(ctx context.Context, a Address, k *partner.Key) (*list, error) {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return nil, err
	}
	l := s.frame(dir, a)
	if a.Comments {
		return s.readComments(ctx, l)
	}
	if a.Of == permalink.Article {
		return s.readArticle(ctx, l, k)
	}
	of, key, name, about, ok, err := s.owner(ctx, dir, a)
	if err != nil || !ok {
		return nil, err
	}
	if name != "" {
		l.Title = name + " – " + dir.Site.Name
	}
	if about != "" {
		l.Description = about
	}
	if a.Of == Language {
		l.Language, l.Home = a.Slug, l.Base+"/"
	}
	found, err := s.articles.Latest(ctx, of, []int{key}, keyset.First(MaxItems))
	if err != nil {
		return nil, err
	}
	return l, s.fill(ctx, l, k, found[key])
}

// frame is a feed without items.
func (s *Service) frame(dir *directory.Snapshot, a Address) *list {
	l := &list{Address: a, Title: dir.Site.Name, Description: dir.Site.Tagline, Language: dir.Site.Language, Base: s.base(dir), SiteName: dir.Site.Name, Hub: s.hub}
	l.Home = ascii(permalink.Absolute(l.Base, permalink.Path(a.Of, a.Slug)))
	if dir.Site.Outputs != nil {
		l.Full = dir.Site.Outputs.FullText
	}
	if l.Description == "" {
		l.Description = dir.Site.Name
	}
	if dir.Site.CopyrightHolder != "" {
		l.Rights = "© " + dir.Site.CopyrightHolder
	}
	return l
}

// base is the address before paths.
func (s *Service) base(dir *directory.Snapshot) string {
	if dir.Site.URL != "" {
		return strings.TrimSuffix(dir.Site.URL, "/")
	}
	return strings.TrimSuffix(s.ServerURL, "/")
}

func (s *Service) readArticle(ctx context.Context, l *list, k *partner.Key) (*list, error) {
	a, err := s.articles.BySlug(ctx, l.Slug)
	if err != nil || a == nil {
		return nil, err
	}
	if err := s.fill(ctx, l, k, []*ent.Article{a.Article}); err != nil || len(l.Items) == 0 {
		return nil, err
	}
	return l, nil
}

// fill puts articles into a feed, in their order.
func (s *Service) fill(ctx context.Context, l *list, k *partner.Key, articles []*ent.Article) error {
	stories, err := s.partners.Stories(ctx, k, articles)
	if err != nil {
		return err
	}
	for _, a := range articles {
		story := stories[a.ID]
		if story == nil {
			continue
		}
		it := story.Item
		absolute(l.Base, it)
		l.Items = append(l.Items, it)
		if it.VersionCreated.After(l.Updated) {
			l.Updated = it.VersionCreated
		}
	}
	return nil
}

// absolute puts the address of the site before every path in an item: readers of
// feeds do not know where it came from.
func absolute(base string, it *ninjs.Item) {
	for i := range it.Bodies {
		it.Bodies[i].Value = permalink.AbsoluteHTML(base, it.Bodies[i].Value)
	}
	for i := range it.Renditions {
		it.Renditions[i].Href = permalink.Absolute(base, it.Renditions[i].Href)
	}
	for i := range it.Associations {
		absolute(base, &it.Associations[i].Item)
	}
}

// remark is a comment in a feed.
type remark struct {
	*ent.Comment
	ID, Link, Title, By string
}

func (s *Service) readComments(ctx context.Context, l *list) (*list, error) {
	article := 0
	l.Title, l.Home = "Comments – "+l.Title, l.Base+"/"
	if l.Of == permalink.Article {
		a, err := s.articles.BySlug(ctx, l.Slug)
		if err != nil || a == nil {
			return nil, err
		}
		article, l.Title, l.Home = a.ID, "Comments: "+a.Title, ascii(permalink.Absolute(l.Base, permalink.Path(permalink.Article, a.Slug)))
	}
	comments, err := s.comments.Latest(ctx, article, MaxItems)
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, c := range comments {
		ids = append(ids, c.ArticleID)
	}
	of, err := s.articles.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, c := range comments {
		a := of[c.ArticleID]
		if a == nil {
			continue
		}
		r := newRemark(l.Base, c, a)
		l.Comments = append(l.Comments, r)
		if c.PostedAt.After(l.Updated) {
			l.Updated = c.PostedAt
		}
	}
	return l, nil
}

// changedSQL is when the newest change of anything was committed.
var changedSQL = store.MaintainBoth(`SELECT occurred_at FROM events ORDER BY id DESC LIMIT 1`)

// changed is a moment since which nothing has changed; zero when it is too near
// to be told in seconds from a change that follows it.
func (s *Service) changed(ctx context.Context) (time.Time, error) {
	found, err := store.Collect(ctx, s.db, changedSQL, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		return at, err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("look when something changed: %w", err)
	}
	if len(found) == 0 || s.Now().Sub(found[0]) < 2*time.Second {
		return time.Time{}, nil
	}
	return found[0].UTC().Truncate(time.Second), nil
}

// anonymous is the context of what everybody may read, whoever asks: the outputs
// of one reader are kept for the next.
func anonymous(r *http.Request) context.Context { return access.With(r.Context(), access.Viewer{}) }
