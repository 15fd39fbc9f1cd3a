package newsroom

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// loaded is read once for all tests; they do not change it.
var loaded = sync.OnceValues(Load)

func mustLoad(t *testing.T) *Newsroom {
	t.Helper()
	n, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLoadHoldsWhatThePaperPromises(t *testing.T) {
	t.Parallel()
	n := mustLoad(t)
	got := map[string]int{}
	for i := range n.Articles {
		a := &n.Articles[i]
		got[a.Language]++
		got[a.Kind]++
		if !a.Visible() {
			got["hidden"]++
		}
		if a.Embargo < 0 {
			got["embargoed"]++
		} else if a.Status != StatusPublished {
			got[a.Status]++
		}
	}
	for what, least := range map[string]int{
		"en": 40, "ar": 18, KindArticle: 40, KindPressRelease: 2, KindOpinion: 3, KindLiveBlog: 2,
		KindGallery: 2, KindVideo: 1, KindAudio: 2, "hidden": 5, "embargoed": 1,
		StatusDraft: 1, StatusScheduled: 1, StatusArchived: 1,
	} {
		if got[what] < least {
			t.Errorf("%s: %d articles, want at least %d", what, got[what], least)
		}
	}
	if len(n.Media) < 16 || len(n.Menus) != 7 || len(n.Authors) < 10 || len(n.Users) < 12 || len(n.Pages) < 7 || len(n.Redirects) < 8 {
		t.Errorf("media %d, menus %d, authors %d, users %d, pages %d, redirects %d", len(n.Media), len(n.Menus), len(n.Authors), len(n.Users), len(n.Pages), len(n.Redirects))
	}
	if _, err := time.LoadLocation(n.Site.Timezone); err != nil {
		t.Error(err)
	}
	for _, logo := range [][]byte{n.Site.Logo.Light, n.Site.Logo.Dark} {
		if !strings.HasPrefix(string(logo), "<svg ") {
			t.Error("a logo is not SVG")
		}
	}
}

// words counts a story's words, live entries included.
func words(a *Article) int {
	n := len(strings.Fields(a.Body))
	for _, e := range a.Entries {
		n += len(strings.Fields(e.Title)) + len(strings.Fields(e.Body))
	}
	return n
}

func TestArticlesAreReadable(t *testing.T) {
	t.Parallel()
	arabic := regexp.MustCompile(`\p{Arabic}`)
	n := mustLoad(t)
	for i := range n.Articles {
		a := &n.Articles[i]
		if w := words(a); w < 150 || w > 600 {
			t.Errorf("%s: %d words", a.File, w)
		}
		if len(a.Tags) == 0 || len(a.Places) == 0 {
			t.Errorf("%s: no tags or places", a.File)
		}
		runes := float64(len([]rune(a.Body)))
		share := float64(len(arabic.FindAllString(a.Body, -1))) / runes
		if (a.Language == "ar") != (share > .5) {
			t.Errorf("%s: %.0f %% of the body is Arabic", a.File, share*100)
		}
		if (a.Language == "ar") != arabic.MatchString(a.Title+a.Slug) {
			t.Errorf("%s: title and slug are not in %q", a.File, a.Language)
		}
	}
}

func TestTranslationsAgree(t *testing.T) {
	t.Parallel()
	n := mustLoad(t)
	english := map[string]*Article{}
	for i := range n.Articles {
		if a := &n.Articles[i]; a.Language == "en" {
			english[a.Key] = a
		}
	}
	pairs := 0
	for i := range n.Articles {
		a := &n.Articles[i]
		e := english[a.Key]
		if a.Language != "ar" || e == nil {
			continue
		}
		pairs++
		type identity struct {
			Category, Series, Kind string
			Tags, Places           []string
		}
		of := func(x *Article) identity { return identity{x.Category, x.Series, x.Kind, x.Tags, x.Places} }
		if diff := cmp.Diff(of(e), of(a)); diff != "" {
			t.Errorf("%s differs from its original (-en +ar):\n%s", a.File, diff)
		}
	}
	if pairs < 8 {
		t.Errorf("%d translated pairs, want at least 8", pairs)
	}
}

func TestStoriesComeInClusters(t *testing.T) {
	t.Parallel()
	n := mustLoad(t)
	tagged := map[string]int{}
	inSeries := map[string]int{}
	inSection := map[string]int{}
	parent := map[string]string{}
	for _, c := range n.Categories {
		parent[c.Key] = c.Parent
	}
	for i := range n.Articles {
		a := &n.Articles[i]
		if !a.Visible() {
			continue
		}
		inSeries[a.Series]++
		for _, tag := range a.Tags {
			tagged[tag]++
		}
		for c := a.Category; c != ""; c = parent[c] {
			inSection[c]++
		}
	}
	for _, tag := range []string{"port-strike", "harbour-cup", "heatwave", "undersea-cable", "pearls"} {
		if tagged[tag] < 4 {
			t.Errorf("tag %s is on %d stories, want at least 4", tag, tagged[tag])
		}
	}
	for _, s := range n.Series {
		if inSeries[s.Key] < 4 {
			t.Errorf("series %s has %d stories, want at least 4", s.Key, inSeries[s.Key])
		}
	}
	for _, c := range n.Categories {
		if inSection[c.Key] == 0 {
			t.Errorf("section %s is empty", c.Key)
		}
	}
	for _, tag := range n.Tags {
		if tagged[tag.Key] == 0 {
			t.Errorf("tag %s is on no story", tag.Key)
		}
	}
}

func TestSectionsFormATreeOfThreeLevels(t *testing.T) {
	t.Parallel()
	depth := map[string]int{}
	for _, c := range mustLoad(t).Categories {
		depth[c.Key] = 1 + depth[c.Parent] // parents come first
	}
	if deepest := slices.Max(slices.Collect(maps.Values(depth))); deepest != 3 {
		t.Errorf("the deepest section is at level %d, want 3", deepest)
	}
}

func TestCommentsShowEveryState(t *testing.T) {
	t.Parallel()
	n := mustLoad(t)
	born := map[string]time.Duration{}
	closed := map[string]bool{}
	for i := range n.Articles {
		born[n.Articles[i].Ref()] = n.Articles[i].Age
		closed[n.Articles[i].Ref()] = n.Articles[i].Comments == "CLOSED"
	}
	states := map[string]int{}
	deepest := 0
	var walk func(ref string, before time.Duration, comments []Comment, depth int)
	walk = func(ref string, before time.Duration, comments []Comment, depth int) {
		for _, c := range comments {
			states[c.Status]++
			deepest = max(deepest, depth)
			if c.Age >= before {
				t.Errorf("%s: the comment %.30q is older than what it answers", ref, c.Body)
			}
			walk(ref, c.Age, c.Replies, depth+1)
		}
	}
	for _, thread := range n.Comments {
		if closed[thread.Article] {
			t.Errorf("%s has comments and is closed to them", thread.Article)
		}
		walk(thread.Article, born[thread.Article], thread.Comments, 1)
	}
	for _, s := range []string{"APPROVED", "PENDING", "SPAM", "TRASH"} {
		if states[s] == 0 {
			t.Errorf("no comment is %s", s)
		}
	}
	if deepest != maxDepth {
		t.Errorf("the deepest comment is at level %d, want %d", deepest, maxDepth)
	}
}

func TestParseAge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"-2h":     2 * time.Hour,
		"-3d4h":   3*day + 4*time.Hour,
		"-400d":   400 * day,
		"-1d2h3m": day + 2*time.Hour + 3*time.Minute,
		"+90m":    -90 * time.Minute,
		"+1d":     -day,
		"-0s":     0,
	} {
		if got, err := parseAge(in); err != nil || got != want {
			t.Errorf("parseAge(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-", "2h", "-2", "-d", "-2h3d", "-2w", "- 2h", "-99999d", "-99999999999999999999h", "yesterday"} {
		if got, err := parseAge(in); err == nil {
			t.Errorf("parseAge(%q) = %v, want an error", in, got)
		}
	}
}

// edited is the embedded newsroom with one text replaced in one file.
func edited(t *testing.T, name, from, to string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, pattern := range []string{"*.yaml", "*.svg", "articles/*.md", "pages/*.md"} {
		names, err := fs.Glob(content, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range names {
			data, err := content.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files[file] = &fstest.MapFile{Data: data}
		}
	}
	old := string(files[name].Data)
	if !strings.Contains(old, from) {
		t.Fatalf("%s does not contain %q", name, from)
	}
	files[name] = &fstest.MapFile{Data: []byte(strings.Replace(old, from, to, 1))}
	return files
}

func TestLoadNamesTheFileAtFault(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, from, to, want string }{
		"unknown category":     {"articles/flatbread.en.md", "category: lifestyle", "category: cooking", `articles/flatbread.en.md: unknown category "cooking"`},
		"unknown author":       {"articles/flatbread.en.md", "[karim-nashbi]", "[nobody]", `articles/flatbread.en.md: unknown author "nobody"`},
		"unknown image":        {"articles/flatbread.en.md", "image: market-morning", "image: gone", `articles/flatbread.en.md: unknown media "gone"`},
		"unknown body image":   {"articles/port-strike-deal.en.md", "(media:harbour-dawn)", "(media:gone)", `articles/port-strike-deal.en.md: unknown media "gone"`},
		"unknown field":        {"articles/flatbread.en.md", "category:", "cattegory:", "articles/flatbread.en.md: yaml"},
		"bad age":              {"articles/flatbread.en.md", "age: -12d", "age: last week", `articles/flatbread.en.md: line 4: age: "last week"`},
		"no front matter":      {"pages/about.en.md", "---\n", "", "pages/about.en.md: no front matter"},
		"scheduled in past":    {"articles/budget-scheduled.en.md", "age: +6h", "age: -6h", "articles/budget-scheduled.en.md: a scheduled article"},
		"double slug":          {"articles/regatta.en.md", "slug: twelve-crews-one-gust-a-regatta-decided-late", "slug: night-shifts-and-the-short-nap", "stands twice"},
		"malformed slug":       {"articles/regatta.en.md", "slug: twelve", "slug: Twelve", "articles/regatta.en.md: slug"},
		"menu without target":  {"site.yaml", "to: category:technology", "to: category:gadgets", `site.yaml: unknown category "gadgets"`},
		"malformed target":     {"site.yaml", "to: category:technology", "to: technology", `site.yaml: line`},
		"cycle":                {"categories.yaml", "parent: coast", "parent: harbour", `categories.yaml: harbour: parent "harbour"`},
		"address of a person":  {"users.yaml", "nadia@example.org", "nadia@mail.test", `users.yaml: "nadia@mail.test"`},
		"comment by a ghost":   {"comments.yaml", "user: rima", "user: ghost", `comments.yaml: unknown user "ghost"`},
		"redirect to nowhere":  {"redirects.yaml", `"category:coast"`, `"category:shore"`, `redirects.yaml: unknown category "shore"`},
		"one language missing": {"tags.yaml", "slug: ferry", "slug: ''", "tags.yaml: slug"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(edited(t, tc.file, tc.from, tc.to))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzFrontMatter(f *testing.F) {
	for _, seed := range []string{
		"", "---\n", "---\ntitle: A\n---\nBody", "---\nage: -2h\n---\n", "---\nage: {a: b}\n---\n",
		"---\ntags: [a, b]\nentries:\n  - {age: -1d, body: x}\n---\n", "---\n&a [*a]\n---\n", "---\n- -\n---\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a Article
		body, err := frontMatter(data, &a)
		if err == nil && !strings.HasSuffix(body, "\n") {
			t.Errorf("body %q does not end its last line", body)
		}
	})
}
