package demo

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	eventlog "github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

var now = time.Date(2026, 11, 5, 9, 30, 0, 0, time.UTC)

func services(t testing.TB, db *store.DB) Services {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	log := eventlog.NewLog(db)
	articles := content.New(db, log, directory.New(db, log))
	record, pages := audit.NewLog(db), site.New(db, log)
	return Services{
		DB: db, Accounts: account.New(db, log, record), Comments: comment.New(db, log), Content: articles,
		Media: media.New(db, log, bucket), Newsroom: desk.New(db, log, record, articles, pages, idempotency.New(db)), Site: pages, Taxonomy: taxonomy.New(db, log, articles),
	}
}

// TestLoad loads once on each database and looks at the result from several
// sides, because loading is most of the work.
func TestLoad(t *testing.T) {
	t.Parallel()
	news, err := newsroom.Load()
	if err != nil {
		t.Fatal(err)
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := services(t, db)
		if err := Load(t.Context(), s, now); err != nil {
			t.Fatal(err)
		}
		t.Run("holds all that the newsroom has", func(t *testing.T) { checkCounts(t, db, news) })
		t.Run("records every thing", func(t *testing.T) { checkEvents(t, db) })
		t.Run("hides what readers may not see", func(t *testing.T) { checkHidden(t, s, news) })
		t.Run("links translations", func(t *testing.T) { checkTranslations(t, s, news) })
		t.Run("leads every menu and redirect somewhere", func(t *testing.T) { checkTargets(t, db) })
		t.Run("places pictures in bodies", func(t *testing.T) { checkPictures(t, s) })
		t.Run("has a front page and stories at work", func(t *testing.T) { checkDesk(t, s) })
		t.Run("lets one account of each role sign in", func(t *testing.T) { checkSignIns(t, s) })
		t.Run("refuses a second time", func(t *testing.T) {
			before := db.Ent(t.Context()).Event.Query().CountX(t.Context())
			if err := Load(t.Context(), s, now); !errors.Is(err, ErrNotEmpty) {
				t.Errorf("loaded again: %v", err)
			}
			if after := db.Ent(t.Context()).Event.Query().CountX(t.Context()); after != before {
				t.Errorf("%d events, before %d", after, before)
			}
		})
	})
}

func checkSignIns(t *testing.T, s Services) {
	made, err := SignIns(t.Context(), s)
	if err != nil || len(made) != len(access.Roles()) {
		t.Fatalf("%d accounts, %v", len(made), err)
	}
	passwords := map[string]bool{}
	for _, d := range made {
		in, err := s.Accounts.SignIn(t.Context(), account.SignIn{Email: d.Email, Password: d.Password, Kind: session.KindBearer})
		if err != nil || string(in.Viewer.Role) != d.Role {
			t.Errorf("%s: %v", d.Email, err)
		}
		passwords[d.Password] = true
	}
	if len(passwords) != len(made) {
		t.Error("accounts share a password")
	}
}

func countComments(comments []newsroom.Comment) (all, approved int) {
	for _, c := range comments {
		all++
		if c.Status == "APPROVED" {
			approved++
		}
		a, b := countComments(c.Replies)
		all, approved = all+a, approved+b
	}
	return all, approved
}

func countItems(items []newsroom.MenuItem) int {
	n := len(items)
	for _, i := range items {
		n += countItems(i.Items)
	}
	return n
}

// rows counts the rows of each thing that has events.
func rows(ctx context.Context, c *ent.Client) map[string]int {
	return map[string]int{
		id.Article: c.Article.Query().CountX(ctx), id.Category: c.Category.Query().CountX(ctx), id.Tag: c.Tag.Query().CountX(ctx),
		id.Place: c.Place.Query().CountX(ctx), id.Series: c.Series.Query().CountX(ctx), id.Author: c.Author.Query().CountX(ctx),
		id.User: c.User.Query().CountX(ctx), id.Comment: c.Comment.Query().CountX(ctx), id.Page: c.Page.Query().CountX(ctx),
		id.Menu: c.Menu.Query().CountX(ctx), id.AdSlot: c.AdSlot.Query().CountX(ctx), id.Redirect: c.Redirect.Query().CountX(ctx),
		id.Media: c.Media.Query().CountX(ctx), eventlog.Site: c.Site.Query().CountX(ctx),
	}
}

func checkCounts(t *testing.T, db *store.DB, news *newsroom.Newsroom) {
	ctx := access.AsSystem(t.Context())
	c := db.Ent(ctx)
	comments, items, entries := 0, 0, 0
	for _, thread := range news.Comments {
		all, _ := countComments(thread.Comments)
		comments += all
	}
	for _, m := range news.Menus {
		items += countItems(m.Items)
	}
	for _, a := range news.Articles {
		entries += len(a.Entries)
	}
	want := map[string]int{
		id.Article: len(news.Articles), id.Category: len(news.Categories), id.Tag: len(news.Tags), id.Place: len(news.Places),
		id.Series: len(news.Series), id.Author: len(news.Authors), id.User: len(news.Users), id.Comment: comments, id.Page: len(news.Pages),
		id.Menu: len(news.Menus), id.AdSlot: len(news.Site.AdSlots), id.Redirect: len(news.Redirects),
		id.Media: 2*len(news.Media) + len(news.Authors) + 2, eventlog.Site: 1,
	}
	if diff := cmp.Diff(want, rows(ctx, c)); diff != "" {
		t.Error(diff)
	}
	if got := c.MenuItem.Query().CountX(ctx); got != items {
		t.Errorf("%d menu items, want %d", got, items)
	}
	if got := c.LiveEntry.Query().CountX(ctx); got != entries {
		t.Errorf("%d live entries, want %d", got, entries)
	}
	if n := c.Author.Query().CountX(ctx); n != len(news.Authors) {
		t.Errorf("%d authors", n)
	}
}

func checkEvents(t *testing.T, db *store.DB) {
	ctx := access.AsSystem(t.Context())
	c := db.Ent(ctx)
	seen := map[string]map[int]bool{}
	for _, e := range c.Event.Query().Select(event.FieldEntity, event.FieldEntityID).AllX(ctx) {
		if seen[e.Entity] == nil {
			seen[e.Entity] = map[int]bool{}
		}
		seen[e.Entity][e.EntityID] = true
	}
	got := map[string]int{}
	for entity, ids := range seen {
		got[entity] = len(ids)
	}
	want := rows(ctx, c)
	want[eventlog.Pick] = 1 // the front page
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkHidden(t *testing.T, s Services, news *newsroom.Newsroom) {
	ctx := t.Context() // of an anonymous reader
	for i := range news.Articles {
		a := &news.Articles[i]
		found, err := s.Content.BySlug(ctx, a.Slug)
		if err != nil || (found != nil) != a.Visible() {
			t.Errorf("%s: found %v, %v; want it seen: %v", a.File, found != nil, err, a.Visible())
		}
	}
	system := access.AsSystem(ctx)
	for _, a := range s.DB.Ent(system).Article.Query().AllX(system) {
		switch {
		case a.Status == article.StatusScheduled && (a.ScheduledAt == nil || !a.ScheduledAt.After(now)),
			a.Status == article.StatusEmbargoed && (a.EmbargoUntil == nil || !a.EmbargoUntil.After(now)),
			a.Status == article.StatusPublished && (a.PublishedAt == nil || a.PublishedAt.After(now)):
			t.Errorf("%s: %s with wrong moments", a.Slug, a.Status)
		}
	}
	approved := 0
	for _, thread := range news.Comments {
		_, n := countComments(thread.Comments)
		approved += n
	}
	if got := s.DB.Ent(ctx).Comment.Query().CountX(ctx); got > approved || got == 0 {
		t.Errorf("readers see %d comments of %d approved", got, approved)
	}
}

func checkTranslations(t *testing.T, s Services, news *newsroom.Newsroom) {
	ctx := t.Context()
	languages := map[string][]string{}
	for i := range news.Articles {
		if a := &news.Articles[i]; a.Visible() {
			languages[a.Key] = append(languages[a.Key], a.Language)
		}
	}
	for i := range news.Articles {
		a := &news.Articles[i]
		found, err := s.Content.BySlug(ctx, a.Slug)
		if err != nil {
			t.Fatal(err)
		}
		if found == nil {
			continue
		}
		others, err := s.Content.Translations(ctx, []*ent.Article{found.Article})
		if err != nil || len(others[found.ID]) != len(languages[a.Key])-1 {
			t.Errorf("%s: %d translations, %v; want %d", a.File, len(others[found.ID]), err, len(languages[a.Key])-1)
		}
	}
	pages := s.DB.Ent(ctx).Page.Query().AllX(ctx)
	grouped := 0
	for _, p := range pages {
		if p.TranslationGroup != nil {
			grouped++
		}
	}
	if grouped != 4 { // about and privacy are there in both languages
		t.Errorf("%d pages have translations", grouped)
	}
}

func checkTargets(t *testing.T, db *store.DB) {
	ctx := t.Context() // what a reader cannot see is a broken link
	c := db.Ent(ctx)
	exists := func(is string, key *int) bool {
		if key == nil {
			return false
		}
		var err error
		switch menuitem.TargetType(is) {
		case menuitem.TargetTypeCategory:
			_, err = c.Category.Get(ctx, *key)
		case menuitem.TargetTypeTag:
			_, err = c.Tag.Get(ctx, *key)
		case menuitem.TargetTypePage:
			_, err = c.Page.Get(ctx, *key)
		case menuitem.TargetTypeArticle:
			_, err = c.Article.Get(ctx, *key)
		case menuitem.TargetTypeAuthor:
			_, err = c.Author.Get(ctx, *key)
		case menuitem.TargetTypePlace:
			_, err = c.Place.Get(ctx, *key)
		case menuitem.TargetTypeSeries:
			_, err = c.Series.Get(ctx, *key)
		}
		return err == nil
	}
	for _, i := range c.MenuItem.Query().AllX(ctx) {
		switch i.TargetType {
		case menuitem.TargetTypeNone, menuitem.TargetTypeAddress:
			if i.Label == "" {
				t.Errorf("menu item %d has no label", i.ID)
			}
		default:
			if !exists(string(i.TargetType), i.TargetID) {
				t.Errorf("menu item %d (%s) leads to no %s", i.ID, i.Label, i.TargetType)
			}
		}
	}
	for _, r := range c.Redirect.Query().AllX(ctx) {
		if r.StatusCode != http.StatusGone && r.Address == "" && !exists(string(r.TargetType), r.TargetID) {
			t.Errorf("redirect %s leads to no %s", r.Path, r.TargetType)
		}
	}
	settings := c.Site.Query().OnlyX(ctx)
	for _, key := range []*int{settings.LogoID, settings.LogoDarkID} {
		if key == nil || c.Media.GetX(ctx, *key).ContentType != "image/svg+xml" {
			t.Errorf("logo %v", key)
		}
	}
}

func checkPictures(t *testing.T, s Services) {
	ctx := t.Context()
	found := map[richtext.Kind]int{}
	for _, d := range s.DB.Ent(ctx).ArticleDetail.Query().AllX(ctx) {
		for _, b := range d.Blocks {
			switch b.Kind {
			case richtext.Picture:
				found[b.Kind]++
				if b.MediaID == "" || b.URL == "" || b.Alt == "" || b.Width == 0 {
					t.Errorf("article %d: picture %+v", d.ArticleID, b)
				}
			case richtext.Gallery:
				found[b.Kind]++
				for _, i := range b.Images {
					if i.MediaID == "" || i.URL == "" || i.Alt == "" || i.Caption == "" {
						t.Errorf("article %d: gallery with %+v", d.ArticleID, i)
					}
				}
			case richtext.Video, richtext.Audio:
				found[b.Kind]++
			}
		}
	}
	for _, k := range []richtext.Kind{richtext.Picture, richtext.Gallery, richtext.Video, richtext.Audio} {
		if found[k] == 0 {
			t.Errorf("no %s in any body", k)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
		b.Run(string(d), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := services(b, testkit.Open(b, testkit.URL(b, d), store.Options{}))
				b.StartTimer()
				if err := Load(b.Context(), s, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// checkDesk looks at what editors find on their first day.
func checkDesk(t *testing.T, s Services) {
	ctx := access.AsSystem(t.Context())
	picks, err := s.Content.Picks(t.Context(), []int{0})
	if err != nil || len(picks[0]) != len(frontPage) {
		t.Errorf("%d picks, %v", len(picks[0]), err)
	}
	for _, status := range []article.Status{article.StatusInReview, article.StatusApproved} {
		if n := s.DB.Ent(ctx).Article.Query().Where(article.StatusEQ(status), article.AssigneeIDNotNil()).CountX(ctx); n != 1 {
			t.Errorf("%d articles are %s and have an assignee, want 1", n, status)
		}
	}
}
