package graph_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

func TestScheduleHealth(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		const query = `{ scheduleHealth { dueCount oldestLateness nextDueAt lastDoneAt lateness { count median max } failing { article { id } attempts failingSince nextAttemptAt } } }`
		now := time.Now().UTC().Truncate(time.Second)
		for title, at := range map[string]time.Time{"Due": now.Add(-time.Minute), "Next": now.Add(time.Hour)} {
			must[[]*ent.Article](t)(n.Articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: title, Status: article.StatusScheduled, ScheduledAt: &at}))
		}
		ctx := t.Context()
		for _, want := range []struct {
			viewer access.Viewer
			code   string
		}{{access.Viewer{}, "UNAUTHENTICATED"}, {access.Viewer{UserID: 1, Role: access.Reader}, "FORBIDDEN"}} {
			if a, _ := n.ask(access.With(ctx, want.viewer), query, nil); len(a.codes()) != 1 || a.codes()[0] != want.code {
				t.Errorf("%q is answered %v, want %s", want.viewer.Role, a.codes(), want.code)
			}
		}
		type health struct {
			ScheduleHealth struct {
				DueCount              int
				OldestLateness        *float64
				NextDueAt, LastDoneAt *time.Time
				Lateness              *struct {
					Count       int
					Median, Max float64
				}
				Failing []any
			}
		}
		ask := func() (h health) {
			t.Helper()
			a, _ := n.ask(access.With(ctx, access.Viewer{UserID: 1, Role: access.Contributor}), query, nil)
			if err := json.Unmarshal(a.Data, &h); err != nil || len(a.Errors) > 0 {
				t.Fatalf("%v, %+v", err, a.Errors)
			}
			return h
		}
		h := ask().ScheduleHealth
		if h.DueCount != 1 || h.OldestLateness == nil || *h.OldestLateness < 60 || h.NextDueAt == nil || !h.NextDueAt.Equal(now.Add(time.Hour)) || h.LastDoneAt != nil || h.Lateness != nil {
			t.Errorf("health before: %+v", h)
		}
		if _, err := n.Newsroom.Sweep(ctx, time.Now()); err != nil {
			t.Fatal(err)
		}
		h = ask().ScheduleHealth
		if h.DueCount != 0 || h.OldestLateness != nil || h.LastDoneAt == nil || h.Lateness == nil || h.Lateness.Count != 1 || h.Lateness.Max < 60 {
			t.Errorf("health after: %+v", h)
		}
	})
}
