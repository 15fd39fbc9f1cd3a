package export_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/export"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// lines reads a file of one object a line.
func lines(t *testing.T, folder, name string) (all []map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		var v map[string]any
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, v)
	}
	return all
}

// TestAnArchiveHasWhatReadersSee: everything of it, each file by its checksum, and
// nothing else.
func TestAnArchiveHasWhatReadersSee(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := app.NewServices(db, nil)
		imported(t, s, sites(t)["our own"])
		system := access.AsSystem(t.Context())
		if _, err := s.Site.SaveSettings(system, site.Settings{Name: "The Unit Test", URL: "https://units.example", Language: "en"}); err != nil {
			t.Fatal(err)
		}
		bucket := memblob.OpenBucket(nil)
		defer func() { _ = bucket.Close() }()
		// One picture is ours now, one that nothing shows is too, and one has lost its file.
		for url, key := range map[string]string{"river.jpg": "2026/03/river.jpg", "hill.jpg": "2026/03/hill.jpg", "film.mp4": "2026/03/lost.mp4"} {
			if n, err := db.Ent(system).Media.Update().Where(media.SourceURLHasSuffix(url)).SetBlobKey(key).Save(system); err != nil || n != 1 {
				t.Fatalf("%d, %v", n, err)
			}
		}
		for _, key := range []string{"2026/03/river.jpg", "2026/03/hill.jpg", "2026/03/secret.jpg"} {
			if err := bucket.WriteAll(system, key, []byte("file "+key), nil); err != nil {
				t.Fatal(err)
			}
		}
		err := db.Ent(system).Media.Create().SetKind(media.KindImage).SetContentType("image/jpeg").SetBlobKey("2026/03/secret.jpg").Exec(system)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(t.TempDir(), "archive")
		m, err := export.Site(t.Context(), from(s), bucket, folder, "test", noon)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"articles": 4, "pages": 2, "sections": 2, "authors": 2, "tags": 2, "comments": 2, "menus": 1, "media": 3, "files": 2}
		got := m.Counts
		if delete(got, "redirects"); !cmp.Equal(want, got) {
			t.Errorf("counts: %s", cmp.Diff(want, got))
		}
		if diff := cmp.Diff([]string{"2026/03/lost.mp4"}, m.Missing); diff != "" {
			t.Errorf("missing files: %s", diff)
		}
		checkFiles(t, folder)

		// What is in no file of it is what readers do not see.
		whole := ""
		for name := range m.Files {
			text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			whole += string(text)
		}
		for _, hidden := range []string{"A draft", "For review", "Tomorrow", "For staff", "Thrown away", "Draft page", "@mail.example", "@units.example", "Buy", "secret", "Hush", "hush"} {
			if strings.Contains(whole, hidden) {
				t.Errorf("it shows %q", hidden)
			}
		}
		for _, shown := range []string{"من اليمين", "The team.", `First & \"best\"`, "file 2026/03/river.jpg", `"below":1`} {
			if !strings.Contains(whole, shown) {
				t.Errorf("it lacks %q", shown)
			}
		}
		items := lines(t, folder, "menus.ndjson")[0]["items"].([]any)
		var to []any
		for _, it := range items {
			to = append(to, it.(map[string]any)["to"], it.(map[string]any)["below"])
		}
		if diff := cmp.Diff([]any{"https://elsewhere.example/", nil, "/about", nil, "/sections/asia", 1.0}, to); diff != "" {
			t.Errorf("the menu: %s", diff)
		}
		for _, r := range lines(t, folder, "redirects.ndjson") {
			if p := r["path"].(string); r["to"] == nil || strings.Contains(p, "for-staff") {
				t.Errorf("redirect %v", r)
			}
		}
		if _, err := export.Site(t.Context(), from(s), bucket, folder, "test", noon); err == nil {
			t.Error("an archive is written over another")
		}
	})
}

// checkFiles compares a folder with its manifest.
func checkFiles(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m export.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	var there []string
	err = filepath.WalkDir(folder, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, at)
		if err != nil || name == "manifest.json" {
			return err
		}
		name = filepath.ToSlash(name)
		there = append(there, name)
		text, err := os.ReadFile(at)
		sum := sha256.Sum256(text)
		if f := m.Files[name]; f.Bytes != int64(len(text)) || f.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is not as the manifest says: %+v", name, f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for name := range m.Files {
		listed = append(listed, name)
	}
	slices.Sort(listed)
	slices.Sort(there)
	if diff := cmp.Diff(listed, there); diff != "" {
		t.Errorf("files (-manifest +folder):\n%s", diff)
	}
}

// TestAnArchiveThatFailsLeavesNothing behind.
func TestAnArchiveThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := app.NewServices(db, nil)
		imported(t, s, sites(t)["our own"])
		system := access.AsSystem(t.Context())
		if _, err := db.Ent(system).Media.Update().SetBlobKey("2026/03/a.jpg").Save(system); err != nil {
			t.Fatal(err)
		}
		bucket := memblob.OpenBucket(nil)
		if err := bucket.Close(); err != nil { // so reading a file fails
			t.Fatal(err)
		}
		root := t.TempDir()
		if _, err := export.Site(t.Context(), from(s), bucket, filepath.Join(root, "archive"), "test", noon); err == nil {
			t.Error("it did not fail")
		}
		if left, err := os.ReadDir(root); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

// TestEveryThingOfASiteIsExported: each type of row is in the archive, or left out for a
// reason.
func TestEveryThingOfASiteIsExported(t *testing.T) {
	t.Parallel()
	in := []string{"Article", "Page", "Category", "Author", "Place", "Series", "Tag", "Comment", "Menu", "MenuItem", "Redirect", "Media", "Site",
		"Correction", "LiveEntry", "ArticleDetail", "Byline"} // the last two as parts of articles
	private, work, running := "about people", "how the newsroom works", "how the server runs"
	out := map[string]string{
		"Bookmark": private, "CommentReaction": private, "CommentReport": private, "CommentRevision": private, "ConsentRecord": private, "DataExport": private, "Follow": private, "HistoryEntry": private,
		"Identity": private, "KeptMail": private, "Notification": private, "OneTimeToken": private, "ReaderRestriction": private, "ReaderSettings": private, "ReadingList": private, "Session": private,
		"SignInFailure": private, "Subscriber": private, "Subscription": private, "Suppression": private, "User": private, "Withdrawal": private, "Delivery": private,
		"ArticleLock": work, "ArticleNote": work, "AuditEntry": work, "Autosave": work, "Newsletter": work, "NewsletterIssue": work, "Pick": work, "PreviewToken": work, "RelatedPin": work, "Revision": work,
		"AdSlot": running, "Event": running, "Repeat": running, "SigningKey": running,
	}
	client := reflect.TypeFor[ent.Client]()
	for i := range client.NumField() {
		f := client.Field(i)
		if f.Type.Kind() != reflect.Pointer || !strings.HasSuffix(f.Type.Elem().Name(), "Client") {
			continue
		}
		if slices.Contains(in, f.Name) == (out[f.Name] != "") {
			t.Errorf("%s is neither exported nor left out for a reason, or both", f.Name)
		}
	}
}
