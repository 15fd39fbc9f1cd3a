package media

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// tus is a server of resumable uploads, for whoever the header Viewer names.
type tus struct {
	*httptest.Server
	e   *Editor
	dir string
}

func newTus(t *testing.T, db *store.DB) *tus {
	t.Helper()
	u := &tus{e: desk(t, db), dir: t.TempDir()}
	h, err := u.e.Resumable(u.dir)
	if err != nil {
		t.Fatal(err)
	}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, err := strconv.Atoi(r.Header.Get("Viewer")); err == nil {
			role := access.Author
			if key > 100 {
				role = access.Reader
			}
			r = r.WithContext(access.With(r.Context(), access.Viewer{UserID: key, Role: role}))
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *tus) do(t *testing.T, method, address string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	answer, err := u.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// begin begins an upload and gives its address.
func (u *tus) begin(t *testing.T, viewer string, size int, name string) string {
	t.Helper()
	answer, text := u.do(t, http.MethodPost, u.URL+ResumableStart, http.NoBody, "Viewer", viewer, "Upload-Length", fmt.Sprint(size),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(name))+",alt "+base64.StdEncoding.EncodeToString([]byte("Boats"))+",broadsheet-owner "+base64.StdEncoding.EncodeToString([]byte("8")))
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	return answer.Header.Get("Location")
}

func TestAnUploadThatIsCutOffIsResumed(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		u := newTus(t, db)
		data := halvesJPEG(t, 800, 400)
		at := u.begin(t, "7", len(data), `../..\boats.jpg`)
		patch := func(viewer string, offset int, part []byte) (*http.Response, string) {
			return u.do(t, http.MethodPatch, at, bytes.NewReader(part), "Viewer", viewer, "Upload-Offset", fmt.Sprint(offset), "Content-Type", "application/offset+octet-stream")
		}
		half := len(data) / 2
		if answer, text := patch("7", 0, data[:half]); answer.StatusCode != http.StatusNoContent {
			t.Fatalf("%d %s", answer.StatusCode, text)
		}
		for _, other := range []string{"8", "", "101"} {
			if answer, _ := patch(other, half, data[half:]); answer.StatusCode < 400 {
				t.Errorf("continued by %q: %d", other, answer.StatusCode)
			}
			if answer, _ := u.do(t, http.MethodDelete, at, http.NoBody, "Viewer", other); answer.StatusCode < 400 {
				t.Errorf("deleted by %q: %d", other, answer.StatusCode)
			}
		}
		if answer, _ := patch("7", half-1, data[half:]); answer.StatusCode != http.StatusConflict {
			t.Errorf("at the wrong place: %d", answer.StatusCode)
		}
		answer, _ := u.do(t, http.MethodHead, at, http.NoBody, "Viewer", "7")
		if got := answer.Header.Get("Upload-Offset"); got != fmt.Sprint(half) {
			t.Errorf("offset %s, want %d", got, half)
		}
		answer, text := patch("7", half, data[half:])
		var made struct{ ID, URL string }
		if err := json.Unmarshal([]byte(text), &made); answer.StatusCode != http.StatusOK || err != nil || !strings.HasPrefix(made.ID, "med_") {
			t.Fatalf("%d %s", answer.StatusCode, text)
		}
		if w := get(u.e.s, made.URL); w.Code != http.StatusOK || !strings.HasSuffix(made.URL, "-boats.jpg") {
			t.Errorf("%s: %d", made.URL, w.Code)
		}
		m := db.Ent(t.Context()).Media.Query().OnlyX(access.AsSystem(t.Context()))
		if m.Alt != "Boats" || m.UploadedBy == nil || *m.UploadedBy != 7 {
			t.Errorf("%+v", m)
		}
		if left, err := os.ReadDir(u.dir); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

func TestResumableUploadsAreRefused(t *testing.T) {
	t.Parallel()
	u := newTus(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	u.e.s.MaxBytes = 1 << 20
	for name, test := range map[string]struct {
		method, path string
		header       []string
		want         int
	}{
		"nobody":                          {http.MethodPost, ResumableStart, []string{"Upload-Length", "10"}, 401},
		"a reader":                        {http.MethodPost, ResumableStart, []string{"Viewer", "101", "Upload-Length", "10"}, 403},
		"a form of another site":          {http.MethodPost, ResumableStart, []string{"Viewer", "7", "Upload-Length", "10", "Tus-Resumable", ""}, 412},
		"1 GB":                            {http.MethodPost, ResumableStart, []string{"Viewer", "7", "Upload-Length", "1000000000"}, 413},
		"a length below zero":             {http.MethodPost, ResumableStart, []string{"Viewer", "7", "Upload-Length", "-1"}, 400},
		"no such upload":                  {http.MethodHead, ResumableRest + "0123456789abcdef0123456789abcdef", []string{"Viewer", "7"}, 404},
		"a path out of the folder":        {http.MethodHead, ResumableRest + "..%2f..%2fetc%2fpasswd", []string{"Viewer", "7"}, 404},
		"reading what is not complete":    {http.MethodGet, ResumableRest + "0123456789abcdef0123456789abcdef", []string{"Viewer", "7"}, 404},
		"beginning by a wrong method":     {http.MethodPatch, ResumableStart, []string{"Viewer", "7"}, 405},
		"a method in the header":          {http.MethodPost, ResumableStart, []string{"Viewer", "7", "X-HTTP-Method-Override", "PATCH"}, 405},
		"metadata that cannot be decoded": {http.MethodPost, ResumableStart, []string{"Viewer", "101", "Upload-Length", "10", "Upload-Metadata", "filename \xff"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if answer, text := u.do(t, test.method, u.URL+test.path, http.NoBody, test.header...); answer.StatusCode != test.want {
				t.Errorf("%d %s", answer.StatusCode, text)
			}
		})
	}
}

// TestAFullDiskRefusesAPart writes an upload to a disk without room, and goes on when there
// is some.
func TestAFullDiskRefusesAPart(t *testing.T) {
	t.Parallel()
	u := newTus(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	data := halvesJPEG(t, 800, 400)
	at := u.begin(t, "7", len(data), "boats.jpg")
	file := filepath.Join(u.dir, path.Base(at))
	if err := errors.Join(os.Remove(file), os.Symlink("/dev/full", file)); err != nil {
		t.Fatal(err)
	}
	send := func() (*http.Response, string) {
		return u.do(t, http.MethodPatch, at, bytes.NewReader(data), "Viewer", "7", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	}
	if answer, text := send(); answer.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(text, "ERR_TRY_AGAIN: ") || strings.Contains(text, u.dir) {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
	if err := errors.Join(os.Remove(file), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if answer, text := send(); answer.StatusCode != http.StatusOK {
		t.Errorf("with room: %d %s", answer.StatusCode, text)
	}
}

func TestAResumableUploadOfWhatIsNotKeptLeavesNothing(t *testing.T) {
	t.Parallel()
	u := newTus(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	page := []byte("<html><script>alert(1)</script></html>")
	at := u.begin(t, "7", len(page), "boats.jpg")
	answer, text := u.do(t, http.MethodPatch, at, bytes.NewReader(page), "Viewer", "7", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	if answer.StatusCode != http.StatusUnprocessableEntity || !strings.HasPrefix(text, "ERR_INVALID: ") {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
	if left, err := os.ReadDir(u.dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	for range maxUnfinished {
		u.begin(t, "7", 100, "a.jpg")
	}
	if answer, _ := u.do(t, http.MethodPost, u.URL+ResumableStart, http.NoBody, "Viewer", "7", "Upload-Length", "10"); answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more: %d", answer.StatusCode)
	}
	u.begin(t, "9", 100, "a.jpg")
	if n := removeUnfinished(t.Context(), u.dir, time.Now().Add(-orphanAge)); n != 0 {
		t.Errorf("%d of today were removed", n)
	}
	if n := removeUnfinished(t.Context(), u.dir, time.Now().Add(time.Hour)); n != maxUnfinished+1 {
		t.Errorf("%d were removed", n)
	}
}
