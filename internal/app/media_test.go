package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// mediaDocs gives the blocks of commands of docs/media.md.
func mediaDocs(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/media.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// TestCurlUploadsAsTheDocsSay runs the commands of docs/media.md: by the multipart request,
// and by an upload that can be resumed.
func TestCurlUploadsAsTheDocsSay(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("curl")
	testkit.Need(t, "curl", err == nil)
	blocks := mediaDocs(t)
	if len(blocks) != 2 {
		t.Fatalf("docs/media.md has %d blocks of commands", len(blocks))
	}
	begin, rest, ok := strings.Cut(blocks[1], "# Location: ")
	_, finish, cut := strings.Cut(rest, "\n")
	if !ok || !cut {
		t.Fatalf("no second part: %s", blocks[1])
	}
	testkit.EachURL(t, func(t *testing.T, database string) {
		s := runNode(t, database)
		_, _, token := s.signedIn(t, user.RoleAuthor)
		folder := t.TempDir()
		film, err := os.ReadFile("../media/testdata/v.mp4")
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{"harbour.jpg": pictureOf(t, 640, 400), "boats.mp4": film} {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run := func(script string, env ...string) string {
			t.Helper()
			c := exec.CommandContext(t.Context(), "bash", "-euc", strings.ReplaceAll(script, "localhost:8080", strings.TrimPrefix(s.url, "http://")))
			c.Dir, c.Env = folder, append(append(os.Environ(), "TOKEN="+token), env...)
			out, err := c.Output()
			if err != nil {
				t.Fatalf("%s: %v\n%s", script, err, out)
			}
			return string(out)
		}
		answer := run(blocks[0])
		address := regexp.MustCompile(`"url":"([^"]+)"`).FindStringSubmatch(answer)
		if address == nil || !strings.Contains(answer, `"width":640`) {
			t.Fatalf("answered %s", answer)
		}
		if got := download(t, s.url+address[1], ""); got.status != http.StatusOK {
			t.Errorf("%s: %d", address[1], got.status)
		}
		begun := run(begin)
		location := regexp.MustCompile(`(?i)\nlocation: (\S+)`).FindStringSubmatch(begun)
		if location == nil {
			t.Fatalf("begun: %s", begun)
		}
		finished := run(finish, "LOCATION="+location[1])
		address = regexp.MustCompile(`"url":"([^"]+-boats\.mp4)"`).FindStringSubmatch(finished)
		if address == nil {
			t.Fatalf("finished: %s", finished)
		}
		// All of it has come, but for what made it (the program Lavf).
		if got := download(t, s.url+address[1], ""); len(got.body) != len(film) || strings.Contains(got.body, "Lavf") {
			t.Errorf("%d bytes of %d", len(got.body), len(film))
		}
	})
}

// TestEditorUploadsFromGraphiQL goes through web/e2e/media.mjs in Chromium.
func TestEditorUploadsFromGraphiQL(t *testing.T) {
	t.Parallel()
	findBrowser(t)
	operations := regexp.MustCompile(`-F operations='([^\n]*)' \\`).FindStringSubmatch(mediaDocs(t)[0])
	if operations == nil {
		t.Fatal("docs/media.md shows no operation")
	}
	const email, password = "desk@example.org", "correct horse battery staple"
	journey(t, "media.mjs", testkit.URL(t, "sqlite"), func(a *app.App) { makeAccount(t, a, email, password, user.RoleEditor) },
		[]string{"BROADSHEET_EMAIL=" + email, "BROADSHEET_PASSWORD=" + password, "BROADSHEET_OPERATIONS=" + operations[1]})
}

func pictureOf(t *testing.T, width, height int) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width / 2 {
		p.Set(x, x%height, color.White)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// download asks for a file, as nobody where there is no token.
func download(t *testing.T, address, token string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return do(t, http.DefaultClient, r)
}

// TestALicenceEndsAtItsMoment has the licences of two pictures end: of one while the server
// runs, of the other while it does not.
func TestALicenceEndsAtItsMoment(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, database string) {
		folder := t.TempDir()
		s := runNode(t, database, "--media-dir="+folder)
		_, _, token := s.signedIn(t, user.RoleEditor)
		upload := func(s *served, width int, ends time.Time) (id, address string) {
			t.Helper()
			query := fmt.Sprintf(`mutation ($file: Upload!) { uploadMedia(input: {file: $file, expiresAt: %q}) { media { id url } userErrors { message } } }`, ends.Format(time.RFC3339Nano))
			operations, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"file": nil}})
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(t.TempDir(), "a.jpg")
			if err := os.WriteFile(name, pictureOf(t, width, 100), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), "curl", "-s", s.url+"/graphql", "-H", "Authorization: Bearer "+token, "-H", "GraphQL-Require-Preflight: 1",
				"-F", "operations="+string(operations), "-F", `map={"0":["variables.file"]}`, "-F", "0=@"+name).Output()
			found := regexp.MustCompile(`"id":"(med_[^"]+)","url":"([^"]+)"`).FindSubmatch(out)
			if err != nil || found == nil {
				t.Fatalf("%s, %v", out, err)
			}
			return string(found[1]), string(found[2])
		}
		hidden := func(s *served, address string) {
			t.Helper()
			for download(t, s.url+address, "").status != http.StatusNotFound {
				select { // until the job has run
				case <-t.Context().Done():
					t.Fatal("it is still shown")
				case <-time.After(50 * time.Millisecond):
				}
			}
			if got := download(t, s.url+address, token); got.status != http.StatusOK || got.header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("staff: %d, %q", got.status, got.header.Get("Cache-Control"))
			}
		}
		_, first := upload(s, 300, time.Now().Add(2*time.Second))
		if got := download(t, s.url+first, ""); got.status != http.StatusOK || strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("before: %d, %q", got.status, got.header.Get("Cache-Control"))
		}
		hidden(s, first)
		_, second := upload(s, 200, time.Now().Add(time.Second))
		s.stop()
		hidden(runNode(t, database, "--media-dir="+folder), second)
	})
}
