package ingest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestSplitByline(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"":                                     nil,
		"Jane Doe":                             {"Jane Doe"},
		"By Jane Doe":                          {"Jane Doe"},
		"BY JANE DOE":                          {"JANE DOE"},
		"By Jane Doe and John Roe":             {"Jane Doe", "John Roe"},
		"Jane Doe, John Roe & Ali Haddad":      {"Jane Doe", "John Roe", "Ali Haddad"},
		"By Jane Doe, Lisbon correspondent":    {"Jane Doe"},
		"Jane Doe/AFP":                         {"Jane Doe"},
		"By Jane Doe (Reuters)":                {"Jane Doe"},
		"By Jane Doe in Lisbon":                {"Jane Doe"},
		"Bya Anders":                           {"Bya Anders"},
		"special to the paper":                 nil,
		"jane@paper.example":                   nil,
		"Von Jörg Müller und Anna Weiß":        {"Jörg Müller", "Anna Weiß"},
		"بقلم ليلى حداد":                       {"ليلى حداد"},
		"News Room":                            {"News Room"},
		"Staff and agencies":                   {"Staff"},
		"Jane Doe, Jane Doe":                   {"Jane Doe"},
		"Robert Downey, Jr.":                   {"Robert Downey"},
		"https://paper.example/authors/jane":   nil,
		"By Andy Anderson and Sandy Landerson": {"Andy Anderson", "Sandy Landerson"},
	} {
		if diff := gocmp.Diff(want, splitByline(line)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

func TestSlugFromURI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ uri, title, want string }{
		{"urn:example:paper:coming-soon", "Coming soon", "coming-soon"},
		{"https://paper.example/2026/02/harbour-bridge-opens.html?utm=1", "Other words", "harbour-bridge-opens"},
		{"https://paper.example/Harbour-Bridge/", "x", "harbour-bridge"},
		{"urn:paper:welcome", "Welcome to all", "welcome"},
		{"urn:paper:welcome", "Other words", ""},
		{"urn:example:headline:4403", "Rebel tanker", ""},
		{"tag:wire.example,2018:newsml_KBN1K5", "Rebel tanker", ""},
		{"urn:uuid:550e8400-e29b-41d4-a716-446655440000", "Rebel tanker", ""},
		{"urn:newsml:wire.example:20260201:a-b", "x", ""},
		{"https://paper.example/%D8%AC%D8%B3%D8%B1-%D8%AC%D8%AF%D9%8A%D8%AF", "x", "جسر-جديد"},
		{"https://paper.example/<script>", "x", ""},
	} {
		if got := slugFrom(test.uri, test.title); got != test.want {
			t.Errorf("slug of %s: %q, want %q", test.uri, got, test.want)
		}
	}
}

func TestFileIdentity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	identity := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		id, err := Identify(f)
		if err != nil || id.Size != int64(len(text)) {
			t.Fatalf("%+v, %v", id, err)
		}
		return id.Identity
	}
	first := identity("a", "one")
	if identity("a", "one") != first || identity("a", "two") == first || identity("b", "one") == first || identity("a", "one\n") == first {
		t.Error("the identity of a file is not that of its path, size and beginning")
	}
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if _, err := Identify(folder); err == nil {
		t.Error("a folder was taken for a file")
	}
}

// TestCountsAddUp imports made-up feeds: whatever they hold, every item has
// one outcome, every created one is an article, and the second time nothing
// happens.
func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, created := services(db), 0
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, 7))
			var feed strings.Builder
			for range 60 {
				switch r.IntN(12) {
				case 0:
					feed.WriteString("{\n")
				case 1:
					feed.WriteString(`{"headlines":[]}` + "\n")
				default:
					version := ""
					if r.IntN(3) > 0 {
						version = fmt.Sprintf(`"versionCreated":"2026-01-%02dT00:00:00Z",`, 1+r.IntN(20))
					}
					fmt.Fprintf(&feed, `{"uri":"u:%d:%d",%s"headlines":[{"value":"Title %d"}],"subjects":[{"name":"T%d"}],"pubStatus":%q}`+"\n",
						seed/2, r.IntN(40), version, r.IntN(9), r.IntN(5), []string{"usable", "withheld", "canceled"}[r.IntN(3)])
				}
			}
			report := imported(t, s, feed.String(), Options{batchItems: 1 + r.IntN(20)})
			created += report.Created
			stored := rows(t, db)
			if stored["articles"] != created || stored["details"] != created {
				t.Fatalf("seed %d: %d created, stored %v", seed, created, stored)
			}
			if seed%2 == 0 { // the first of this source: nothing else decides
				again := imported(t, s, feed.String(), Options{batchItems: 1 + r.IntN(20)})
				if again.Created+again.Updated > 0 {
					t.Errorf("seed %d, the second time: %+v", seed, again)
				}
				if diff := gocmp.Diff(stored, rows(t, db)); diff != "" {
					t.Errorf("seed %d, the second time:\n%s", seed, diff)
				}
			}
		}
	})
}

func FuzzStory(f *testing.F) {
	for _, seed := range []string{
		one("u:1", "2026-01-01T00:00:00Z", "x"),
		`{"uri":"u:2","by":"By / and , (","people":[{"name":"","rel":"author"},"x"],"places":[{"literal":"PT","name":"P"}],"embargoedUntil":"soon"}`,
		`{"uri":"%zz/%","type":"video","renditions":[{"href":"https://a.b/c.mp4","poi":{"x":-1,"y":9}}],"associations":{"main":{"type":"picture"}}}`,
		`{"uri":"u:3","bodies":[{"contentType":"text/markdown","value":"**a** [b](c) {{< x >}}"}],"headlines":[{"value":"&amp; **b**"}],"language":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := &ninjsImport{writer: &writer{}, language: "en"}
		src, err := ninjs.NewReader(strings.NewReader(string(data)), ninjs.Options{}).Next()
		if err != nil {
			return
		}
		it := in.story(&src)
		if (it.story == nil) == (it.refusal == nil) {
			t.Fatal("neither a story nor a refusal")
		}
		if it.story == nil {
			return
		}
		if again := in.story(&src); again.hash != it.hash {
			t.Error("two hashes of one story")
		}
		if _, err := settle(it, nil, noon); err != nil {
			t.Error(err)
		}
		if it.story.Title == "" || len(it.uri) > maxURI {
			t.Errorf("title %q, uri of %d bytes", it.story.Title, len(it.uri))
		}
	})
}
