package media

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/outbound"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// elsewhere notes files that are elsewhere, and gives their keys.
func elsewhere(t *testing.T, s *Service, addresses ...string) []int {
	t.Helper()
	var items []Elsewhere
	for _, a := range addresses {
		items = append(items, Elsewhere{Words: Words{SourceURL: a, Alt: "kept"}})
	}
	rows, err := s.Refer(t.Context(), items...)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]int, len(rows))
	for i, m := range rows {
		ids[i] = m.ID
	}
	return ids
}

func fetched(t *testing.T, s *Service, opts FetchOptions) *FetchReport {
	t.Helper()
	r, err := s.Fetch(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Seconds = 0
	return r
}

func row(t *testing.T, s *Service, key int) *ent.Media {
	t.Helper()
	m, err := s.db.Ent(t.Context()).Media.Get(access.AsSystem(t.Context()), key)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFetchBringsWhatIsThereAndTellsOfTheRest(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := setup(t, db)
		s.MaxBytes = 1 << 20
		data, asked := aPNG(t), 0
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			switch r.URL.Path {
			case "/wp-content/uploads/2024/a.png":
				_, _ = w.Write(data)
			case "/moved.png":
				http.Redirect(w, r, "/wp-content/uploads/2024/a.png", http.StatusFound)
			case "/loop.png":
				http.Redirect(w, r, "/loop.png", http.StatusFound)
			case "/page.html":
				_, _ = w.Write([]byte("<html><body>no picture</body></html>"))
			case "/large.png":
				w.Header().Set("Content-Length", "99999999999")
			case "/endless.png":
				for range 2000 {
					if _, err := w.Write(make([]byte, 1024)); err != nil {
						return
					}
				}
			default:
				http.NotFound(w, r)
			}
		}))
		defer web.Close()
		ids := elsewhere(t, s, web.URL+"/wp-content/uploads/2024/a.png", web.URL+"/moved.png", web.URL+"/gone.png", web.URL+"/page.html",
			web.URL+"/loop.png", web.URL+"/large.png", web.URL+"/endless.png", "ftp://example.org/a.png", "file:///etc/passwd")
		all := FetchOptions{Parallel: 1, open: func(netip.Addr) bool { return true }}
		r := fetched(t, s, all)
		if r.Missing != 9 || r.Fetched != 2 || r.Failed != 7 || r.Bytes != int64(2*len(data)) {
			t.Errorf("got %+v", r)
		}
		for i, want := range []string{"404", "not a kind of file", "redirects", "more than", "larger than", "open web", "open web"} {
			if i < len(r.Lines) && !strings.Contains(r.Lines[i].Reason, want) {
				t.Errorf("%s: %s, want %s", r.Lines[i].URL, r.Lines[i].Reason, want)
			}
		}
		m := row(t, s, ids[0])
		if m.Checksum == "" || m.Width != 7 || m.ContentType != "image/png" || m.Alt != "kept" {
			t.Errorf("got %+v", m)
		}
		if kept, err := s.bucket.ReadAll(t.Context(), m.BlobKey); err != nil || !bytes.Equal(kept, data) {
			t.Errorf("the blob: %v", err)
		}
		before := asked
		if r := fetched(t, s, all); r.Missing != 7 || asked-before > 10 {
			t.Errorf("again: %+v, %d requests", r, asked-before)
		}
	})
}

func TestFetchDoesNotReachInside(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	asked := 0
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write(aPNG(t))
	}))
	defer inside.Close()
	port := inside.Listener.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	name := strings.Replace(inside.URL, "127.0.0.1", "localhost", 1)
	elsewhere(t, s, inside.URL+"/a.png", name+"/a.png", strings.Replace(inside.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)+"/a.png")
	if r := fetched(t, s, FetchOptions{}); r.Failed != 3 || asked != 0 {
		t.Errorf("port %d: got %+v, %d requests", port, r, asked)
	}
}

func TestARedirectDoesNotLeadInside(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	asked := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer inside.Close()
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL+"/secret.png", http.StatusFound)
	}))
	defer outside.Close()
	elsewhere(t, s, outside.URL+"/a.png")
	// Both are on this machine: the first connection stands for one outside.
	first := true
	r := fetched(t, s, FetchOptions{Parallel: 1, open: func(a netip.Addr) bool {
		was := first
		first = false
		return was || outbound.IsOpen(a)
	}})
	if r.Failed != 1 || asked != 0 || !strings.Contains(r.Lines[0].Reason, "open web") {
		t.Errorf("got %+v, %d requests", r, asked)
	}
}

func TestFetchReadsAFolderAndNothingAboveIt(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "uploads/2024"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uploads/2024/a.png", "secret.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), aPNG(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "secret.png"), filepath.Join(dir, "uploads/link.png")); err != nil {
		t.Fatal(err)
	}
	ids := elsewhere(t, s, "https://old.example/wp-content/uploads/2024/a.png", "https://old.example/wp-content/uploads/../secret.png",
		"https://old.example/wp-content/uploads/link.png")
	r := fetched(t, s, FetchOptions{Uploads: filepath.Join(dir, "uploads"), Offline: true})
	if r.Fetched != 1 || r.Failed != 2 {
		t.Errorf("got %+v", r)
	}
	if m := row(t, s, ids[0]); m.BlobKey == "" {
		t.Error("the file is not here")
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	elsewhere(t, s, "https://old.example/a.png")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Fetch(ctx, FetchOptions{}); err == nil {
		t.Error("no error")
	}
}
