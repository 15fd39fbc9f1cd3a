package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// owners are whose articles the test's newsroom has, one of each status; those
// of nobody came from an import.
var owners = []access.Role{access.Contributor, access.Author, access.Editor, access.Admin, "NOBODY"}

// states are the statuses of articles and what else hides them.
func states() []string {
	all := []string{"PRIVATE", "TRASHED"}
	for _, s := range desk.Statuses() {
		all = append(all, string(s))
	}
	return all
}

func zebra(owner access.Role, state string) string {
	return fmt.Sprintf("Zebra of %s: %s", owner, state)
}

// fillZebras adds an article of each owner in each state. Contributors and
// editors began theirs, the others are on the by-line.
func (n *newsroom) fillZebras(t *testing.T) {
	t.Helper()
	at, later := n.clock.Add(-time.Hour), n.clock.Add(48*time.Hour)
	var drafts []*content.Draft
	for _, owner := range owners {
		var creator *int
		var authors []int
		if owner != "NOBODY" {
			user := n.holder(t, owner).UserID
			if owner == access.Contributor || owner == access.Editor {
				creator = &user
			} else {
				authors = must[[]int](t)(n.Taxonomy.EnsureAuthors(t.Context(), taxonomy.Author{Name: "Signs as " + string(owner), User: &user}))
			}
		}
		for _, state := range states() {
			d := &content.Draft{Title: zebra(owner, state), Language: "sv", CreatedBy: creator, Authors: authors, Status: article.Status(state)}
			switch state {
			case "PRIVATE":
				d.Status, d.Visibility, d.PublishedAt = article.StatusPublished, article.VisibilityPrivate, &at
			case "TRASHED":
				d.Status, d.TrashedAt, d.ScheduledAt = article.StatusScheduled, &at, &later
			case "PUBLISHED":
				d.PublishedAt, d.UnpublishAt = &at, &later
			case "SCHEDULED":
				d.ScheduledAt = &later
			case "EMBARGOED":
				d.EmbargoUntil = &later
			}
			drafts = append(drafts, d)
		}
	}
	must[[]*ent.Article](t)(n.Articles.Save(t.Context(), drafts...))
}

// titlesIn finds the titles of the test's own articles in an answer, each with
// the kind that stands beside it, if any.
func titlesIn(t *testing.T, data json.RawMessage) []string {
	t.Helper()
	titles := []string{}
	var walk func(v any, kind string)
	walk = func(v any, kind string) {
		switch v := v.(type) {
		case []any:
			for _, row := range v {
				walk(row, kind)
			}
		case map[string]any:
			if k, ok := v["kind"].(string); ok {
				kind = k + " "
			}
			if title, ok := v["title"].(string); ok && strings.HasPrefix(title, "Zebra") {
				titles = append(titles, kind+title)
			}
			if count, ok := v["count"].(map[string]any); ok {
				titles = append(titles, fmt.Sprint(v["status"], " ", count["value"]))
			}
			for _, child := range v {
				walk(child, kind)
			}
		}
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	walk(v, "")
	return titles
}

// deskQuery is a query of the newsroom and what it finds for somebody: mine is
// who asks, seen are whose articles that member works on.
type deskQuery struct {
	text string
	want func(mine access.Role, seen []access.Role) []string
}

// each lists the articles of owners in states.
func each(of []access.Role, states ...string) []string {
	titles := []string{}
	for _, owner := range of {
		for _, state := range states {
			titles = append(titles, zebra(owner, state))
		}
	}
	return titles
}

func kinds(kind string, titles []string) []string {
	for i, title := range titles {
		titles[i] = kind + " " + title
	}
	return titles
}

func deskQueries() map[string]deskQuery {
	waiting := []string{"DRAFT", "IN_REVIEW", "APPROVED", "SCHEDULED", "EMBARGOED", "UNPUBLISHED"}
	untrashed := slices.DeleteFunc(states(), func(s string) bool { return s == "TRASHED" })
	hidden := slices.DeleteFunc(slices.Clone(untrashed), func(s string) bool { return s == "PUBLISHED" })
	return map[string]deskQuery{
		"the work queue": {`{ workQueue(first: 100) { nodes { title } } }`,
			func(_ access.Role, seen []access.Role) []string { return each(seen, waiting...) }},
		"the work queue by status": {`{ workQueue(first: 100, filter: {statuses: [ARCHIVED, KILLED, DRAFT]}) { nodes { title } } }`,
			func(_ access.Role, seen []access.Role) []string { return each(seen, "ARCHIVED", "KILLED", "DRAFT") }},
		"the work queue in another language": {`{ workQueue(first: 100, filter: {language: "fi"}) { nodes { title } } }`,
			func(access.Role, []access.Role) []string { return []string{} }},
		"the work queue of one's own": {`{ workQueue(first: 100, filter: {mine: true}) { nodes { title } } }`,
			func(mine access.Role, _ []access.Role) []string { return each([]access.Role{mine}, waiting...) }},
		"counts of the work queue": {`{ workQueueCounts(filter: {language: "sv", statuses: [DRAFT, KILLED]}) { status count { value } } }`,
			func(_ access.Role, seen []access.Role) []string {
				return []string{fmt.Sprint("DRAFT ", len(seen)), fmt.Sprint("KILLED ", len(seen))}
			}},
		"one's own articles": {`{ myArticles(first: 100) { nodes { title } } }`,
			func(mine access.Role, _ []access.Role) []string { return each([]access.Role{mine}, untrashed...) }},
		"one's own drafts": {`{ myArticles(first: 100, statuses: [DRAFT]) { nodes { title } } }`,
			func(mine access.Role, _ []access.Role) []string { return each([]access.Role{mine}, "DRAFT") }},
		"the trash": {`{ trash(first: 100) { nodes { title } } }`,
			func(_ access.Role, seen []access.Role) []string { return each(seen, "TRASHED") }},
		"the calendar": {`{ calendar(from: "2026-03-01T00:00:00Z", to: "2026-03-20T00:00:00Z", first: 500) { entries { kind article { title } } } }`,
			func(_ access.Role, seen []access.Role) []string {
				return slices.Concat(kinds("WAS_PUBLISHED", each(owners, "PUBLISHED")), kinds("WILL_BE_UNPUBLISHED", each(seen, "PUBLISHED")),
					kinds("WILL_BE_PUBLISHED", each(seen, "SCHEDULED")), kinds("EMBARGO_WILL_LIFT", each(seen, "EMBARGOED")))
			}},
		"a search": {`{ newsroomSearch(query: "zebra", first: 100) { nodes { title } } }`,
			func(_ access.Role, seen []access.Role) []string {
				return append(each(owners, "PUBLISHED"), each(seen, hidden...)...)
			}},
		"a search by status": {`{ newsroomSearch(query: "zebra", first: 100, statuses: [KILLED, PUBLISHED]) { nodes { title } } }`,
			func(_ access.Role, seen []access.Role) []string {
				return append(each(owners, "PUBLISHED"), each(seen, "KILLED", "PRIVATE")...)
			}},
		"a search of the trash": {`{ newsroomSearch(query: "zebra", first: 100, trashed: true) { nodes { title } } }`,
			func(_ access.Role, seen []access.Role) []string { return each(seen, "TRASHED") }},
		"a public search": {`{ search(query: "zebra", first: 100) { nodes { title } } latestNews(first: 100, language: "sv") { edges { cursor } } }`, nil},
	}
}

// TestNewsroomIsSeenByThoseWhoWorkThere asks every query of the newsroom as
// each role and compares what is found with what may be.
func TestNewsroomIsSeenByThoseWhoWorkThere(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.fillZebras(t)
		for _, role := range append([]access.Role{""}, access.Roles()...) {
			seen := owners
			switch {
			case !role.Has(access.ReadNewsroom):
				seen = nil
			case !role.Has(access.EditArticles):
				seen = []access.Role{role}
			}
			for name, q := range deskQueries() {
				a, _ := n.askAs(t, n.holder(t, role), q.text, nil)
				where := fmt.Sprintf("%s as %q", name, role)
				if q.want == nil { // for everybody
					q.want = func(access.Role, []access.Role) []string { return each(owners, "PUBLISHED") }
				} else if seen == nil {
					want := []string{"FORBIDDEN"}
					if role == "" {
						want = []string{"UNAUTHENTICATED"}
					}
					if diff := cmp.Diff(want, a.codes()); diff != "" {
						t.Errorf("%s (-want +got):\n%s", where, diff)
					}
					if strings.Contains(string(a.Data), "Zebra") {
						t.Errorf("%s: %s", where, a.Data)
					}
					continue
				}
				if len(a.Errors) > 0 {
					t.Fatalf("%s: %+v", where, a.Errors)
				}
				want, got := q.want(role, seen), titlesIn(t, a.Data)
				slices.Sort(want)
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", where, diff)
				}
			}
		}
	})
}

// TestNewsroomListsArePagedWithoutGaps pages through each list in both
// directions, two rows at a time, and compares with the whole.
func TestNewsroomListsArePagedWithoutGaps(t *testing.T) {
	t.Parallel()
	type page struct {
		Nodes    []struct{ Title string }
		PageInfo struct {
			HasNextPage, HasPreviousPage bool
			StartCursor, EndCursor       *string
		}
		TotalCount struct{ Value int }
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.fillZebras(t)
		for _, role := range []access.Role{access.Contributor, access.Editor} {
			for _, field := range []string{"workQueue(%s)", "workQueue(orderBy: SHORTEST_WAITING, %s)", "workQueue(filter: {mine: true}, %s)", "myArticles(%s)", "trash(%s)"} {
				read := func(args string) page {
					a, _ := n.askAs(t, n.holder(t, role), "{ page: "+fmt.Sprintf(field, args)+" { nodes { title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount { value } } }", nil)
					var data struct{ Page page }
					if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 {
						t.Fatalf("%s: %v %+v", field, err, a.Errors)
					}
					return data.Page
				}
				titles := func(p page) (all []string) {
					for _, node := range p.Nodes {
						all = append(all, node.Title)
					}
					return all
				}
				whole := read("first: 100")
				if whole.PageInfo.HasNextPage || whole.TotalCount.Value != len(whole.Nodes) || len(whole.Nodes) == 0 {
					t.Errorf("%s as %s: %d rows, %+v", field, role, len(whole.Nodes), whole)
				}
				var forward, backward []string
				args := "first: 2"
				for range whole.Nodes {
					p := read(args)
					forward = append(forward, titles(p)...)
					if !p.PageInfo.HasNextPage {
						break
					}
					args = fmt.Sprintf("first: 2, after: %q", *p.PageInfo.EndCursor)
				}
				args = "last: 2"
				for range whole.Nodes {
					p := read(args)
					backward = append(titles(p), backward...)
					if !p.PageInfo.HasPreviousPage {
						break
					}
					args = fmt.Sprintf("last: 2, before: %q", *p.PageInfo.StartCursor)
				}
				for direction, got := range map[string][]string{"forward": forward, "backward": backward} {
					if diff := cmp.Diff(titles(whole), got); diff != "" {
						t.Errorf("%s %s as %s (-whole +paged):\n%s", field, direction, role, diff)
					}
				}
			}
		}
	})
}

func TestBadQuestionsOfTheNewsroomAreRefused(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		for name, query := range map[string]string{
			"published articles do not wait":       `{ workQueue(filter: {statuses: [PUBLISHED]}) { nodes { id } } }`,
			"somebody's turn and nobody's":         `{ workQueue(filter: {assigneeId: "` + n.byTitle["Harbour notes 1"].PublicID() + `", unassigned: true}) { nodes { id } } }`,
			"no id":                                `{ workQueue(filter: {categoryId: "x"}) { nodes { id } } }`,
			"too many rows":                        `{ workQueue(first: 101) { nodes { id } } }`,
			"a calendar that ends before it began": `{ calendar(from: "2026-03-02T00:00:00Z", to: "2026-03-01T00:00:00Z") { hasMore } }`,
			"a calendar of years":                  `{ calendar(from: "2020-03-02T00:00:00Z", to: "2026-03-01T00:00:00Z") { hasMore } }`,
			"a calendar of too many rows":          `{ calendar(from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", first: 501) { hasMore } }`,
			"a long query":                         `{ newsroomSearch(query: "` + strings.Repeat("a", 1001) + `") { nodes { id } } }`,
		} {
			a, _ := n.askAs(t, n.holder(t, access.Editor), query, nil)
			if diff := cmp.Diff([]string{"BAD_USER_INPUT"}, a.codes()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		list, _ := n.askAs(t, n.holder(t, access.Editor), `{ workQueue(first: 1) { pageInfo { endCursor } } }`, nil)
		var data struct {
			WorkQueue struct{ PageInfo struct{ EndCursor string } }
		}
		if err := json.Unmarshal(list.Data, &data); err != nil {
			t.Fatal(err)
		}
		a, _ := n.askAs(t, n.holder(t, access.Editor), fmt.Sprintf(`{ workQueue(filter: {unassigned: true}, after: %q) { nodes { id } } }`, data.WorkQueue.PageInfo.EndCursor), nil)
		if diff := cmp.Diff([]string{"CURSOR_INVALID"}, a.codes()); diff != "" {
			t.Errorf("a cursor of another list (-want +got):\n%s", diff)
		}
	})
}
