package newsroom_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/revision"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func (b *bundle) planned(step newsroom.Step, title string, at time.Time, change ...func(*newsroom.StepInput)) *ent.Article {
	b.t.Helper()
	return b.step(access.Editor, step, b.create(access.Editor, title), append(change, func(t *newsroom.StepInput) { t.At = &at })...)
}

// sweep lets the server do what is due at a moment.
func (b *bundle) sweep(now time.Time) newsroom.Swept {
	b.t.Helper()
	b.now = now
	done, err := b.desk.Sweep(b.t.Context(), now)
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

func (b *bundle) stored(a *ent.Article) *ent.Article {
	b.t.Helper()
	system := access.AsSystem(b.t.Context())
	return b.db.Ent(system).Article.GetX(system, a.ID)
}

// traces are what is left of what the server did with an article.
type traces struct{ Revisions, Audit, Published, Unpublished int }

func (b *bundle) traces(a *ent.Article) (t traces) {
	b.t.Helper()
	system := access.AsSystem(b.t.Context())
	client := b.db.Ent(system)
	t.Revisions = client.Revision.Query().Where(revision.ArticleID(a.ID), revision.Action("due"), revision.UserIDIsNil()).CountX(system)
	t.Audit = client.AuditEntry.Query().Where(auditentry.EntityID(a.ID), auditentry.Entity("art"), auditentry.Action("due"), auditentry.ActorIDIsNil()).CountX(system)
	t.Published = client.Event.Query().Where(entevent.EntityID(a.ID), entevent.Type("article.published")).CountX(system)
	t.Unpublished = client.Event.Query().Where(entevent.EntityID(a.ID), entevent.Type("article.unpublished")).CountX(system)
	return t
}

func TestPlansAreCarriedOutAtTheirMoment(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		noon, evening := morning.Add(4*time.Hour), morning.Add(10*time.Hour)
		story := b.planned(newsroom.Schedule, "Ferry returns", noon, func(t *newsroom.StepInput) { t.UnpublishAt = &evening })
		held := b.planned(newsroom.Embargo, "Budget", noon.Add(time.Minute))
		trashed, err := b.desk.Trash(b.as(access.Editor), b.planned(newsroom.Schedule, "Wrong", noon).ID, nil, "")
		if err != nil {
			t.Fatal(err)
		}

		if done := b.sweep(noon.Add(-time.Microsecond)); done.Done != 0 {
			t.Errorf("%d done before the moment", done.Done)
		}
		done := b.sweep(noon.Add(30 * time.Second))
		if done.Done != 1 || !done.Earliest.Equal(noon) {
			t.Errorf("swept %+v, want one planned for %v", done, noon)
		}
		if diff := cmp.Diff([]string{"Ferry returns"}, b.latest()); diff != "" {
			t.Errorf("latest news: %s", diff)
		}
		live := b.stored(story)
		if !live.PublishedAt.Equal(noon) || !live.FirstPublishedAt.Equal(noon) || live.ScheduledAt != nil || live.Version != story.Version+1 || live.EditedAt.Equal(b.now) {
			t.Errorf("published as %+v", live)
		}
		if diff := cmp.Diff(traces{Revisions: 1, Audit: 1, Published: 1}, b.traces(story)); diff != "" {
			t.Errorf("traces of the publication: %s", diff)
		}

		b.sweep(noon.Add(time.Minute))
		if diff := cmp.Diff([]string{"Budget", "Ferry returns"}, b.latest()); diff != "" {
			t.Errorf("latest news once the embargo lifts: %s", diff)
		}
		if lifted := b.stored(held); lifted.EmbargoUntil != nil || !lifted.PublishedAt.Equal(noon.Add(time.Minute)) {
			t.Errorf("lifted %+v", lifted)
		}
		b.sweep(evening)
		if diff := cmp.Diff([]string{"Budget"}, b.latest()); diff != "" {
			t.Errorf("latest news in the evening: %s", diff)
		}
		if diff := cmp.Diff(traces{Revisions: 2, Audit: 2, Published: 1, Unpublished: 1}, b.traces(story)); diff != "" {
			t.Errorf("traces of both: %s", diff)
		}
		if again := b.sweep(evening.Add(time.Hour)); again.Done != 0 || b.stored(trashed).Status != article.StatusApproved {
			t.Errorf("swept again: %+v; in the trash is %+v", again, b.stored(trashed))
		}

		kept, err := db.Ent(access.AsSystem(t.Context())).Revision.Query().Where(revision.ArticleID(story.ID), revision.Action("due")).Order(ent.Asc(revision.FieldNumber)).All(access.AsSystem(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := newsroom.Snapshot(kept[0])
		if err != nil || snapshot.Status != article.StatusPublished || !snapshot.PublishedAt.Equal(noon) || len(snapshot.Body) != 1 {
			t.Errorf("the revision keeps %+v, %v", snapshot, err)
		}
	})
}

func TestServerThatWasDownShowsNothingThatIsOver(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		noon, evening := morning.Add(4*time.Hour), morning.Add(10*time.Hour)
		over := b.planned(newsroom.Schedule, "Offer of the day", noon, func(t *newsroom.StepInput) { t.UnpublishAt = &evening })
		b.planned(newsroom.Schedule, "Ferry returns", noon)
		b.sweep(evening.Add(time.Hour))
		if diff := cmp.Diff([]string{"Ferry returns"}, b.latest()); diff != "" {
			t.Errorf("latest news: %s", diff)
		}
		if a := b.stored(over); a.Status != article.StatusUnpublished || a.PublishedAt != nil || a.ScheduledAt != nil || a.UnpublishAt != nil {
			t.Errorf("what is over is %+v", a)
		}
		if diff := cmp.Diff(traces{Revisions: 1, Audit: 1}, b.traces(over)); diff != "" {
			t.Errorf("traces of what is over: %s", diff)
		}
	})
}

// poison fails to be derived for one article, until it is mended.
type poison struct{ article int }

func (p *poison) Refresh(_ context.Context, articles []int) error {
	if slices.Contains(articles, p.article) {
		return errors.New("poison")
	}
	return nil
}

func TestFailingArticleDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		bad := &poison{}
		b.articles.Derive(bad)
		noon := morning.Add(4 * time.Hour)
		first := b.planned(newsroom.Schedule, "One", noon.Add(-time.Second))
		failing := b.planned(newsroom.Schedule, "Two", noon)
		last := b.planned(newsroom.Schedule, "Three", noon.Add(time.Second))
		bad.article = failing.ID

		now := noon.Add(2 * time.Second)
		done := b.sweep(now)
		if done.Done != 2 || len(done.Failed) != 1 || done.Failed[0].ArticleID != failing.ID {
			t.Fatalf("swept %+v", done)
		}
		for _, a := range []*ent.Article{first, last} {
			if diff := cmp.Diff(traces{Revisions: 1, Audit: 1, Published: 1}, b.traces(a)); diff != "" {
				t.Errorf("traces of %q: %s", a.Title, diff)
			}
		}
		if diff := cmp.Diff(traces{}, b.traces(failing)); diff != "" {
			t.Errorf("traces of the failing one: %s", diff)
		}
		// It is tried again with growing delay, and told once.
		for _, step := range []struct {
			after    time.Duration
			attempts int
		}{{500 * time.Millisecond, 1}, {time.Second, 2}, {2 * time.Second, 2}, {3 * time.Second, 3}} {
			if done := b.sweep(now.Add(step.after)); done.Done != 0 || len(done.Failed) != 0 {
				t.Errorf("after %v: swept %+v", step.after, done)
			}
			health, err := b.desk.ScheduleHealth(b.as(access.Editor))
			if err != nil || len(health.Failing) != 1 || health.Failing[0].Attempts != step.attempts || health.Due != 1 || health.Oldest != 2*time.Second+step.after {
				t.Errorf("after %v: health %+v, %v; want %d attempts", step.after, health, err, step.attempts)
			}
		}
		// A change is a new chance.
		b.now = now.Add(4 * time.Second)
		bad.article = 0
		title := "Two, mended"
		if _, err := b.desk.Update(b.as(access.Editor), failing.ID, newsroom.Update{Patch: newsroom.Patch{Title: &title}}); err != nil {
			t.Fatal(err)
		}
		if done := b.sweep(b.now); done.Done != 1 {
			t.Errorf("swept %+v once it was mended", done)
		}
		health, err := b.desk.ScheduleHealth(b.as(access.Editor))
		if err != nil || len(health.Failing) != 0 || health.Due != 0 {
			t.Errorf("health %+v, %v once it was mended", health, err)
		}
	})
}

func TestSweepsTogetherDoEachOnce(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		noon := morning.Add(4 * time.Hour)
		var all []*ent.Article
		for range 130 { // more than two batches
			all = append(all, b.planned(newsroom.Schedule, "Story", noon))
		}
		b.now = noon
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := b.desk.Sweep(t.Context(), noon); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, a := range all {
			if diff := cmp.Diff(traces{Revisions: 1, Audit: 1, Published: 1}, b.traces(a)); diff != "" {
				t.Errorf("traces: %s", diff)
			}
			if is := b.stored(a); is.Version != a.Version+1 || is.Status != article.StatusPublished {
				t.Errorf("stored %+v", is)
			}
		}
		related := 0
		for {
			n, err := b.articles.RelateSoon(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if related += n; n == 0 {
				break
			}
		}
		if related != len(all) {
			t.Errorf("%d were related, want %d", related, len(all))
		}
	})
}

func TestSleepingServerIsWokenByAnEarlierPlan(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		clock := func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
		b.desk.Now, b.articles.Now = clock, clock
		ctx, stop := context.WithCancel(t.Context())
		published := make(chan struct{}, 10)
		b.articles.Derive(told{db, published})
		done := make(chan error, 1)
		b.planned(newsroom.Schedule, "Far", clock().Add(time.Hour))
		go func() { done <- b.desk.KeepSchedule(ctx, slog.New(slog.DiscardHandler)) }()
		soon := b.create(access.Editor, "Soon")
		at := clock().Add(time.Second)
		b.step(access.Editor, newsroom.Schedule, soon, func(t *newsroom.StepInput) { t.At = &at })
		<-published
		if diff := cmp.Diff([]string{"Soon"}, b.latest()); diff != "" {
			t.Errorf("latest news: %s", diff)
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// told tells when a transaction has committed that made an article visible.
type told struct {
	db        *store.DB
	published chan<- struct{}
}

func (d told) Refresh(ctx context.Context, articles []int) error {
	live := d.db.Ent(ctx).Article.Query().Where(article.IDIn(articles...), article.StatusEQ(article.StatusPublished)).ExistX(ctx)
	if live {
		d.db.AfterCommit(ctx, func() { d.published <- struct{}{} })
	}
	return nil
}

var _ content.Derivation = told{}

// stopped is a node that stops in the middle of a sweep.
type stopped struct{ reached, goOn chan struct{} }

func (s *stopped) Refresh(context.Context, []int) error {
	close(s.reached)
	<-s.goOn
	return nil
}

// TestStoppedNodeKeepsNothingFromReaders: the articles that a node has claimed
// when it stops are published by another once PostgreSQL ends its idle
// transaction, and nothing is done twice when it goes on.
func TestStoppedNodeKeepsNothingFromReaders(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.Postgres)
	and := "?"
	if strings.Contains(url, "?") {
		and = "&"
	}
	b := setup(t, testkit.Open(t, url, store.Options{}))
	noon := morning.Add(4 * time.Hour)
	due := []*ent.Article{b.planned(newsroom.Schedule, "One", noon), b.planned(newsroom.Schedule, "Two", noon)}

	node := testkit.Open(t, url+and+"idle_in_transaction_session_timeout=400", store.Options{})
	log := event.NewLog(node)
	dir := directory.New(node, log)
	articles := content.New(node, log, dir)
	stop := &stopped{make(chan struct{}), make(chan struct{})}
	articles.Derive(stop)
	other := newsroom.New(node, log, audit.NewLog(node), articles, site.New(node, log), idempotency.New(node))
	other.Now = func() time.Time { return noon }
	articles.Now = other.Now
	failed := make(chan error, 1)
	for reached := false; !reached; {
		go func() {
			_, err := other.Sweep(t.Context(), noon)
			failed <- err
		}()
		select {
		case <-stop.reached:
			reached = true
		case err := <-failed: // a busy machine, whose transaction was ended before it came so far
			if fault.CodeOf(err) != fault.TryAgain {
				t.Fatalf("the sweep that is to stop ended: %v", err)
			}
		}
	}
	for done := 0; done < len(due) && t.Context().Err() == nil; {
		done += b.sweep(noon).Done
	}
	close(stop.goOn)
	if err := <-failed; err != nil && fault.CodeOf(err) != fault.TryAgain {
		t.Errorf("the node that stopped says %v", err)
	}
	for _, a := range due {
		if diff := cmp.Diff(traces{Revisions: 1, Audit: 1, Published: 1}, b.traces(a)); diff != "" {
			t.Errorf("%s: %s", a.Title, diff)
		}
	}
}
