package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// stage is a newsroom in which random people take random steps.
type stage struct {
	*newsroom
	random   *rand.Rand
	now      time.Time
	people   []access.Viewer
	articles []int
	words    map[int]string // a word of each article that no other has
	world    int
	asia     int
	sport    int
	tags     []int
}

// TestWorkflowNeverShowsWhatIsHidden takes random steps, legal and illegal,
// as random people, and after each compares everything that readers can ask
// with what the articles themselves say.
func TestWorkflowNeverShowsWhatIsHidden(t *testing.T) {
	t.Parallel()
	runWorkflow(t, func(i int) bool { return i < 60 })
}

func TestSoakWorkflow(t *testing.T) {
	d, long := testkit.Soak(t)
	if !long {
		return
	}
	end := time.Now().Add(d / 4)
	runWorkflow(t, func(int) bool { return time.Now().Before(end) })
}

func runWorkflow(t *testing.T, goOn func(step int) bool) {
	testkit.EachURL(t, func(t *testing.T, url string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		s := newStage(t, url, seed)
		taken, refused := 0, 0
		for i := 0; goOn(i); i++ {
			s.now = s.now.Add(time.Duration(1+s.random.IntN(600)) * time.Second)
			if s.act(t) {
				taken++
			} else {
				refused++
			}
			s.check(t)
			if t.Failed() {
				t.Fatalf("after step %d of seed %d", i, seed)
			}
		}
		t.Logf("%d steps taken, %d refused", taken, refused)
		if taken == 0 || refused == 0 {
			t.Errorf("%d steps taken, %d refused: the test proves nothing", taken, refused)
		}
	})
}

func newStage(t *testing.T, url string, seed uint64) *stage {
	t.Helper()
	s := &stage{newsroom: &newsroom{Services: app.NewServices(testkit.Open(t, url, store.Options{}), nil)}, random: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		words: map[int]string{}}
	clock := func() time.Time { return s.now }
	s.Articles.Now, s.Newsroom.Now, s.Site.Now = clock, clock, clock
	s.handler = graph.Handler(s.Graph(), graph.Options{Limits: unlimited, Logger: slog.New(slog.DiscardHandler)})
	one := must[[]int](t)
	s.world = one(s.Taxonomy.EnsureCategories(t.Context(), taxonomy.Category{Name: "World"}))[0]
	s.asia = one(s.Taxonomy.EnsureCategories(t.Context(), taxonomy.Category{Name: "Asia", Parent: &s.world}))[0]
	s.sport = one(s.Taxonomy.EnsureCategories(t.Context(), taxonomy.Category{Name: "Sport"}))[0]
	s.tags = one(s.Taxonomy.EnsureTags(t.Context(), taxonomy.Tag{Name: "Ports"}, taxonomy.Tag{Name: "Ferries"}))
	s.people = append(s.people, access.Viewer{})
	for _, role := range access.Roles() {
		for i := range 2 {
			s.people = append(s.people, member(t, s.DB, role, i))
		}
	}
	for i, word := range []string{"albatross", "bergamot", "calabash", "dromedary", "eiderdown", "filigree"} {
		by := s.people[3+i%6]
		for !by.Can(access.WriteArticles) {
			by = s.people[len(s.people)-1]
		}
		title := fmt.Sprintf("Harbour %s story", word)
		body := []richtext.Block{{Kind: richtext.Paragraph, HTML: "The harbour story of the " + word + " at the quay."}}
		section := []int{s.world, s.asia, s.sport}[i%3]
		a, err := s.Newsroom.Create(access.With(t.Context(), by), desk.Patch{Title: &title, Body: &body, Tags: &s.tags,
			PrimaryCategory: desk.Maybe[int]{Given: true, Value: &section}}, "")
		if err != nil {
			t.Fatal(err)
		}
		s.articles = append(s.articles, a.ID)
		s.words[a.ID] = word
	}
	return s
}

// member makes an account.
func member(t *testing.T, db *store.DB, role access.Role, n int) access.Viewer {
	t.Helper()
	u := db.Ent(t.Context()).User.Create().SetEmail(fmt.Sprintf("%s%d@example.org", strings.ToLower(string(role)), n)).
		SetDisplayName(fmt.Sprint(role, n)).SetRole(user.Role(role)).SaveX(t.Context())
	return access.Viewer{UserID: u.ID, Role: role, Name: u.DisplayName}
}

// act takes one random step and reports whether it was taken. One that is
// refused must change nothing.
func (s *stage) act(t *testing.T) bool {
	t.Helper()
	who := s.people[s.random.IntN(len(s.people))]
	if s.random.IntN(2) == 0 { // else most steps would be refused
		who = s.people[len(s.people)-1-s.random.IntN(4)]
	}
	ctx := access.With(t.Context(), who)
	key := s.articles[s.random.IntN(len(s.articles))]
	before := s.row(t, key)
	later := s.now.Add(time.Duration(s.random.IntN(100)-20) * time.Minute)
	var err error
	var what string
	switch n := s.random.IntN(20); {
	case n < 12:
		steps := desk.Steps()
		step := steps[s.random.IntN(len(steps))]
		if step == desk.Kill && s.random.IntN(4) > 0 {
			step = desk.Publish
		}
		what = string(step)
		take := desk.StepInput{Article: key, At: &later}
		if s.random.IntN(5) == 0 {
			take.Expected = &[]int{before.Version - 1}[0]
		}
		_, err = s.Newsroom.Step(ctx, step, take)
	case n < 16:
		what = "update"
		section := []int{s.world, s.asia, s.sport}[s.random.IntN(3)]
		tags := s.tags[:s.random.IntN(3)]
		_, err = s.Newsroom.Update(ctx, key, desk.Update{Patch: desk.Patch{Tags: &tags, PrimaryCategory: desk.Maybe[int]{Given: true, Value: &section}}})
	case n < 17:
		what = "trash"
		_, err = s.Newsroom.Trash(ctx, key, nil, "")
	case n < 18:
		what = "recover"
		_, err = s.Newsroom.Recover(ctx, key, nil, "")
	default:
		what = "restore"
		_, err = s.Newsroom.Restore(ctx, key, 1+s.random.IntN(3), nil, "")
	}
	after := s.row(t, key)
	if err == nil {
		return true
	}
	if fault.CodeOf(err) == fault.Internal {
		t.Errorf("%s as %s: %v", what, who.Name, err)
	}
	if diff := cmp.Diff(before.String(), after.String()); diff != "" {
		t.Errorf("%s was refused (%v) and changed the article: %s", what, err, diff)
	}
	return false
}

func (s *stage) row(t *testing.T, key int) *ent.Article {
	t.Helper()
	system := access.AsSystem(t.Context())
	return s.DB.Ent(system).Article.GetX(system, key)
}

// check compares what readers get with what the articles say.
func (s *stage) check(t *testing.T) {
	t.Helper()
	system := access.AsSystem(t.Context())
	rows := s.DB.Ent(system).Article.Query().Where(article.IDIn(s.articles...)).AllX(system)
	live := map[int]*ent.Article{}
	for _, a := range rows {
		if a.Status == article.StatusPublished && a.Visibility == article.VisibilityPublic && a.TrashedAt == nil {
			live[a.ID] = a
		}
	}
	parts := must[map[int][]*ent.Tag](t)(s.Articles.Tags(system, s.articles))
	lists := map[string][]string{
		"latestNews": s.titles(live, func(*ent.Article) bool { return true }),
		"world":      s.titles(live, func(a *ent.Article) bool { return in(a, s.world, s.asia) }),
		"asia":       s.titles(live, func(a *ent.Article) bool { return in(a, s.asia) }),
		"sport":      s.titles(live, func(a *ent.Article) bool { return in(a, s.sport) }),
		"ports": s.titles(live, func(a *ent.Article) bool {
			return slices.ContainsFunc(parts[a.ID], func(t *ent.Tag) bool { return t.Slug == "ports" })
		}),
	}
	var q strings.Builder
	q.WriteString(`{ latestNews(first: 100) { ...n } world: category(by: {slug: "world"}) { latestNews(first: 100) { ...n } } asia: category(by: {slug: "asia"}) { latestNews(first: 100) { ...n } }
		sport: category(by: {slug: "sport"}) { latestNews(first: 100) { ...n } } ports: tag(by: {slug: "ports"}) { latestNews(first: 100) { ...n } } `)
	for _, a := range rows {
		fmt.Fprintf(&q, `node%[1]d: node(id: %[2]q) { id } id%[1]d: article(by: {id: %[2]q}) { status } slug%[1]d: article(by: {slug: %[3]q}) { title relatedArticles(first: 24) { nodes { id } } }
			route%[1]d: route(path: %[4]q) { target { __typename ... on Article { id } } } search%[1]d: search(query: %[5]q) { nodes { id } totalCount { value } } `,
			a.ID, a.PublicID(), a.Slug, "/articles/"+a.Slug, s.words[a.ID])
	}
	q.WriteString(`} fragment n on ArticleConnection { nodes { title status previous { id } next { id } } totalCount { value } }`)
	got, raw := s.post(t, q.String(), nil)
	if len(got.Errors) > 0 {
		t.Fatalf("errors: %.500s", raw)
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(got.Data, &data); err != nil {
		t.Fatal(err)
	}
	for name, want := range lists {
		s.checkList(t, name, data[name], want)
	}
	for _, a := range rows {
		_, shown := live[a.ID]
		s.checkOne(t, a, shown, data, live)
	}
	s.checkListings(t, live)
}

func in(a *ent.Article, sections ...int) bool {
	return a.PrimaryCategoryID != nil && slices.Contains(sections, *a.PrimaryCategoryID)
}

// titles are those of the live articles that fit, newest first.
func (s *stage) titles(live map[int]*ent.Article, fits func(*ent.Article) bool) []string {
	sorted := slices.SortedFunc(maps.Values(live), func(a, b *ent.Article) int {
		if c := b.PublishedAt.Compare(*a.PublishedAt); c != 0 {
			return c
		}
		return b.ID - a.ID
	})
	titles := []string{}
	for _, a := range sorted {
		if fits(a) {
			titles = append(titles, a.Title)
		}
	}
	return titles
}

func (s *stage) checkList(t *testing.T, name string, raw json.RawMessage, want []string) {
	t.Helper()
	type page struct {
		Nodes      []struct{ Title, Status string }
		TotalCount struct{ Value int }
	}
	var list struct {
		page
		LatestNews *page
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	p := list.page
	if list.LatestNews != nil {
		p = *list.LatestNews
	}
	titles := []string{}
	for _, n := range p.Nodes {
		titles = append(titles, n.Title)
	}
	if diff := cmp.Diff(want, titles); diff != "" || p.TotalCount.Value != len(want) {
		t.Errorf("%s, counted %d (-want +got): %s", name, p.TotalCount.Value, diff)
	}
}

func (s *stage) checkOne(t *testing.T, a *ent.Article, shown bool, data map[string]json.RawMessage, live map[int]*ent.Article) {
	t.Helper()
	for _, way := range []string{"node", "id", "slug", "route"} {
		if got := string(data[fmt.Sprint(way, a.ID)]) != "null"; got != shown {
			t.Errorf("%s of a %s article: shown %v, want %v: %s", way, a.Status, got, shown, data[fmt.Sprint(way, a.ID)])
		}
	}
	var found struct {
		Nodes      []struct{ ID string }
		TotalCount struct{ Value int }
	}
	if err := json.Unmarshal(data[fmt.Sprint("search", a.ID)], &found); err != nil {
		t.Fatal(err)
	}
	want := 0
	if shown {
		want = 1
	}
	if len(found.Nodes) != want || found.TotalCount.Value != want {
		t.Errorf("search for the word of a %s article finds %d, counts %d, want %d", a.Status, len(found.Nodes), found.TotalCount.Value, want)
	}
	var page *struct {
		RelatedArticles struct{ Nodes []struct{ ID string } }
	}
	if err := json.Unmarshal(data[fmt.Sprint("slug", a.ID)], &page); err != nil || page == nil {
		return
	}
	seen := map[string]bool{}
	for _, n := range page.RelatedArticles.Nodes {
		if seen[n.ID] || n.ID == a.PublicID() || !slices.ContainsFunc(slices.Collect(maps.Values(live)), func(l *ent.Article) bool { return l.PublicID() == n.ID }) {
			t.Errorf("related to %q: %s, which is hidden, itself or twice there", a.Title, n.ID)
		}
		seen[n.ID] = true
	}
	if len(seen) != len(live)-1 { // all are about the harbour
		t.Errorf("%d articles are related to %q, want %d", len(seen), a.Title, len(live)-1)
	}
}

// checkListings compares the stored listings of each article with those made
// anew from what the article belongs to.
func (s *stage) checkListings(t *testing.T, live map[int]*ent.Article) {
	t.Helper()
	system := access.AsSystem(t.Context())
	for kind, owners := range map[content.ListingKind][]int{content.BySite: {0}, content.ByCategory: {s.world, s.asia, s.sport}, content.ByTag: s.tags} {
		stored, err := s.Articles.CountLatest(system, content.List{Kind: kind}, owners, 1000)
		if err != nil {
			t.Fatal(err)
		}
		public, err := s.Articles.CountLatest(t.Context(), content.List{Kind: kind}, owners, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, owner := range owners {
			if stored[owner] != public[owner] {
				t.Errorf("list %d of %d holds %d rows, of which readers see %d", kind, owner, stored[owner], public[owner])
			}
		}
	}
	if n, err := s.Articles.CountLatest(system, content.List{}, []int{0}, 1000); err != nil || n[0] != len(live) {
		t.Errorf("the site's list holds %d rows, want %d (%v)", n[0], len(live), err)
	}
}
