package kept_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/kept"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func says(text string) func(context.Context) (*kept.Answer, error) {
	return func(context.Context) (*kept.Answer, error) {
		return kept.NewAnswer(http.Header{"Content-Type": {"text/plain"}}, []byte(text)), nil
	}
}

func put(t *testing.T, a *kept.Answers, key string, of kept.Of, text string) {
	t.Helper()
	if got, err := a.Make(t.Context(), key, of, now, says(text)); err != nil || string(got.Body) != text {
		t.Fatalf("%v, %v", got, err)
	}
}

func happens(t *testing.T, a *kept.Answers, entities ...string) {
	t.Helper()
	var events []event.Event
	for _, e := range entities {
		events = append(events, event.Event{Entity: e})
	}
	if err := a.Consume(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func TestAnswersGrowOldByWhatTheyAreMadeFrom(t *testing.T) {
	t.Parallel()
	both := []string{id.Article, id.LiveEntry, id.Category, id.Tag, id.Place, id.Series, id.Author, id.Media, id.Page, id.Redirect, event.Site, ""}
	for _, entity := range append(both, id.Comment, id.User, id.Webhook) {
		a := kept.New("test", 10, time.Minute)
		put(t, a, "articles", kept.Articles, "a")
		put(t, a, "discussion", kept.Discussion, "b")
		happens(t, a, entity)
		articles, discussion := true, true // are still right
		for _, e := range both {
			if e == entity {
				articles, discussion = false, false
			}
		}
		if entity == id.Comment || entity == id.User {
			discussion = false
		}
		if got := a.Get("articles", now) != nil; got != articles {
			t.Errorf("after %q: articles are kept: %t", entity, got)
		}
		if got := a.Get("discussion", now) != nil; got != discussion {
			t.Errorf("after %q: a discussion is kept: %t", entity, got)
		}
	}
}

func TestAnswersEndAfterAMinute(t *testing.T) {
	t.Parallel()
	a := kept.New("test", 10, time.Minute)
	put(t, a, "x", kept.Articles, "a")
	if a.Get("x", now.Add(time.Minute)) == nil || a.Get("x", now.Add(time.Minute+1)) != nil || a.Get("y", now) != nil {
		t.Error("kept too long, too short, or under another name")
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	a := kept.New("test", 3, time.Minute)
	for i := range 10 {
		put(t, a, fmt.Sprint(i), kept.Articles, "a")
	}
	there := 0
	for i := range 10 {
		if a.Get(fmt.Sprint(i), now) != nil {
			there++
		}
	}
	if there != 3 || a.Get("9", now) == nil {
		t.Errorf("%d are kept", there)
	}
	put(t, a, "long", kept.Articles, strings.Repeat("a", 512<<10))
	put(t, a, "too long", kept.Articles, strings.Repeat("a", 512<<10+1))
	if a.Get("long", now) == nil || a.Get("too long", now) != nil {
		t.Error("another length is kept")
	}
}

func TestWhatIsNotThereOrFailsIsNotKept(t *testing.T) {
	t.Parallel()
	a := kept.New("test", 10, time.Minute)
	broken := errors.New("broken")
	if got, err := a.Make(t.Context(), "x", kept.Articles, now, func(context.Context) (*kept.Answer, error) { return nil, broken }); got != nil || !errors.Is(err, broken) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := a.Make(t.Context(), "x", kept.Articles, now, func(context.Context) (*kept.Answer, error) { return nil, nil }); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if a.Get("x", now) != nil {
		t.Error("kept")
	}
}

func TestTheTagIsThatOfTheBody(t *testing.T) {
	t.Parallel()
	one, same, other := kept.NewAnswer(nil, []byte("a")), kept.NewAnswer(nil, []byte("a")), kept.NewAnswer(nil, []byte("b"))
	if one.ETag != same.ETag || one.ETag == other.ETag || !strings.HasPrefix(one.ETag, `"`) {
		t.Errorf("%s, %s, %s", one.ETag, same.ETag, other.ETag)
	}
}

// TestManyWaitForOne: an answer is made once for all who ask at once, also when the first
// of them leaves.
func TestManyWaitForOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := kept.New("test", 10, time.Minute)
		var builds atomic.Int64
		release := make(chan struct{})
		build := func(ctx context.Context) (*kept.Answer, error) {
			builds.Add(1)
			select {
			case <-release:
				return says("a")(ctx)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		first, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		ask := func(ctx context.Context) {
			group.Go(func() {
				if got, err := a.Make(ctx, "x", kept.Articles, now, build); err != nil || string(got.Body) != "a" {
					t.Errorf("%v, %v", got, err)
				}
			})
			synctest.Wait()
		}
		ask(first)
		for range 20 {
			ask(t.Context())
		}
		leave()
		synctest.Wait()
		close(release)
		group.Wait()
		if builds.Load() != 1 {
			t.Errorf("made %d times", builds.Load())
		}
	})
}

// TestWhoAsksAfterAChangeGetsWhatIsAfterIt, and not what was begun before.
func TestWhoAsksAfterAChangeGetsWhatIsAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := kept.New("test", 10, time.Minute)
		release := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			_, _ = a.Make(t.Context(), "x", kept.Articles, now, func(ctx context.Context) (*kept.Answer, error) {
				<-release
				return says("before")(ctx)
			})
		})
		synctest.Wait()
		happens(t, a, id.Article)
		var after string
		group.Go(func() {
			got, err := a.Make(t.Context(), "x", kept.Articles, now, says("after"))
			if err != nil {
				t.Error(err)
				return
			}
			after = string(got.Body)
		})
		synctest.Wait()
		close(release)
		group.Wait()
		if after != "after" {
			t.Errorf("got what was %q", after)
		}
		if got := a.Get("x", now); got != nil && string(got.Body) == "before" {
			t.Error("what is old is kept")
		}
	})
}

func TestMakingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := kept.New("test", 10, 3*time.Second)
		_, err := a.Make(t.Context(), "x", kept.Articles, now, func(ctx context.Context) (*kept.Answer, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended by %v", err)
		}
	})
}
