package interest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	entarticle "github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// desk is a small site with a reader.
type desk struct {
	*app.Services
	statements testkit.Statements
	tags       []int
	section    int
	reader     access.Viewer
	other      access.Viewer
}

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	testkit.EachURL(t, func(t *testing.T, url string) {
		d := &desk{}
		d.Services = app.NewServices(testkit.Open(t, url, store.Options{Wrap: d.statements.Wrap}), nil)
		ctx := t.Context()
		d.tags = must[[]int](t)(d.Taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "Ports"}, taxonomy.Tag{Name: "Ferries"}, taxonomy.Tag{Name: "Storms"}))
		d.section = must[[]int](t)(d.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "World"}))[0]
		users := must[[]int](t)(d.Accounts.EnsureUsers(ctx, account.User{Email: "rima@example.org", DisplayName: "Rima"}, account.User{Email: "omar@example.org", DisplayName: "Omar"}))
		d.reader, d.other = access.Viewer{UserID: users[0], Role: access.Reader}, access.Viewer{UserID: users[1], Role: access.Reader}
		test(t, d)
	})
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// publish stores an article of a minute with tags.
func (d *desk) publish(t *testing.T, minute int, status entarticle.Status, tags ...int) *ent.Article {
	t.Helper()
	at := time.Date(2026, 3, 1, 9, minute, 0, 0, time.UTC)
	draft := &content.Draft{Title: fmt.Sprint("Story ", minute), Status: status, PublishedAt: &at, PrimaryCategory: &d.section}
	for _, i := range tags {
		draft.Tags = append(draft.Tags, d.tags[i])
	}
	return must[[]*ent.Article](t)(d.Articles.Save(t.Context(), draft))[0]
}

func (d *desk) follow(t *testing.T, ctx context.Context, tags ...int) {
	t.Helper()
	for _, i := range tags {
		for range 2 { // following twice is the same as once
			if err := d.Interests.Follow(ctx, interest.Topic{Prefix: id.Tag, Key: d.tags[i]}, true); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFeedHasEachArticleOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := access.With(t.Context(), d.reader)
		var want []int // newest first: those with a followed tag
		for minute := range 40 {
			tags := [][]int{{0}, {1}, {0, 1}, {2}, {}}[minute%5]
			a := d.publish(t, minute, entarticle.StatusPublished, tags...)
			if minute%5 < 3 {
				want = append([]int{a.ID}, want...)
			}
		}
		d.publish(t, 50, entarticle.StatusDraft, 0)
		d.follow(t, ctx, 0, 1)

		read := func(w keyset.Window) (keys []int, last *keyset.Key, first *keyset.Key) {
			t.Helper()
			d.statements.Take()
			places := must[[]interest.Place](t)(d.Interests.Feed(ctx, w))
			if n := len(d.statements.Take()); n > 1 {
				t.Errorf("a page of the feed costs %d statements", n)
			}
			for i, p := range places {
				keys = append(keys, p.ArticleID)
				if i == 0 {
					first = &keyset.Key{Time: p.At, ID: p.ArticleID}
				}
				last = &keyset.Key{Time: p.At, ID: p.ArticleID}
			}
			return keys, last, first
		}
		var forward []int
		w := keyset.First(7)
		for {
			keys, last, _ := read(w)
			forward = append(forward, keys...)
			if len(keys) < 7 {
				break
			}
			w.After = last
		}
		if diff := cmp.Diff(want, forward); diff != "" {
			t.Errorf("page by page (-want +got):\n%s", diff)
		}
		var backward []int
		w = keyset.Window{Limit: 5, Backward: true}
		for {
			keys, _, first := read(w)
			backward = append(append([]int{}, keys...), backward...)
			if len(keys) < 5 {
				break
			}
			w.Before = first
		}
		if diff := cmp.Diff(want, backward); diff != "" {
			t.Errorf("from the end (-want +got):\n%s", diff)
		}
		topics := must[map[int][]interest.Topic](t)(d.Interests.Followed(ctx, want[:1]))
		if len(topics[want[0]]) == 0 {
			t.Error("the followed topics of an article are not known")
		}
		if err := d.Interests.Unfollow(ctx, interest.Topic{Prefix: id.Tag, Key: d.tags[0]}); err != nil {
			t.Fatal(err)
		}
		if keys, _, _ := read(keyset.First(100)); len(keys) != 16 {
			t.Errorf("%d articles after unfollowing, want 16", len(keys))
		}
		for _, topic := range []interest.Topic{{Prefix: id.Article, Key: want[0]}, {Prefix: id.Tag, Key: 1 << 40}} {
			if err := d.Interests.Unfollow(ctx, topic); topic.Prefix != id.Tag && fault.CodeOf(err) != fault.BadUserInput {
				t.Errorf("unfollowing %v: %v", topic, err)
			}
			if err := d.Interests.Follow(ctx, topic, true); fault.CodeOf(err) != fault.BadUserInput && fault.CodeOf(err) != fault.NotFound {
				t.Errorf("following %v: %v", topic, err)
			}
		}
	})
}

// TestFeedReadsIndexesOnly: with many topics each is one look into the index of
// listings, on both databases.
func TestFeedReadsIndexesOnly(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := access.With(t.Context(), d.reader)
		d.follow(t, ctx, 0, 1, 2)
		for minute := range 20 {
			d.publish(t, minute, entarticle.StatusPublished, minute%3)
		}
		d.statements.Take()
		must[[]interest.Place](t)(d.Interests.Feed(ctx, keyset.First(5)))
		text := d.statements.Take()[0]
		if !strings.Contains(text, "LIMIT 1") || strings.Count(text, "LIMIT") < 3 {
			t.Errorf("the statement does not bound what it reads: %s", text)
		}
	})
}

func TestHistoryCanBeSwitchedOffAndCleared(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := access.With(t.Context(), d.reader)
		one, two := d.publish(t, 1, entarticle.StatusPublished), d.publish(t, 2, entarticle.StatusPublished)
		for _, a := range []*ent.Article{one, two, one} {
			if !must[bool](t)(d.Interests.MarkRead(ctx, a.ID)) {
				t.Error("not noted")
			}
		}
		history := func() (keys []int) {
			for _, r := range must[[]*interest.Read](t)(d.Interests.History(ctx, keyset.First(9))) {
				keys = append(keys, r.ArticleID)
			}
			return keys
		}
		if diff := cmp.Diff([]int{one.ID, two.ID}, history()); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		if _, err := d.Interests.UpdateSettings(ctx, func(s *ent.ReaderSettings) { s.HistoryEnabled = false }); err != nil {
			t.Fatal(err)
		}
		if must[bool](t)(d.Interests.MarkRead(ctx, two.ID)) {
			t.Error("noted although the history is switched off")
		}
		if n := must[int](t)(d.Interests.ClearHistory(ctx)); n != 2 || len(history()) != 0 {
			t.Errorf("cleared %d, left %v", n, history())
		}
	})
}

// collect runs what has happened through the consumer, as the log does.
func (d *desk) collect(t *testing.T, since event.Position) event.Position {
	t.Helper()
	testkit.Settle(t, d.DB)
	events := must[[]event.Event](t)(d.Log.Read(t.Context(), since, 1000))
	system := access.AsSystem(t.Context())
	for range 2 { // told twice, as a log may be after a crash
		if err := d.DB.Tx(system, func(ctx context.Context) error { return d.Interests.Consume(ctx, events) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(events) > 0 {
		return events[len(events)-1].Position
	}
	return since
}

func TestNotificationsTellEachThingOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx, other := access.With(t.Context(), d.reader), access.With(t.Context(), d.other)
		d.follow(t, ctx, 0, 1)
		at := must[event.Position](t)(d.Log.Head(t.Context()))
		a := d.publish(t, 1, entarticle.StatusPublished, 0, 1)
		mine := must[*comment.Posted](t)(d.Comments.Add(ctx, comment.Post{ArticleID: a.ID, Body: "mine"})).Comment
		must[*comment.Posted](t)(d.Comments.Add(other, comment.Post{ArticleID: a.ID, ParentID: mine.ID, Body: "theirs"}))
		must[*comment.Posted](t)(d.Comments.Add(ctx, comment.Post{ArticleID: a.ID, ParentID: mine.ID, Body: "mine again"}))
		moderator := access.With(t.Context(), access.Viewer{UserID: d.other.UserID, Role: access.Moderator})
		must[*comment.Item](t)(d.Moderator.Remove(moderator, mine.ID, "Insulting", true))
		pending := must[*comment.Posted](t)(d.Comments.Add(ctx, comment.Post{ArticleID: a.ID, Body: "waits"})).Comment
		db := access.AsSystem(t.Context())
		d.DB.Ent(db).Comment.UpdateOneID(pending.ID).SetStatus(entcomment.StatusPending).ExecX(db)
		must[[]*comment.Item](t)(d.Moderator.Reject(moderator, []int{pending.ID}))
		must[[]*comment.Item](t)(d.Moderator.Reject(moderator, []int{pending.ID})) // decided already
		d.collect(t, at)
		if err := d.Interests.TellAll(access.AsSystem(t.Context()), interest.Breaking{Article: a.ID, Text: "It rains"}); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		all := must[[]*interest.Notification](t)(d.Interests.Notifications(ctx, keyset.First(20)))
		for _, n := range all {
			got[string(n.Kind)+" "+n.Text]++
		}
		want := map[string]int{"FOLLOWED_TOPIC ": 1, "REPLY ": 1, "MODERATION Insulting": 1, "MODERATION ": 1, "BREAKING_NEWS It rains": 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if n := must[int](t)(d.Interests.CountNotifications(ctx, true, 100)); n != 5 {
			t.Errorf("%d unread", n)
		}
		if n := must[int](t)(d.Interests.MarkNotificationsRead(ctx, []int{all[0].ID, all[0].ID})); n != 1 {
			t.Errorf("marked %d", n)
		}
		if n := must[int](t)(d.Interests.MarkNotificationsRead(other, []int{all[1].ID})); n != 0 {
			t.Error("another reader marked it")
		}
		if n := must[int](t)(d.Interests.MarkNotificationsRead(ctx, nil)); n != 4 {
			t.Errorf("marked %d of the rest", n)
		}
		system := access.AsSystem(t.Context())
		d.DB.Ent(system).Article.UpdateOneID(a.ID).SetStatus(entarticle.StatusUnpublished).ExecX(system)
		if left := must[[]*interest.Notification](t)(d.Interests.Notifications(ctx, keyset.First(20))); len(left) != 0 {
			t.Errorf("told of an article that is hidden: %v", left)
		}
	})
}

func TestViewsAreCountedAndRanked(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		browser := access.WithOrigin(t.Context(), access.Origin{UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
		robot := access.WithOrigin(t.Context(), access.Origin{UserAgent: "Examplebot/2.1 (+https://bot.example)"})
		one, two, draft := d.publish(t, 1, entarticle.StatusPublished), d.publish(t, 2, entarticle.StatusPublished), d.publish(t, 3, entarticle.StatusDraft)
		var clients sync.WaitGroup
		for i := range 16 {
			clients.Go(func() {
				for n := range 10 {
					article := one.ID
					if n < 3 {
						article = two.ID
					}
					if _, err := d.Popularity.Record(browser, article); err != nil {
						t.Error(err)
					}
				}
				if i%4 == 0 {
					if err := d.Popularity.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		clients.Wait()
		for ctx, article := range map[context.Context]int{robot: one.ID, browser: draft.ID} {
			if counted, err := d.Popularity.Record(ctx, article); counted || err != nil {
				t.Errorf("counted %v, %v", counted, err)
			}
		}
		if err := d.Popularity.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.Popularity.Rank(t.Context()); err != nil {
			t.Fatal(err)
		}
		staff := access.With(t.Context(), access.Viewer{UserID: 1, Role: access.Editor})
		totals := must[map[int]int](t)(d.Popularity.Totals(staff, []int{one.ID, two.ID, draft.ID}))
		if diff := cmp.Diff(map[int]int{one.ID: 112, two.ID: 48}, totals); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
		if _, err := d.Popularity.Totals(access.With(t.Context(), d.reader), []int{one.ID}); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("a reader reads the counts: %v", err)
		}
		for _, section := range []int{0, d.section} {
			if diff := cmp.Diff([]int{one.ID, two.ID}, must[[]int](t)(d.Popularity.MostRead(t.Context(), 1, section, 10))); diff != "" {
				t.Errorf("most read of section %d (-want +got):\n%s", section, diff)
			}
		}
		system := access.AsSystem(t.Context())
		d.DB.Ent(system).Article.UpdateOneID(one.ID).SetStatus(entarticle.StatusUnpublished).ExecX(system)
		if diff := cmp.Diff([]int{two.ID}, must[[]int](t)(d.Popularity.MostRead(t.Context(), 1, 0, 10))); diff != "" {
			t.Errorf("with one hidden (-want +got):\n%s", diff)
		}
	})
}

func TestBreakingNewsIsToldOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		a := d.publish(t, 1, entarticle.StatusPublished)
		editor := access.With(t.Context(), access.Viewer{UserID: d.other.UserID, Role: access.Editor})
		for range 3 {
			if err := d.Interests.SendBreaking(editor, interest.Breaking{Article: a.ID, Text: "It rains"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Interests.SendBreaking(editor, interest.Breaking{Article: a.ID, Text: "It pours"}); err == nil || !strings.Contains(err.Error(), "told of this article") {
			t.Errorf("with other words: %v", err)
		}
		system := access.AsSystem(t.Context())
		if n := d.DB.Ent(system).AuditEntry.Query().CountX(system); n != 1 {
			t.Errorf("%d audit entries, want 1", n)
		}
		if n := d.DB.Ent(system).Event.Query().Where(entevent.Entity(event.Breaking)).CountX(system); n != 1 {
			t.Errorf("subscribers are told %d times, want once", n)
		}
	})
}

// TestMostReadOfEachWindow counts by the time until now, not by the clock's hour.
func TestMostReadOfEachWindow(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		now := time.Date(2026, 3, 10, 9, 15, 0, 0, time.UTC)
		hour := int(now.Unix() / 3600)
		var articles []*ent.Article
		add := func(views map[int]int) int { // by how many hours ago
			a := d.publish(t, len(articles), entarticle.StatusPublished)
			articles = append(articles, a)
			for ago, n := range views {
				if _, err := d.DB.Exec(t.Context(), viewSQL, hour-ago, a.ID, n); err != nil {
					t.Fatal(err)
				}
			}
			return a.ID
		}
		// At a quarter past nine, three quarters of the views of eight o'clock count.
		recent := add(map[int]int{1: 100})                       // 75 in the last hour, 100 in each longer window
		now9 := add(map[int]int{0: 80})                          // 80
		before := add(map[int]int{2: 1000})                      // none in the last hour
		edge := add(map[int]int{24: 1200})                       // 900 in the last day, 1200 in the last week
		lastWeek := add(map[int]int{7 * 24: 4000, 7*24 + 1: 99}) // 3000 in the last week, 4099 in the last month
		lastMonth := add(map[int]int{30 * 24: 8000})             // 6000 in the last month
		add(map[int]int{30*24 + 1: 100_000})                     // none
		d.Popularity.Now = func() time.Time { return now }
		if err := d.Popularity.Rank(t.Context()); err != nil {
			t.Fatal(err)
		}
		for window, want := range map[popularity.Span][]int{
			popularity.Hour:  {now9, recent},
			popularity.Day:   {before, edge, recent, now9},
			popularity.Week:  {lastWeek, edge, before, recent, now9},
			popularity.Month: {lastMonth, lastWeek, edge, before, recent, now9},
		} {
			if diff := cmp.Diff(want, must[[]int](t)(d.Popularity.MostRead(t.Context(), window, 0, 10))); diff != "" {
				t.Errorf("window %d (-want +got):\n%s", window, diff)
			}
		}
	})
}

var viewSQL = store.MaintainBoth(`INSERT INTO article_views (hour, article_id, views) VALUES ($1, $2, $3)`)

func TestRobots(t *testing.T) {
	t.Parallel()
	for agent, robot := range map[string]bool{
		"": true,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                  true,
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)":                                   true,
		"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)":                                          true,
		"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)":                       true,
		"Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)":                       true,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":                                 true,
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)":                                                true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)":    true,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0 Safari/537.36": true,
		"curl/8.5.0":             true,
		"Wget/1.21.4":            true,
		"python-requests/2.32.3": true,
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     false,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":    false,
		"Mozilla/5.0 (Linux; Android 15; CUBOT X90) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                    false,
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": false,
	} {
		if popularity.IsRobot(agent) != robot {
			t.Errorf("%q: taken for a robot: %v", agent, !robot)
		}
	}
}

// TestFeedHasEachKindOfTopic: an article is in the feed of whoever follows any one of
// its topics.
func TestFeedHasEachKindOfTopic(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		places := must[[]int](t)(d.Taxonomy.EnsurePlaces(ctx, taxonomy.Place{Name: "Muscat"}))
		authors := must[[]int](t)(d.Taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: "Nadia"}))
		series := must[[]int](t)(d.Taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: "The Ports"}))
		at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		a := must[[]*ent.Article](t)(d.Articles.Save(ctx, &content.Draft{Title: "All", Status: entarticle.StatusPublished, PublishedAt: &at, PrimaryCategory: &d.section,
			Tags: d.tags[:1], Places: places, Authors: authors, Series: &series[0]}))[0]
		d.publish(t, 5, entarticle.StatusPublished)
		for _, topic := range []interest.Topic{{Prefix: id.Category, Key: d.section}, {Prefix: id.Tag, Key: d.tags[0]}, {Prefix: id.Place, Key: places[0]}, {Prefix: id.Author, Key: authors[0]}, {Prefix: id.Series, Key: series[0]}} {
			reader := access.With(ctx, d.reader)
			if err := d.Interests.Follow(reader, topic, true); err != nil {
				t.Fatal(err)
			}
			found := must[[]interest.Place](t)(d.Interests.Feed(reader, keyset.First(10)))
			wanted := map[bool]int{true: 2, false: 1}[topic.Prefix == id.Category] // both stand in the section
			if len(found) != wanted || found[len(found)-1].ArticleID != a.ID {
				t.Errorf("following %s: %v", topic.Prefix, found)
			}
			if err := d.Interests.Unfollow(reader, topic); err != nil {
				t.Fatal(err)
			}
			if left := must[[]interest.Place](t)(d.Interests.Feed(reader, keyset.First(10))); len(left) != 0 {
				t.Errorf("after unfollowing %s: %v", topic.Prefix, left)
			}
		}
	})
}
