package popularity_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func(context.Context, string) error{"counter": count})
}

func browser(ctx context.Context) context.Context {
	return access.WithOrigin(ctx, access.Origin{UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
}

// count records views of the one article until it is killed. It tells of each before it
// counts it, and of each batch that is written.
func count(ctx context.Context, url string) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	key, err := db.Ent(access.AsSystem(ctx)).Article.Query().OnlyID(access.AsSystem(ctx))
	if err != nil {
		return err
	}
	s := popularity.New(db)
	for n := 1; ; n++ {
		fmt.Println("viewed", n)
		if counted, err := s.Record(browser(ctx), key); err != nil || !counted {
			return fmt.Errorf("view %d: counted %v, %w", n, counted, err)
		}
		if n%10 == 0 {
			if err := s.Flush(ctx); err != nil {
				return err
			}
			fmt.Println("written", n)
		}
	}
}

var sumsSQL = store.MaintainBoth(`SELECT coalesce((SELECT sum(views) FROM article_views), 0), coalesce((SELECT sum(views) FROM article_view_totals), 0)`)

// views are those of all hours, which are as many as the totals.
func views(t *testing.T, db *store.DB) int {
	t.Helper()
	found, err := store.Collect(t.Context(), db, sumsSQL, func(rows *sql.Rows) (sums [2]int, err error) {
		err = rows.Scan(&sums[0], &sums[1])
		return sums, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found[0][0] != found[0][1] {
		t.Errorf("the hours have %d views, the totals %d", found[0][0], found[0][1])
	}
	return found[0][1]
}

func publish(t *testing.T, db *store.DB) *ent.Article {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	return db.Ent(ctx).Article.Create().SetTitle("Ferry deal").SetSlug("ferry-deal").SetStatus(article.StatusPublished).SetPublishedAt(time.Now().UTC()).SaveX(ctx)
}

// TestKilledWhileCounting ends the process that counts, again and again: it loses at most
// what came since its last batch, a batch is written as a whole or not at all, and no view
// counts twice.
func TestKilledWhileCounting(t *testing.T) {
	t.Parallel()
	if popularity.FlushEvery > 5*time.Second {
		t.Errorf("a crash loses the views of %s", popularity.FlushEvery)
	}
	testkit.EachURL(t, func(t *testing.T, url string) {
		db := testkit.Open(t, url, store.Options{})
		publish(t, db)
		for round := range 5 {
			before, viewed, written := views(t, db), 0, 0
			see := func(line string) {
				what, text, _ := strings.Cut(line, " ")
				n, err := strconv.Atoi(text)
				if err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if what == "written" {
					written = n
				} else {
					viewed = n
				}
			}
			process := testkit.Start(t, "counter", url)
			for range 30 + 7*round {
				see(<-process.Lines)
			}
			for _, line := range process.Kill() {
				see(line)
			}
			if n := views(t, db) - before; n < written || n > viewed || n%10 != 0 {
				t.Errorf("%d of %d views are counted, %d were written", n, viewed, written)
			}
		}
	})
}

// TestViewsWhoseWritingIsNotConfirmed may be stored: they are not written again. Those that
// were refused are.
func TestViewsWhoseWritingIsNotConfirmed(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		lost := new(commits)
		db := testkit.Open(t, url, store.Options{Wrap: lost.wrap})
		key := publish(t, db).ID
		s := popularity.New(db)
		view := func(n int) {
			t.Helper()
			for range n {
				if counted, err := s.Record(browser(t.Context()), key); !counted || err != nil {
					t.Fatalf("counted %v, %v", counted, err)
				}
			}
		}
		view(3)
		lost.answer.Store(true)
		if err := s.Flush(t.Context()); err == nil {
			t.Fatal("the answer was not lost")
		}
		lost.answer.Store(false)
		view(2)
		ended, end := context.WithCancel(t.Context())
		end()
		if err := s.Flush(ended); err == nil {
			t.Fatal("written after the end")
		}
		for range 2 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := views(t, db); n != 5 {
			t.Errorf("%d views are counted, want 5", n)
		}
	})
}

// commits are commits to which, while answer is set, no answer comes.
type commits struct{ answer atomic.Bool }

func (c *commits) wrap(in driver.Connector) driver.Connector { return &losingConnector{in, c} }

type losingConnector struct {
	driver.Connector
	commits *commits
}

func (c *losingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &losingConn{conn, c.commits}, nil
}

type losingConn struct {
	driver.Conn
	commits *commits
}

func (c *losingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &losingTx{tx, c.commits}, nil
}

func (c *losingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *losingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *losingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
}

func (c *losingConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type losingTx struct {
	driver.Tx
	commits *commits
}

func (tx *losingTx) Commit() error {
	err := tx.Tx.Commit()
	if err == nil && tx.commits.answer.Load() {
		return fmt.Errorf("the line was cut: %w", store.ErrUnconfirmed)
	}
	return err
}
