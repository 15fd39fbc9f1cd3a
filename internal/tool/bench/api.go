package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/seed"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// The operations that are measured, as they stand in graph/testdata/golden.
var measured = []string{"bench-latest", "bench-article", "related-grid"}

// limit is how many times the processor time of the unit an answer may cost.
const limit = 3.0

// benchAPI measures the headline operations over HTTP on PostgreSQL, beside a
// handler that answers each with one SQL statement.
func benchAPI(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	articles := flags.Int("articles", 10_000, "articles of the newsroom")
	copies := flags.Int("copies", 1, "make the newsroom so many times as large, by SQL")
	duration := flags.Duration("time", 8*time.Second, "time for each measurement")
	documents := flags.String("documents", "graph/testdata/golden", "folder of the operations")
	database := flags.String("database", "", "a filled database, instead of making one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	bases, err := openDatabases(ctx)
	if err != nil {
		return err
	}
	defer bases.close()
	url, pid := *database, bases.cluster.PID()
	if url != "" {
		if pid, err = postmaster(ctx, url); err != nil {
			return err
		}
	} else {
		if url, err = fill(ctx, bases, *articles); err != nil {
			return err
		}
		if *copies > 1 {
			if err := multiplyNewsroom(ctx, bases, *copies); err != nil {
				return err
			}
		}
	}
	unit, err := startProcess(ctx, "serve-unit", "-database", url)
	if err != nil {
		return err
	}
	defer unit.stop()
	api, err := startProcess(ctx, "serve-api", "-database", url)
	if err != nil {
		return err
	}
	defer api.stop()
	slugs, err := someSlugs(ctx, api.url)
	if err != nil {
		return err
	}
	kept, err := startKept(ctx, url, api.url)
	if err != nil {
		return err
	}
	defer kept.stop()
	scanned, err := scans(ctx, url)
	if err != nil {
		return err
	}
	fmt.Printf("%d articles; ms of processor time for each request, server and database; replies compared with the unit's\n\n", *articles**copies)
	fmt.Println("| operation | connections | unit rps | unit ms | rps | p50 ms | p99 ms | server ms | database ms | ms | times the unit |")
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
	var over []error
	var fromMemory []string
	for _, name := range measured {
		document, err := os.ReadFile(filepath.Join(*documents, name+".graphql"))
		if err != nil {
			return err
		}
		requests, err := prepareRequests(ctx, name, string(document), slugs, unit.url, api.url)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, connections := range []int{1, 16, 64} {
			row, wrong, err := kept.measure(ctx, name, requests.api, connections, *duration)
			if err != nil {
				return fmt.Errorf("%s: from memory: %w", name, err)
			}
			fromMemory, over = append(fromMemory, row), append(over, wrong...)
			base, err := measure(ctx, requests.unit, connections, *duration, unit.cmd.Process.Pid, pid)
			if err != nil {
				return fmt.Errorf("%s: unit: %w", name, err)
			}
			own, err := measure(ctx, requests.api, connections, *duration, api.cmd.Process.Pid, pid)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			ratio := own.total() / base.total()
			fmt.Printf("| %s | %d | %.0f | %.3f | %.0f | %.2f | %.2f | %.3f | %.3f | %.3f | %.2f |\n", name, connections,
				base.perSecond, base.total(), own.perSecond, own.median, own.slowest, own.server, own.database, own.total(), ratio)
			if ratio > limit {
				over = append(over, fmt.Errorf("%s at %d connections costs %.2f times the unit, more than %.1f", name, connections, ratio, limit))
			}
		}
	}
	kept.print(fromMemory)
	time.Sleep(time.Second) // backends report their scans when they are idle
	scannedNow, err := scans(ctx, url)
	if err != nil {
		return err
	}
	for table, now := range scannedNow {
		if n := now - scanned[table]; n > 0 {
			over = append(over, fmt.Errorf("%s was read from end to end %d times", table, n))
		}
	}
	now, most, err := residentMB(api.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("\nresident memory of the server: %d MB now, %d MB at most\n", now, most)
	if most > 150 {
		over = append(over, fmt.Errorf("%d MB resident, more than 150", most))
	}
	return errors.Join(over...)
}

// postmaster is the process of a database server on this machine, whose children
// the processes of its connections are.
func postmaster(ctx context.Context, url string) (int, error) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	var backend int
	if err := db.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return 0, fmt.Errorf("ask the database for its process: %w", err)
	}
	_, parent, err := cpuOf(backend, false)
	if err != nil {
		return 0, fmt.Errorf("the database must run on this machine: %w", err)
	}
	return parent, nil
}

// fill seeds a new database and brings its statistics up to date.
func fill(ctx context.Context, bases *databases, articles int) (string, error) {
	db, _, err := bases.open(ctx, store.Postgres)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	s := app.NewServices(db, nil)
	start := time.Now()
	if _, err := seed.Run(ctx, s.Seed(), seed.Options{Articles: articles, Seed: 1}); err != nil {
		return "", err
	}
	fmt.Printf("seeded %d articles in %s\n", articles, time.Since(start).Round(time.Second))
	if _, err := db.Exec(ctx, store.MaintainBoth("VACUUM ANALYZE")); err != nil {
		return "", fmt.Errorf("vacuum: %w", err)
	}
	return bases.url(store.Postgres), nil
}

// serveAPI is the server as it is shipped, on a free port.
func serveAPI(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve-api", flag.ContinueOnError)
	database := flags.String("database", "", "postgres://…")
	cache := flags.Int("cache", 0, "bytes for answers that are kept")
	if err := flags.Parse(args); err != nil {
		return err
	}
	media, err := os.MkdirTemp("", "broadsheet-bench-media")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(media) }()
	cfg := config.Serve{Database: config.Database{Database: *database}, Media: config.Media{MediaDir: media}, Addr: "127.0.0.1:0",
		CORSOrigins: []string{"*"}, RequestTimeout: 10 * time.Second, Limits: config.Limits{MaxRequestBytes: 1 << 20}, ShutdownTimeout: time.Second, DatabaseConns: 16,
		Cache: config.Cache{CacheBytes: *cache, CacheAudit: 0.001}}
	a, err := app.New(ctx, cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	return a.Run(ctx, func(addr net.Addr) { fmt.Println(addr) })
}

// request is one request with the reply that is right.
type request struct {
	url  string
	body []byte
	want [sha256.Size]byte
}

type prepared struct{ unit, api []request }

// prepareRequests asks both for every variation once, and fails unless they
// say the same.
func prepareRequests(ctx context.Context, name, document string, slugs []string, unitURL, apiURL string) (p prepared, err error) {
	if name != "bench-article" {
		slugs = slugs[:1]
	}
	for _, slug := range slugs {
		variables := map[string]string{}
		if name == "bench-article" {
			variables["slug"] = slug
		}
		body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
		if err != nil {
			return p, err
		}
		u, a := request{url: unitURL + "/" + name, body: body}, request{url: apiURL + "/graphql", body: body}
		fromUnit, err := u.send(ctx, http.DefaultClient)
		if err != nil {
			return p, fmt.Errorf("unit: %w", err)
		}
		fromAPI, err := a.send(ctx, http.DefaultClient)
		if err != nil {
			return p, err
		}
		var x, y any
		if err := errors.Join(json.Unmarshal(fromUnit, &x), json.Unmarshal(fromAPI, &y)); err != nil {
			return p, err
		}
		if diff := cmp.Diff(x, y, sameMoments); diff != "" {
			return p, fmt.Errorf("the unit and the API disagree about %q:\n%.3000s", slug, diff)
		}
		u.want, a.want = sha256.Sum256(fromUnit), sha256.Sum256(fromAPI)
		p.unit, p.api = append(p.unit, u), append(p.api, a)
	}
	return p, nil
}

// sameMoments lets the unit write moments as PostgreSQL does, which costs it less.
var sameMoments = cmp.FilterValues(func(a, b string) bool {
	x, first := time.Parse(time.RFC3339, a)
	y, second := time.Parse(time.RFC3339, b)
	return first == nil && second == nil && x.Equal(y)
}, cmp.Comparer(func(_, _ string) bool { return true }))

func (r request) send(ctx context.Context, client *http.Client) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.300s", res.StatusCode, body)
	}
	return body, nil
}

// figures are what requests cost: processor time of one on average, and how long
// they took, median and 99th percentile, all in milliseconds.
type figures struct{ perSecond, server, database, median, slowest float64 }

func (f figures) total() float64 { return f.server + f.database }

// measure sends requests over a number of connections, checks every reply and
// reads the processor time of server and database before and after.
func measure(ctx context.Context, requests []request, connections int, duration time.Duration, server, database int) (figures, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	if _, err := burst(ctx, client, requests, connections, duration/4); err != nil { // to warm up
		return figures{}, err
	}
	serverBefore, _, err := cpuOf(server, false)
	if err != nil {
		return figures{}, err
	}
	databaseBefore, err := cpuOfTree(database)
	if err != nil {
		return figures{}, err
	}
	start := time.Now()
	took, err := burst(ctx, client, requests, connections, duration)
	if err != nil {
		return figures{}, err
	}
	elapsed, answered := time.Since(start), len(took)
	slices.Sort(took)
	milliseconds := func(share int) float64 {
		return float64(took[min(answered*share/100, answered-1)]) / float64(time.Millisecond)
	}
	serverAfter, _, err := cpuOf(server, false)
	if err != nil {
		return figures{}, err
	}
	databaseAfter, err := cpuOfTree(database)
	if err != nil {
		return figures{}, err
	}
	each := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) / float64(answered) }
	return figures{perSecond: float64(answered) / elapsed.Seconds(), server: each(serverAfter - serverBefore), database: each(databaseAfter - databaseBefore),
		median: milliseconds(50), slowest: milliseconds(99)}, nil
}

// burst sends requests for a while and gives how long each took.
func burst(ctx context.Context, client *http.Client, requests []request, connections int, duration time.Duration) ([]time.Duration, error) {
	var next atomic.Int64
	failures := make(chan error, connections)
	took := make([][]time.Duration, connections)
	var group sync.WaitGroup
	end := time.Now().Add(duration)
	for i := range connections {
		group.Go(func() {
			for begun := time.Now(); begun.Before(end); begun = time.Now() {
				r := requests[int(next.Add(1))%len(requests)]
				body, err := r.send(ctx, client)
				if err == nil && sha256.Sum256(body) != r.want {
					err = fmt.Errorf("a reply changed: %.300s", body)
				}
				if err != nil {
					failures <- err
					return
				}
				took[i] = append(took[i], time.Since(begun))
			}
		})
	}
	group.Wait()
	close(failures)
	all := slices.Concat(took...)
	if err := <-failures; err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("no request was answered")
	}
	return all, nil
}

// someSlugs gives the articles that bench-article asks for.
func someSlugs(ctx context.Context, apiURL string) ([]string, error) {
	body, err := json.Marshal(map[string]any{"query": "{ latestNews(first: 100) { nodes { slug } } }"})
	if err != nil {
		return nil, err
	}
	reply, err := request{url: apiURL + "/graphql", body: body}.send(ctx, http.DefaultClient)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			LatestNews struct {
				Nodes []struct{ Slug string }
			}
		}
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return nil, err
	}
	var slugs []string
	for _, n := range answer.Data.LatestNews.Nodes {
		slugs = append(slugs, n.Slug)
	}
	if len(slugs) == 0 {
		return nil, errors.New("the newsroom has no articles")
	}
	return slugs, nil
}
