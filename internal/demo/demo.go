// Package demo fills an empty database with the demonstration newsroom: what
// package newsroom tells, said in the words of the services.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// Services are what the newsroom is written with.
type Services struct {
	DB       *store.DB
	Accounts *account.Service
	Comments *comment.Service
	Content  *content.Service
	Media    *media.Service
	Newsroom *desk.Service
	Site     *site.Service
	Taxonomy *taxonomy.Service
}

// ErrNotEmpty says that there are articles already. Nothing was changed.
var ErrNotEmpty = errors.New("the database has articles already")

// Load fills the database, with all moments relative to now. It is all in one
// transaction: a database with a part of the newsroom is never seen. A
// database with articles in it is left alone; see ErrNotEmpty.
func Load(ctx context.Context, s Services, now time.Time) error {
	ctx = access.AsSystem(ctx)
	// Asked twice: first, because drawing is work; then, when nobody else
	// loads.
	if err := s.refuseArticles(ctx); err != nil {
		return err
	}
	news, err := newsroom.Load()
	if err != nil {
		return fmt.Errorf("load the demonstration: %w", err)
	}
	drawn, err := draw(ctx, news)
	if err != nil {
		return fmt.Errorf("load the demonstration: %w", err)
	}
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, lockSQL); err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		if err := s.refuseArticles(ctx); err != nil {
			return err
		}
		l := &loader{Services: s, news: news, drawn: drawn, now: now.UTC().Truncate(time.Microsecond)}
		return l.load(ctx)
	})
	if err != nil {
		return fmt.Errorf("load the demonstration: %w", err)
	}
	return nil
}

// lockSQL lets one node at a time load. SQLite has one writer anyway. The key
// is "demo" in ASCII.
var lockSQL = store.Maintain(`SELECT pg_advisory_xact_lock(x'64656d6f'::bigint)`, `SELECT 1`)

func (s Services) refuseArticles(ctx context.Context) error {
	some, err := s.DB.Ent(ctx).Article.Query().Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for articles: %w", err)
	}
	if some {
		return ErrNotEmpty
	}
	return nil
}

// loader writes one newsroom and remembers the keys of what it wrote by the
// names that the newsroom's files use.
type loader struct {
	Services
	news  *newsroom.Newsroom
	drawn *pictures
	now   time.Time

	media      map[mediaKey]int
	users      map[string]int
	categories map[string]int
	tags       map[string]int
	places     map[string]int
	series     map[string]int
	authors    map[string]int
	articles   map[string]int // by "key.language"
	pages      map[string]int // by key, in the first language that has it
	pageSlugs  map[string]string
}

func (l *loader) load(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"media", l.loadMedia}, {"users", l.loadUsers}, {"sections and other terms", l.loadTerms}, {"authors", l.loadAuthors},
		{"articles", l.loadArticles}, {"comments", l.loadComments}, {"pages", l.loadPages}, {"settings", l.loadSettings},
		{"menus", l.loadMenus}, {"ad slots", l.loadAdSlots}, {"redirects", l.loadRedirects}, {"picks and stories at work", l.loadDesk},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// at is the moment that lies an age before now.
func (l *loader) at(age time.Duration) *time.Time {
	return new(l.now.Add(-age))
}

// mainLanguage is that of things that have one wording beside their labels.
var mainLanguage = newsroom.Languages[0]
