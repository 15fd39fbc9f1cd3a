package job_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

var mark = job.Kind[words]{Name: "test.mark", MaxAttempts: 1000, Backoff: atOnce, Concurrency: 8}

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func(context.Context, string) error{"node": func(ctx context.Context, url string) error {
		db, err := store.Open(ctx, url, store.Options{})
		if err != nil {
			return err
		}
		log := event.NewLog(db)
		r := job.New(db, log.Woken, job.Settings{Lease: 200 * time.Millisecond})
		job.Register(r, mark, marker(db, func(line string) { fmt.Println(line) }))
		go func() { _ = db.Listen(ctx, log.Wake) }()
		return r.Run(ctx)
	}})
}

// marker tells the outside of a job and then makes a tag of it, unless there is
// one: a handler that is safe to repeat.
func marker(db *store.DB, outside func(line string)) func(context.Context, words) error {
	return func(ctx context.Context, w words) error {
		info := job.Current(ctx)
		outside(fmt.Sprintf("%s %d", w.Text, info.ID))
		if err := db.Ent(ctx).Tag.Create().SetName(w.Text).SetSlug(w.Text).Exec(ctx); !store.IsDuplicate(err) {
			return err
		}
		return nil
	}
}

// TestKilledNode kills nodes in the middle of their jobs, again and again. Every
// job is done; one that runs again does so under the same id.
func TestKilledNode(t *testing.T) {
	t.Parallel()
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("BROADSHEET_SOAK_ROUNDS")); err == nil {
		rounds = n
	}
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{Lease: 200 * time.Millisecond})
		lines := make(chan string, 10_000)
		enqueued := 0
		ids := map[string]string{}
		see := func(line string) {
			text, id, _ := strings.Cut(line, " ")
			if before, again := ids[text]; again && before != id {
				t.Errorf("job %s runs again as %s", before, id)
			}
			ids[text] = id
		}
		for range rounds {
			for range 40 {
				enqueue(t, n, mark, words{fmt.Sprintf("t%d", enqueued)}, job.Options{})
				enqueued++
			}
			process := testkit.Start(t, "node", url)
			for range 15 {
				see(<-process.Lines)
			}
			for _, line := range process.Kill() {
				see(line)
			}
		}
		job.Register(n.Runner, mark, marker(n.db, func(line string) { lines <- line }))
		n.start(t)
		for len(tallies(t, n)) > 0 { // until the claims of the dead have expired and all is done
			runtime.Gosched()
		}
		for len(lines) > 0 {
			see(<-lines)
		}
		ctx := access.AsSystem(t.Context())
		tags, err := n.db.Ent(ctx).Tag.Query().Count(ctx)
		if err != nil || tags != enqueued || len(ids) != enqueued {
			t.Errorf("%d jobs, %d done, the outside was told of %d, %v", enqueued, tags, len(ids), err)
		}
	})
}
