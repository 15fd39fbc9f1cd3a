package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob"

	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// replace takes in a file and puts it in the place of another.
func (e *Editor) replace(ctx context.Context, key int, data []byte) (string, error) {
	r, err := e.Receive(ctx, "new.jpg", bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	m, err := e.Replace(ctx, key, r)
	if err != nil {
		return "", err
	}
	return m.BlobKey, nil
}

func TestAReplacedFileKeepsItsItemAndItsAddressLeadsOn(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx := as(t, access.Author, 7)
		m, err := e.upload(ctx, "old.jpg", halvesJPEG(t, 400, 200), Words{Alt: "Boats"})
		if err != nil {
			t.Fatal(err)
		}
		if w := get(e.s, Variant{Width: 160}.Path(m)); w.Code != 200 {
			t.Fatal(w.Code)
		}
		first := m.BlobKey
		second, err := e.replace(ctx, m.ID, halvesJPEG(t, 600, 200))
		if err != nil {
			t.Fatal(err)
		}
		now := e.s.db.Ent(ctx).Media.GetX(ctx, m.ID)
		if now.Alt != "Boats" || now.Width != 600 || now.BlobKey != second || second == first || now.Placeholder != "" {
			t.Errorf("%+v", now)
		}
		if n := db.Ent(ctx).Event.Query().Where(entevent.EntityID(m.ID), entevent.TypeHasSuffix(".updated")).CountX(ctx); n < 1 {
			t.Error("nobody hears of it")
		}
		third, err := e.replace(ctx, m.ID, halvesJPEG(t, 300, 200))
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range []string{first, second} {
			for _, tail := range []string{"", "/160.webp"} {
				w := get(e.s, Prefix+old+tail)
				if to := w.Header().Get("Location"); w.Code != http.StatusFound || to != Prefix+third+tail || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
					t.Errorf("%s%s: %d to %s", old, tail, w.Code, to)
				}
			}
		}
		// Back to the first: its address is itself again, and leads in no circle.
		if back, err := e.replace(ctx, m.ID, halvesJPEG(t, 400, 200)); err != nil || get(e.s, Prefix+back).Code != 200 {
			t.Errorf("back: %s, %v", back, err)
		}
		if w := get(e.s, Prefix+third); w.Code != http.StatusFound {
			t.Errorf("the third: %d", w.Code)
		}
		if _, err := e.replace(as(t, access.Author, 8), m.ID, halvesJPEG(t, 200, 200)); code(err) != fault.Forbidden {
			t.Errorf("by another: %v", err)
		}
		if _, err := e.replace(ctx, m.ID, []byte("%PDF-1.7 a page")); err == nil {
			t.Error("a picture was replaced by a document")
		}
	})
}

// code is that of a fault; empty for other errors.
func code(err error) fault.Code {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	return f.Code
}

func TestAFileIsFetchedFromTheOpenWebOnly(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx := as(t, access.Author, 7)
		data := halvesJPEG(t, 400, 200)
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			if r.URL.Path == "/none.jpg" {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write(data)
		}))
		t.Cleanup(server.Close)
		for _, address := range []string{server.URL + "/boat.jpg", "file:///etc/passwd", "http://", "ftp://example.com/a.jpg", "http://[::1]/a.jpg", "http://169.254.169.254/latest", "http://user:secret@example.com/a.jpg", "\x00"} {
			if _, err := e.Import(ctx, address); code(err) != fault.BadUserInput {
				t.Errorf("%q: %v", address, err)
			}
		}
		if asked != 0 {
			t.Errorf("%d requests reached this machine", asked)
		}
		e.open = func(netip.Addr) bool { return true }
		if _, err := e.Import(as(t, access.Reader, 9), server.URL+"/boat.jpg"); code(err) != fault.Forbidden || asked != 0 {
			t.Errorf("by a reader: %v, %d requests", err, asked)
		}
		r, err := e.Import(ctx, server.URL+"/boat.jpg")
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Save(ctx, r, Words{Alt: "A boat"})
		if err != nil || m.SourceURL != server.URL+"/boat.jpg" || m.Width != 400 || !strings.HasSuffix(m.BlobKey, "-boat.jpg") {
			t.Errorf("%+v, %v", m, err)
		}
		if _, err := e.Import(ctx, server.URL+"/none.jpg"); code(err) != fault.BadUserInput {
			t.Errorf("what is not there: %v", err)
		}
	})
}

func TestFilesThatNothingNamesAreRemoved(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx := as(t, access.Author, 7)
		bucket, err := OpenFolder(filepath.Join(t.TempDir(), "media"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bucket.Close() })
		e.s.bucket = bucket
		m, err := e.upload(ctx, "kept.jpg", halvesJPEG(t, 400, 200), Words{})
		if err != nil {
			t.Fatal(err)
		}
		moved, err := e.replace(ctx, m.ID, halvesJPEG(t, 200, 200))
		if err != nil {
			t.Fatal(err)
		}
		now := e.s.db.Ent(ctx).Media.GetX(ctx, m.ID)
		if w := get(e.s, Variant{Width: 160}.Path(now)); w.Code != 200 {
			t.Fatal(w.Code)
		}
		const gone = "2026/11/0123456789abcdef-gone.jpg"
		for _, key := range []string{gone, variantFolder + gone + "/160.webp", movedFolder + "2026/11/1123456789abcdef.jpg", moved + ".18a3f.tmp", "README.txt", "variants/notes.txt", variantRoot + "1/" + moved + "/160.webp"} {
			if err := bucket.WriteAll(ctx, key, []byte(gone), &blob.WriterOptions{ContentType: "image/jpeg"}); err != nil {
				t.Fatal(err)
			}
		}
		before := names(t, bucket)
		e.s.Now = time.Now
		if n, err := e.s.RemoveOrphans(ctx); n != 0 || err != nil {
			t.Errorf("of today: %d removed, %v", n, err)
		}
		e.s.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
		if _, err := e.s.RemoveOrphans(ctx); err != nil {
			t.Fatal(err)
		}
		after := names(t, bucket)
		if len(before)-len(after) != 5 {
			t.Errorf("before %v, after %v", before, after)
		}
		for _, key := range []string{moved, movedFolder + m.BlobKey, "README.txt", "variants/notes.txt", variantFolder + moved + "/160.webp"} {
			if _, err := bucket.Attributes(ctx, key); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
	})
}

func names(t *testing.T, bucket *blob.Bucket) (all []string) {
	t.Helper()
	list := bucket.List(nil)
	for {
		o, err := list.Next(t.Context())
		if err != nil {
			return all
		}
		all = append(all, o.Key)
	}
}

func TestSpoolsOfAKilledProgramAreRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	old, fresh := filepath.Join(os.TempDir(), "broadsheet-upload-1"), filepath.Join(os.TempDir(), "broadsheet-upload-2")
	for _, name := range []string{old, fresh} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	day := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, day, day); err != nil {
		t.Fatal(err)
	}
	if n := removeSpools(t.Context(), time.Now().Add(-orphanAge)); n != 1 {
		t.Errorf("%d removed", n)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error(err)
	}
}

func TestAForcedDeletionIsToldToAllUses(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx := as(t, access.Editor, 7)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 40, 20), Words{})
		if err != nil {
			t.Fatal(err)
		}
		const uses = MaxUses + 5
		for i := range uses {
			db.Ent(ctx).Author.Create().SetName(fmt.Sprint("Author ", i)).SetSlug(fmt.Sprint("author-", i)).SetAvatarID(m.ID).SaveX(ctx)
		}
		if err := e.Delete(ctx, m.ID, true); err != nil {
			t.Fatal(err)
		}
		if n := db.Ent(ctx).Event.Query().Where(entevent.TypeHasPrefix("author.")).CountX(ctx); n != uses {
			t.Errorf("%d events, want %d", n, uses)
		}
		if db.Ent(ctx).Media.Query().Where(entmedia.ID(m.ID)).ExistX(ctx) {
			t.Error("it is still there")
		}
	})
}

func TestTheFirstVariantGivesAPlaceholder(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := setup(t, db)
		m, err := s.Store(t.Context(), Upload{Name: "a.jpg", Body: bytes.NewReader(halvesJPEG(t, 400, 200))})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if w := get(s, Variant{Width: 160}.Path(m)); w.Code != 200 {
				t.Fatal(w.Code)
			}
		}
		ctx := access.AsSystem(t.Context())
		if p := db.Ent(ctx).Media.GetX(ctx, m.ID).Placeholder; len(p) != 28 { // 4 + 2 for each of 4 × 3 parts
			t.Errorf("placeholder %q", p)
		}
		if n := db.Ent(ctx).Event.Query().Where(entevent.TypeHasSuffix(".updated")).CountX(ctx); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
