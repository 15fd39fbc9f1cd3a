package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/seed"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// benchPartners measures the feed of changes behind many changes, and the feeds, over
// HTTP of a server in a process of its own.
func benchPartners(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("partners", flag.ContinueOnError)
	articles := flags.Int("articles", 2000, "how many articles there are")
	changes := flags.Int("changes", 1_000_000, "how many changes lie behind")
	only := flags.String("database", "", "only sqlite3 or postgres")
	pages := flags.Int("pages", 20, "pages of 500 changes that are read at each place")
	runs := flags.Int("runs", 100, "how often the lag is measured")
	duration := flags.Duration("time", 3*time.Second, "how long feeds are asked for")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dbs, err := openDatabases(ctx)
	if err != nil {
		return err
	}
	defer dbs.close()
	for _, dialect := range dialects {
		if *only != "" && *only != string(dialect) {
			continue
		}
		db, _, err := dbs.open(ctx, dialect)
		if err != nil {
			return err
		}
		b := &partnersBench{db: db, s: app.NewServices(db, nil), url: dbs.url(dialect), articles: *articles, changes: *changes, pages: *pages, runs: *runs, duration: *duration}
		err = errors.Join(b.run(ctx), db.Close())
		if err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
	}
	return nil
}

type partnersBench struct {
	db                             *store.DB
	s                              *app.Services
	url                            string
	articles, changes, pages, runs int
	duration                       time.Duration

	server *process
	token  string
}

// changesSQL are so many changes of published articles in turn.
var changesSQL = store.Maintain(
	`INSERT INTO events (type, entity, entity_id, payload, occurred_at)
		SELECT 'article.updated', 'art', a.id, '{}', now() FROM generate_series(0, $1::int - 1) AS g(n)
		JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n, count(*) OVER () AS total FROM articles WHERE status = 'PUBLISHED') a ON g.n % a.total = a.n ORDER BY g.n`,
	`INSERT INTO events (type, entity, entity_id, payload, occurred_at)
		WITH RECURSIVE g(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM g WHERE n < $1 - 1),
		a AS MATERIALIZED (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM articles WHERE status = 'PUBLISHED'),
		t AS MATERIALIZED (SELECT count(*) AS total FROM a)
		SELECT 'article.updated', 'art', a.id, '{}', strftime('%Y-%m-%d %H:%M:%S+00:00', 'now') FROM g CROSS JOIN t JOIN a ON a.n = g.n % t.total`)

func (b *partnersBench) run(ctx context.Context) error {
	system := access.AsSystem(ctx)
	if _, err := seed.Run(ctx, b.s.Seed(), seed.Options{Articles: b.articles, Seed: 1}); err != nil {
		return err
	}
	made, token, err := b.s.Partners.Create(system, partner.Key{Name: "Bench", Scopes: partner.Scopes(), QuotaMinute: 1_000_000_000, QuotaDay: 1_000_000_000})
	if err != nil {
		return err
	}
	b.token = token
	keys, err := b.s.Partners.ForProgram(system, []int{made.ID})
	if err != nil {
		return err
	}
	var middle string
	for range 2 {
		if _, err := b.db.Exec(ctx, changesSQL, b.changes/2); err != nil {
			return fmt.Errorf("add changes: %w", err)
		}
		if middle == "" {
			if middle, err = b.s.Partners.End(ctx, keys[made.ID]); err != nil {
				return err
			}
		}
	}
	if _, err := b.db.Exec(ctx, store.MaintainBoth("ANALYZE")); err != nil {
		return err
	}
	end, err := b.s.Partners.End(ctx, keys[made.ID])
	if err != nil {
		return err
	}
	if b.server, err = startProcess(ctx, "serve-api", "-database", b.url, "-cache", "33554432"); err != nil {
		return err
	}
	defer b.server.stop()
	fmt.Printf("%s, %d articles, %d changes\n", b.db.Dialect, b.articles, b.changes)
	for _, from := range []struct{ name, cursor string }{{"from the beginning", ""}, {"from the middle", middle}} {
		if err := b.catchUp(ctx, from.name, from.cursor); err != nil {
			return err
		}
	}
	if err := b.nothingNew(ctx, end); err != nil {
		return err
	}
	if err := b.lag(ctx, end); err != nil {
		return err
	}
	return b.feeds(ctx)
}

// get asks the server; wait is set aside for answers that come when there is something.
func (b *partnersBench) get(ctx context.Context, client *http.Client, path string, header ...string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.url+path, nil)
	if err != nil {
		return nil, nil, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNotModified {
		err = fmt.Errorf("%s: %s: %.200s", path, answer.Status, text)
	}
	return answer, text, err
}

type changesPage struct {
	Changes []struct{ ArticleID string }
	Next    string
}

func (b *partnersBench) changesAfter(ctx context.Context, cursor, more string) (p changesPage, bytes int, err error) {
	_, text, err := b.get(ctx, http.DefaultClient, "/partner/changes?after="+cursor+more, "Authorization", "Bearer "+b.token) //nolint:bodyclose // get closes it
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, len(text), err
}

// catchUp reads pages one after another, as a partner does that was away.
func (b *partnersBench) catchUp(ctx context.Context, name, cursor string) error {
	var took []time.Duration
	read, bytes := 0, 0
	begun := time.Now()
	for range b.pages {
		start := time.Now()
		p, n, err := b.changesAfter(ctx, cursor, "&first=500")
		if err != nil {
			return err
		}
		took = append(took, time.Since(start))
		read, bytes, cursor = read+len(p.Changes), bytes+n, p.Next
	}
	fmt.Printf("  catching up %-18s  %6.0f changes a second, %3.0f MB a second, a page of 500 %s\n", name, float64(read)/time.Since(begun).Seconds(), float64(bytes)/1e6/time.Since(begun).Seconds(), quantiles(took))
	return nil
}

// nothingNew asks at the end of the feed.
func (b *partnersBench) nothingNew(ctx context.Context, end string) error {
	var took []time.Duration
	for range 200 {
		start := time.Now()
		if _, _, err := b.changesAfter(ctx, end, ""); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	fmt.Printf("  asking with nothing new         %s\n", quantiles(took))
	return nil
}

// lag measures how long after its commit, in another process, a change is read by
// whoever waits for it.
func (b *partnersBench) lag(ctx context.Context, cursor string) error {
	var took []time.Duration
	for i := range b.runs {
		type arrival struct {
			at  time.Time
			err error
		}
		arrived := make(chan arrival, 1)
		go func() { // ends with the change, or with ctx
			for {
				p, _, err := b.changesAfter(ctx, cursor, "&wait=9")
				if err != nil || len(p.Changes) > 0 {
					cursor = p.Next
					arrived <- arrival{time.Now(), err}
					return
				}
				cursor = p.Next
			}
		}()
		time.Sleep(30 * time.Millisecond) // until it waits
		now := time.Now().UTC()
		if _, err := b.s.Articles.Save(access.AsSystem(ctx), &content.Draft{Title: fmt.Sprintf("News %d", i), Status: article.StatusPublished, PublishedAt: &now, Language: "en",
			Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words"}}}); err != nil {
			return err
		}
		committed := time.Now()
		got := <-arrived
		if got.err != nil {
			return got.err
		}
		took = append(took, max(0, got.at.Sub(committed)))
	}
	fmt.Printf("  lag of a change                 %s\n", quantiles(took))
	return nil
}

const feedConnections = 8

// feeds asks for feeds from memory, with and without the tag of what is there, and for
// feeds that have to be made since something changed.
func (b *partnersBench) feeds(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: feedConnections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	for _, path := range []string{"/feed/", "/feed/atom/", "/feed/json/", "/feed/ninjs/"} {
		first, text, err := b.get(ctx, client, path) //nolint:bodyclose // get closes it
		if err != nil {
			return err
		}
		whole, err := b.rate(ctx, client, path)
		if err != nil {
			return err
		}
		same, err := b.rate(ctx, client, path, "If-None-Match", first.Header.Get("ETag"))
		if err != nil {
			return err
		}
		var made []time.Duration
		for i := range 20 {
			now := time.Now().UTC()
			if _, err := b.s.Articles.Save(access.AsSystem(ctx), &content.Draft{Title: fmt.Sprintf("Again %d", i), Status: article.StatusPublished, PublishedAt: &now, Language: "en"}); err != nil {
				return err
			}
			tag := first.Header.Get("ETag")
			for { // until the server has heard of it
				start := time.Now()
				answer, _, err := b.get(ctx, client, path) //nolint:bodyclose // get closes it
				if err != nil {
					return err
				}
				if answer.Header.Get("ETag") != tag {
					made, first = append(made, time.Since(start)), answer
					break
				}
			}
		}
		fmt.Printf("  %-13s %3d kB: %6.0f a second, with 304 %6.0f a second, made %s\n", path, len(text)/1000, whole, same, quantiles(made))
	}
	return nil
}

// rate is how many answers a second there are.
func (b *partnersBench) rate(ctx context.Context, client *http.Client, path string, header ...string) (float64, error) {
	var answers atomic.Int64
	var group sync.WaitGroup
	failures := make(chan error, feedConnections)
	begun := time.Now()
	for range feedConnections {
		group.Go(func() {
			for time.Since(begun) < b.duration {
				answer, _, err := b.get(ctx, client, path, header...) //nolint:bodyclose // get closes it
				if err == nil && len(header) > 0 && answer.StatusCode != http.StatusNotModified {
					err = fmt.Errorf("%s: %s in place of 304", path, answer.Status)
				}
				if err != nil {
					failures <- err
					return
				}
				answers.Add(1)
			}
		})
	}
	group.Wait()
	close(failures)
	return float64(answers.Load()) / time.Since(begun).Seconds(), errors.Join(slices.Collect(func(yield func(error) bool) {
		for err := range failures {
			if !yield(err) {
				return
			}
		}
	})...)
}
