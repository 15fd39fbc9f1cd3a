package media

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// s3 is a server that speaks the protocol of S3 and can be told to fail. Where TEST_S3_URL
// names one (s3://…, with its keys in the environment), that is used.
type s3 struct {
	*httptest.Server
	location Location
	down     atomic.Bool
	puts     atomic.Int64
}

func newS3(t *testing.T) *s3 {
	t.Helper()
	server := gofakes3.New(s3mem.New()).Server()
	s := &s3{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Method == http.MethodPut {
			s.puts.Add(1)
		}
		unsign(r)
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	s.location = Location{URL: "s3://pictures/site?region=us-east-1&endpoint=" + s.URL, KeyID: "key", Secret: "secret"}
	r, _, err := newRemote(s.location)
	if err != nil {
		t.Fatal(err)
	}
	if address := os.Getenv("TEST_S3_URL"); address != "" {
		s.location = Location{URL: strings.Replace(address, "PREFIX", strings.ToLower(rand.Text()), 1)}
		return s
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/"+r.bucket, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	_ = answer.Body.Close()
	return s
}

// unsign takes the signatures out of a part that is sent in signed chunks, which the
// server does for whole blobs alone.
func unsign(r *http.Request) {
	if r.URL.Query().Get("partNumber") == "" || !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return
	}
	n, _ := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	body := bufio.NewReader(r.Body)
	data := make([]byte, 0, n)
	for {
		head, err := body.ReadString('\n') // 10000;chunk-signature=…
		size, wrong := strconv.ParseInt(strings.Split(head, ";")[0], 16, 64)
		if err != nil || wrong != nil || size == 0 {
			break
		}
		chunk := make([]byte, size+2) // with its \r\n
		if _, err := io.ReadFull(body, chunk); err != nil {
			break
		}
		data = append(data, chunk[:size]...)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	r.Header.Set("Content-Length", strconv.Itoa(len(data)))
}

func (s *s3) open(t *testing.T) *blob.Bucket {
	t.Helper()
	bucket, err := Open(s.location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	return bucket
}

func TestARemoteStoreKeepsBlobs(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	bucket := newS3(t).open(t)
	large := make([]byte, partSize*2+12345)
	_, _ = rand.Read(large)
	for key, data := range map[string][]byte{"a/small.jpg": []byte("small"), "a/parts.jpg": large, "b/other.jpg": large[:100]} {
		w, err := bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "image/jpeg"})
		if err != nil {
			t.Fatal(err)
		}
		for rest := data; len(rest) > 0; rest = rest[min(len(rest), 1<<20):] {
			if _, err := w.Write(rest[:min(len(rest), 1<<20)]); err != nil {
				t.Fatal(err)
			}
		}
		if there, err := bucket.Exists(ctx, key); there || err != nil {
			t.Errorf("%s is there before it is complete: %v", key, err)
		}
		if err := w.Close(); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if got, err := bucket.ReadAll(ctx, key); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes of %d, %v", key, len(got), len(data), err)
		}
	}
	// A file whose size is known is sent as it is.
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Write(large); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := bucket.Upload(ctx, "a/file.mp4", file, &blob.WriterOptions{ContentType: "video/mp4"}); err != nil {
		t.Fatal(err)
	}
	r, err := bucket.NewReader(ctx, "a/file.mp4", nil)
	if err != nil || r.Size() != int64(len(large)) || r.ContentType() != "video/mp4" {
		t.Fatal(r, err)
	}
	part := make([]byte, 1000)
	if _, err := r.Seek(-1000, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, part); err != nil || !bytes.Equal(part, large[len(large)-1000:]) || r.Size() != int64(len(large)) {
		t.Errorf("the end: %v, size %d", err, r.Size())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	var keys []string
	for list := bucket.List(&blob.ListOptions{Prefix: "a/"}); ; {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, fmt.Sprint(o.Key, " ", o.Size, " ", time.Since(o.ModTime) < time.Hour))
	}
	if got, want := strings.Join(keys, ", "), fmt.Sprintf("a/file.mp4 %[1]d true, a/parts.jpg %[1]d true, a/small.jpg 5 true", len(large)); got != want {
		t.Errorf("listed %s, want %s", got, want)
	}
	if err := bucket.Delete(ctx, "a/small.jpg"); err != nil {
		t.Error(err)
	}
	if _, err := bucket.NewReader(ctx, "a/small.jpg", nil); gcerrors.Code(err) != gcerrors.NotFound {
		t.Errorf("deleted: %v", err)
	}
	// What is given up is not there.
	given, cancel := context.WithCancel(ctx)
	w, err := bucket.NewWriter(given, "a/given-up.jpg", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(large)
	cancel()
	if err := w.Close(); err == nil {
		t.Error("closed as if it were complete")
	}
	if there, err := bucket.Exists(ctx, "a/given-up.jpg"); there || err != nil {
		t.Errorf("given up, but there: %v", err)
	}
}

func TestAddressesOfStores(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"s3://pictures":                                     "s3.amazonaws.com",
		"s3://pictures/a/b?region=eu-central-1":             "s3.amazonaws.com",
		"s3://pictures?endpoint=http://localhost:9000":      "localhost:9000",
		"gs://pictures/a":                                   "storage.googleapis.com",
		"pictures":                                          "",
		"s3:///pictures":                                    "",
		"https://pictures":                                  "",
		"s3://key:secret@pictures":                          "",
		"s3://pictures?endpoint=ftp://localhost":            "",
		"s3://pictures?endpoint=https://localhost/a":        "",
		"s3://pictures?regoin=eu":                           "",
		"gs://pictures?endpoint=https://localhost":          "",
		"s3://pictures?endpoint=https://local host":         "",
		"file:///var/lib":                                   "",
		"s3://pictures?endpoint=localhost:9000&region=here": "",
	} {
		r, _, err := newRemote(Location{URL: address})
		if want == "" && err == nil || want != "" && (err != nil || r.EndpointURL().Host != want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestMediaLiveInARemoteStore is the life of a picture there.
func TestMediaLiveInARemoteStore(t *testing.T) {
	t.Parallel()
	server := newS3(t)
	s := onSQLite(t)
	s.bucket = server.open(t)
	e := NewEditor(s, audit.NewLog(s.db))
	ctx := as(t, access.Author, 7)
	m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{})
	if err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]int{Variant{}.Path(m): 200, Variant{Width: 160}.Path(m): 200, Prefix + "2026/11/0123456789abcdef-x.jpg": 404} {
		if w := get(s, path); w.Code != code {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(s, Variant{}.Path(m), "Range", "bytes=2-3"); w.Code != http.StatusPartialContent || w.Body.Len() != 2 {
		t.Errorf("a part: %d, %d bytes", w.Code, w.Body.Len())
	}
	old := m.BlobKey
	if _, err := e.replace(ctx, m.ID, halvesJPEG(t, 300, 200)); err != nil {
		t.Fatal(err)
	}
	if w := get(s, Prefix+old); w.Code != http.StatusFound {
		t.Errorf("replaced: %d", w.Code)
	}
	if err := e.Delete(ctx, m.ID, false); err != nil {
		t.Fatal(err)
	}
	if err := s.bucket.WriteAll(ctx, "2026/11/0123456789abcdef-lost.jpg", []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if _, err := s.RemoveOrphans(ctx); err != nil {
		t.Fatal(err)
	}
	if left := names(t, s.bucket); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestAStoreThatIsDown refuses uploads in a way that clients can tell, and says of no file
// that it is not there.
func TestAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		server := newS3(t)
		s := setup(t, db)
		s.bucket = server.open(t)
		e := NewEditor(s, audit.NewLog(s.db))
		ctx := as(t, access.Author, 7)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{})
		if err != nil {
			t.Fatal(err)
		}
		server.down.Store(true)
		if _, err := e.upload(ctx, "b.jpg", halvesJPEG(t, 300, 200), Words{}); code(err) != fault.TryAgain {
			t.Errorf("uploaded: %v", err)
		}
		for _, path := range []string{Variant{}.Path(m), Variant{Width: 160}.Path(m)} {
			if w := get(s, path); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d, %v", path, w.Code, w.Header())
			}
		}
		if _, err := s.RemoveOrphans(ctx); err == nil {
			t.Error("orphans were looked for")
		}
		server.down.Store(false)
		if n := db.Ent(ctx).Media.Query().CountX(ctx); n != 1 {
			t.Errorf("%d items", n)
		}
		if left := names(t, s.bucket); len(left) != 1 {
			t.Errorf("half stored: %v", left)
		}
		if _, err := e.upload(ctx, "b.jpg", halvesJPEG(t, 300, 200), Words{}); err != nil {
			t.Errorf("up again: %v", err)
		}
		if w := get(s, Variant{Width: 160}.Path(m)); w.Code != 200 {
			t.Errorf("up again: %d", w.Code)
		}
	})
}

// full is a store whose disk is full after some bytes.
type full struct {
	*remote
	room int64
}

func (f *full) NewTypedWriter(ctx context.Context, key, contentType string, opts *driver.WriterOptions) (driver.Writer, error) {
	ctx, cancel := context.WithCancel(ctx)
	w, err := f.remote.NewTypedWriter(ctx, key, contentType, opts)
	return &fullWriter{w, cancel, f.room}, err
}

type fullWriter struct {
	driver.Writer
	cancel context.CancelFunc
	room   int64
}

func (f *fullWriter) Write(p []byte) (int, error) {
	if f.room -= int64(len(p)); f.room < 0 {
		f.cancel()
		return 0, &os.PathError{Op: "write", Path: "/secret/place", Err: syscall.ENOSPC}
	}
	return f.Writer.Write(p)
}

func (f *fullWriter) Close() error {
	defer f.cancel()
	return f.Writer.Close()
}

func TestAFullStoreKeepsNothingByHalves(t *testing.T) {
	t.Parallel()
	server := newS3(t)
	s := onSQLite(t)
	r, _, err := newRemote(server.location)
	if err != nil {
		t.Fatal(err)
	}
	s.bucket = blob.NewBucket(&full{r, 100})
	e := NewEditor(s, audit.NewLog(s.db))
	ctx := as(t, access.Author, 7)
	_, err = e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{})
	if code(err) != fault.TryAgain || strings.Contains(err.(*fault.Error).Message, "secret") || !strings.Contains(err.(*fault.Error).Message, "no room") { //nolint:errorlint // code has found it
		t.Errorf("uploaded: %v", err)
	}
	if n, left := s.db.Ent(ctx).Media.Query().CountX(ctx), names(t, s.bucket); n != 0 || len(left) != 0 {
		t.Errorf("%d items, %v", n, left)
	}
}
