package site_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func open(db *store.DB) *site.Service { return site.New(db, event.NewLog(db)) }

// must gives the value of a call that has to succeed.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func wantFault(t *testing.T, err error, field string) {
	t.Helper()
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != field {
		t.Errorf("got %v, want a fault about %q", err, field)
	}
}

func TestSettingsAreOneRow(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		must(s.SaveSocialProfiles(ctx, []schema.SocialProfile{{Network: "VIDEO", URL: "https://video.example.org/b", AudienceCount: 126_400}}))(t)
		saved := must(s.SaveSettings(ctx, site.Settings{Name: " The Beacon\n", URL: "https://beacon.example/", TimeZone: "Asia/Riyadh",
			Consents: map[string]schema.Consent{"newsletter": {Version: "1", HTML: `I <b>agree</b><script>alert(1)</script>`}}}))(t)
		if saved.Name != "The Beacon" || saved.URL != "https://beacon.example" || saved.Language != "en" || len(saved.SocialProfiles) != 0 {
			t.Errorf("saved %v", saved)
		}
		if html := saved.Consents["newsletter"].HTML; strings.Contains(html, "script") || !strings.Contains(html, "agree") {
			t.Errorf("consent %q", html)
		}
		must(s.SaveLegalDocuments(ctx, []schema.LegalDocument{{Kind: "TERMS", PageSlug: "terms"}}))(t)
		must(s.SaveConsents(ctx, nil))(t)
		rows := must(db.Ent(ctx).Site.Query().All(ctx))(t)
		if len(rows) != 1 || rows[0].Name != "The Beacon" || len(rows[0].LegalDocuments) != 1 || len(rows[0].Consents) != 0 {
			t.Errorf("stored %v", rows)
		}
		types := must(db.Ent(ctx).Event.Query().Order(entevent.ByID()).Select(entevent.FieldType).Strings(ctx))(t)
		if diff := cmp.Diff([]string{"site.created", "site.updated", "site.updated", "site.updated"}, types); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestSettingsRefuse(t *testing.T) {
	t.Parallel()
	s, ctx := open(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})), t.Context()
	for field, set := range map[string]site.Settings{
		"name":                  {},
		"url":                   {Name: "a", URL: "javascript:alert(1)"},
		"language":              {Name: "a", Language: "no language"},
		"timeZone":              {Name: "a", TimeZone: "Mars/North"},
		"foundedYear":           {Name: "a", FoundedYear: -1},
		"socialProfiles[0].url": {Name: "a", SocialProfiles: []schema.SocialProfile{{Network: "a", URL: "/here"}}},
		"consents":              {Name: "a", Consents: map[string]schema.Consent{"a": {}}},
	} {
		_, err := s.SaveSettings(ctx, set)
		wantFault(t, err, field)
	}
}

func TestPagesAreDerivedAndFoundByReaders(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		company := must(s.SavePage(ctx, site.Page{Title: "Company", Status: page.StatusPublished}))(t)
		about := must(s.SavePage(ctx, site.Page{Title: "About us", Parent: &company.ID, Status: page.StatusPublished, Body: richtext.FromText("Who we are."), SourceURI: "urn:p:1", SourceHash: "h"}))(t)
		same := must(s.SavePage(ctx, site.Page{Title: "About us"}))(t)
		if about.Path != "company/about-us" || about.HTML != "<p>Who we are.</p>" || about.Text != "Who we are." || about.PublishedAt == nil {
			t.Errorf("page %v", about)
		}
		if same.Slug != "about-us-2" || same.Path != "about-us-2" || same.Status != page.StatusDraft {
			t.Errorf("namesake %q at %q", same.Slug, same.Path)
		}
		for _, path := range []string{"company/about-us", "/company/about-us/", "/company%2Fabout-us?x=1"} {
			if found := must(s.PageByPath(ctx, cleaned(t, path)))(t); found == nil || found.ID != about.ID || found.HTML == "" {
				t.Errorf("%s: found %v", path, found)
			}
		}
		if found := must(s.PageBySlug(ctx, "about-us-2"))(t); found != nil {
			t.Error("a reader found a draft")
		}
		if found := must(s.PagesByIDs(ctx, []int{company.ID, about.ID, same.ID}))(t); len(found) != 2 {
			t.Errorf("a reader found %d pages of 2", len(found))
		}
		if diff := cmp.Diff(map[string]site.Imported{"urn:p:1": {ID: about.ID, Hash: "h"}}, must(s.PagesBySource(ctx, []string{"urn:p:1"}))(t)); diff != "" {
			t.Errorf("imported (-want +got):\n%s", diff)
		}

		// The page below moves along; one that has a path of its own does not.
		own := must(s.SavePage(ctx, site.Page{Title: "Own", Parent: &company.ID, Path: "own/place"}))(t)
		must(s.SavePage(ctx, site.Page{ID: company.ID, Title: "The house", Path: "house", Status: page.StatusUnpublished}))(t)
		paths := map[int]string{}
		for _, p := range must(s.PagesByIDs(ctx, []int{about.ID}))(t) {
			paths[p.ID] = p.Path
		}
		if diff := cmp.Diff(map[int]string{about.ID: "house/about-us"}, paths); diff != "" {
			t.Errorf("moved along (-want +got):\n%s", diff)
		}
		types := must(db.Ent(ctx).Event.Query().Order(entevent.ByID()).Select(entevent.FieldType).Strings(ctx))(t)
		want := []string{"page.published", "page.published", "page.created", "page.created", "page.unpublished", "page.updated"}
		if diff := cmp.Diff(want, types); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		_, err := s.SavePage(ctx, site.Page{ID: company.ID, Title: "a", Parent: &about.ID})
		wantFault(t, err, "parentId")
		_, err = s.SavePage(ctx, site.Page{ID: own.ID, Title: "a", Path: "house"})
		wantFault(t, err, "path")
		_, err = s.SavePage(ctx, site.Page{Title: "a", Path: "a//b"})
		wantFault(t, err, "path")
		_, err = s.SavePage(ctx, site.Page{ID: 999, Title: "a"})
		wantFault(t, err, "")
	})
}

func TestMenusAreReplacedWhole(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		log := event.NewLog(db)
		s, dir, ctx := site.New(db, log), directory.New(db, log), t.Context()
		about := must(s.SavePage(ctx, site.Page{Title: "About", Status: page.StatusPublished}))(t)
		first := must(s.SaveMenu(ctx, site.Menu{Location: "FOOTER", Items: []site.MenuItem{{Label: "Old", Target: site.Target{Address: "/old"}}}}))(t)
		second := must(s.SaveMenu(ctx, site.Menu{Location: "FOOTER", Name: "Footer", Items: []site.MenuItem{
			{Label: "House", Children: []site.MenuItem{
				{Target: site.Target{Type: menuitem.TargetTypePage, ID: about.ID}},
				{Label: "Elsewhere", Target: site.Target{Address: "https://example.org/"}},
			}},
			{Label: "Home", Target: site.Target{Address: "/"}},
		}}))(t)
		if second.ID != first.ID || len(second.Edges.Items) != 4 {
			t.Errorf("menu %v", second)
		}
		must(s.SaveMenu(ctx, site.Menu{Location: "FOOTER", Language: "ar"}))(t)
		type node struct {
			Label    string
			Type     menuitem.TargetType
			Children []node
		}
		var tree func(items []*directory.MenuItem) []node
		tree = func(items []*directory.MenuItem) (nodes []node) {
			for _, it := range items {
				nodes = append(nodes, node{it.Label, it.TargetType, tree(it.Children)})
			}
			return nodes
		}
		want := []node{
			{"House", menuitem.TargetTypeNone, []node{{"", menuitem.TargetTypePage, nil}, {"Elsewhere", menuitem.TargetTypeAddress, nil}}},
			{"Home", menuitem.TargetTypeAddress, nil},
		}
		snapshot := must(dir.Current(ctx))(t)
		if diff := cmp.Diff(want, tree(snapshot.Menu("FOOTER", "en").Items)); diff != "" {
			t.Errorf("menu (-want +got):\n%s", diff)
		}
		if items := snapshot.Menu("FOOTER", "ar").Items; len(items) != 0 {
			t.Errorf("the Arabic menu has %d items", len(items))
		}
	})
}

func TestMenusRefuse(t *testing.T) {
	t.Parallel()
	s, ctx := open(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})), t.Context()
	deep := site.MenuItem{Label: "a"}
	for range 6 {
		deep = site.MenuItem{Label: "a", Children: []site.MenuItem{deep}}
	}
	for field, items := range map[string][]site.MenuItem{
		"items[0].address":             {{Label: "a", Target: site.Target{Address: "javascript:alert(1)"}}},
		"items[1].address":             {{Label: "a"}, {Label: "a", Target: site.Target{Address: "//elsewhere.example"}}},
		"items[0].targetId":            {{Target: site.Target{Type: menuitem.TargetTypeTag}}},
		"items[0].label":               {{}},
		"items[0].items[0].targetType": {{Label: "a", Children: []site.MenuItem{{Target: site.Target{Type: "MOON"}}}}},
		"items[0].items[0].items[0].items[0].items[0].items": {deep},
		"items": make([]site.MenuItem, 501),
	} {
		_, err := s.SaveMenu(ctx, site.Menu{Location: "FOOTER", Items: items})
		wantFault(t, err, field)
	}
}

func TestAdSlotsAreFoundByPlacementAndName(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		slot := site.AdSlot{Placement: "HEADER", Name: "Top", Width: 970, Height: 250}
		first := must(s.SaveAdSlots(ctx, slot, site.AdSlot{Placement: "SIDEBAR", Name: "Top"}))(t)
		slot.Width, slot.Inactive = 300, true
		again := must(s.SaveAdSlots(ctx, slot))(t)
		if again[0].ID != first[0].ID || again[0].Width != 300 || again[0].IsActive || first[1].ID == first[0].ID {
			t.Errorf("first %v, again %v", first, again)
		}
		_, err := s.SaveAdSlots(ctx, site.AdSlot{Placement: "HEADER", Name: "Bad", Width: -1})
		wantFault(t, err, "adSlots[0].width")
		_, err = s.SaveAdSlots(ctx, site.AdSlot{ID: 99, Placement: "HEADER", Name: "Gone"})
		wantFault(t, err, "")
	})
}

func TestRedirectsAreFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		to := func(address string) site.Target { return site.Target{Address: address} }
		saved := must(s.SaveRedirects(ctx,
			site.Redirect{Path: "/أخبار/الإضراب/", Target: to("/strike")},
			site.Redirect{Path: "cafe\u0301", Target: to("/first")},
			site.Redirect{Path: "/café?x=1", Target: to("/coffee"), StatusCode: 302},
			site.Redirect{Path: "https://old.example/money#top", Target: site.Target{Type: menuitem.TargetTypeCategory, ID: 7}},
			site.Redirect{Path: "//old//twice/", Target: to("/twice")},
			site.Redirect{Path: "/100%-off", Target: to("/sale")},
			site.Redirect{Path: "/a%2520b", Target: to("/literal")},
			site.Redirect{Path: "/win-a-boat", StatusCode: 410}))(t)
		for path, want := range map[string]string{
			"/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/%D8%A7%D9%84%D8%A5%D8%B6%D8%B1%D8%A7%D8%A8": "301 ADDRESS /strike",
			"caf%C3%A9/":       "302 ADDRESS /coffee",
			"/cafe%CC%81?utm=": "302 ADDRESS /coffee",
			"/money":           "301 CATEGORY ",
			"/win-a-boat/":     "410 ADDRESS ",
			"/Money":           "",
			"/nothing":         "",
			"/old/./twice":     "301 ADDRESS /twice",
			"/100%25-off":      "301 ADDRESS /sale",
			"/100%-off":        "301 ADDRESS /sale",
			"/a%2520b":         "301 ADDRESS /literal",
			"/a%20b":           "",
			"":                 "",
		} {
			if got := describe(must(s.Redirect(ctx, cleaned(t, path)))(t)); got != want {
				t.Errorf("%q leads to %q, want %q", path, got, want)
			}
		}
		if saved[1].ID != saved[2].ID {
			t.Error("two spellings of one path are two redirects")
		}
		before := must(db.Ent(ctx).Event.Query().Count(ctx))(t)
		again := must(s.SaveRedirects(ctx, site.Redirect{Path: "/café", Target: to("/tea")}, site.Redirect{Path: "/win-a-boat", StatusCode: 410}))(t)
		if again[0].ID != saved[2].ID || describe(again[0]) != "301 ADDRESS /tea" {
			t.Errorf("changed to %s", describe(again[0]))
		}
		if after := must(db.Ent(ctx).Event.Query().Count(ctx))(t); after != before+1 {
			t.Errorf("%d events for one change", after-before)
		}
	})
}

func describe(r *ent.Redirect) string {
	if r == nil {
		return ""
	}
	return strings.Join([]string{map[int]string{301: "301", 302: "302", 410: "410"}[r.StatusCode], string(r.TargetType), r.Address}, " ")
}

func TestRedirectsThatNeverEndAreRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		must(s.SaveSettings(ctx, site.Settings{Name: "a", URL: "https://beacon.example"}))(t)
		to := func(path, address string) site.Redirect {
			return site.Redirect{Path: path, Target: site.Target{Address: address}}
		}
		must(s.SaveRedirects(ctx, to("/a", "/b"), to("/b", "/c")))(t)
		for name, test := range map[string]struct {
			redirects []site.Redirect
			field     string
		}{
			"to itself":               {[]site.Redirect{to("/x", "/x/?again=1")}, "redirects[0].address"},
			"to itself by a full URL": {[]site.Redirect{to("/x", "https://BEACON.example/x")}, "redirects[0].address"},
			"closing a stored circle": {[]site.Redirect{to("/c", "/a")}, "redirects[0].address"},
			"a circle of two":         {[]site.Redirect{to("/ok", "/a"), to("/x", "/y"), to("/y", "/x")}, ""},
			"the front page":          {[]site.Redirect{to("/?p=1", "/x")}, "redirects[0].path"},
			"to a script":             {[]site.Redirect{to("/x", "javascript:x")}, "redirects[0].address"},
			"to another host by path": {[]site.Redirect{to("/x", `/\elsewhere.example`)}, "redirects[0].address"},
			"nowhere":                 {[]site.Redirect{{Path: "/x"}}, "redirects[0].address"},
			"status 200":              {[]site.Redirect{{Path: "/x", StatusCode: 200}}, "redirects[0].statusCode"},
		} {
			_, err := s.SaveRedirects(ctx, test.redirects...)
			if test.field != "" {
				wantFault(t, err, test.field)
			} else if fault.CodeOf(err) != fault.BadUserInput {
				t.Errorf("%s: got %v", name, err)
			}
		}
		var chain []site.Redirect
		for i := range 12 {
			chain = append(chain, to("/chain/"+strings.Repeat("x", i), "/chain/"+strings.Repeat("x", i+1)))
		}
		if _, err := s.SaveRedirects(ctx, chain...); fault.CodeOf(err) != fault.BadUserInput {
			t.Errorf("a long chain: got %v", err)
		}
		// The host of others may have the same paths.
		must(s.SaveRedirects(ctx, to("/x", "https://other.example/x"), to("/c", "/d")))(t)
		if n := must(db.Ent(ctx).Redirect.Query().Count(ctx))(t); n != 4 {
			t.Errorf("%d redirects stored, want 4", n)
		}
	})
}

func TestManyRedirectsTakeFewStatements(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		s, ctx := open(testkit.Open(t, url, store.Options{Wrap: statements.Wrap})), t.Context()
		var redirects []site.Redirect
		for i := range 400 {
			redirects = append(redirects, site.Redirect{Path: "/old/" + strings.Repeat("x", i+1), Target: site.Target{Address: "/new"}})
		}
		for _, run := range []string{"new", "stored"} {
			statements.Take()
			must(s.SaveRedirects(ctx, redirects...))(t)
			if took := statements.Take(); len(took) > 8 {
				t.Errorf("%d statements for 400 %s redirects: %.50q", len(took), run, took)
			}
		}
	})
}

func cleaned(t *testing.T, path string) string {
	t.Helper()
	clean, ok := permalink.Clean(path)
	if !ok {
		t.Fatalf("%q is no path", path)
	}
	return clean
}
