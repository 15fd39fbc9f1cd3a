package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	sitepages "github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestAWordPressClientOfNpmReads runs wpapi against a server.
func TestAWordPressClientOfNpmReads(t *testing.T) {
	t.Parallel()
	testkit.NeedPackages(t, "../../web", "wpapi")
	testkit.EachURL(t, func(t *testing.T, url string) {
		s := runNode(t, url, "--wordpress-rest")
		s.wordpress(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		client := exec.CommandContext(ctx, "node", "e2e/wordpress.mjs", s.url+"/wp-json")
		client.Dir, client.Stderr = "../../web", t.Output()
		out, err := client.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		list := func(words ...any) []any { return append([]any{}, words...) }
		want := map[string]any{
			"posts": list("story-4", "story-3", "story-2", "story-1", "story-0"), "total": 5.0, "author": "Ada", "terms": list("world", "floods"), "oldest": list("story-0"),
			"inCategory": list("story-4", "story-3", "story-2", "story-1", "story-0"), "tagged": list("story-4", "story-2", "story-0"), "after": list("story-4"), "modified": list("story-4"),
			"included": list("story-4"), "excluded": list("story-3", "story-2", "story-1", "story-0"), "found": list("story-2"), "bySlug": list("story-1"), "single": "Story 4",
			"fields": list("id", "slug"), "users": list("ada"), "pages": list("about"), "media": 0.0, "comments": list(list("Nadia", "<p>Words</p>")),
			"refused": map[string]any{"code": "rest_invalid_param", "status": 400.0}, "absent": map[string]any{"code": "rest_post_invalid_id", "status": 404.0},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
	})
}

// wordpress fills a site for clients of WordPress.
func (s *served) wordpress(t *testing.T) {
	t.Helper()
	system := access.AsSystem(t.Context())
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sections, err := s.Taxonomy.EnsureCategories(system, taxonomy.Category{Name: "World"})
	check(err)
	tags, err := s.Taxonomy.EnsureTags(system, taxonomy.Tag{Name: "Floods"})
	check(err)
	authors, err := s.Taxonomy.EnsureAuthors(system, taxonomy.Author{Name: "Ada"}, taxonomy.Author{Name: "Idle"})
	check(err)
	last := 0
	for i := range 5 {
		at := time.Date(2026, 3, 1, 9, 0, i, 0, time.UTC)
		d := &content.Draft{Title: fmt.Sprintf("Story %d", i), Status: article.StatusPublished, PublishedAt: &at, Language: "en", PrimaryCategory: &sections[0], Authors: authors[:1],
			Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words"}}}
		if i%2 == 0 {
			d.Tags = tags
		}
		saved, err := s.Articles.Save(system, d)
		check(err)
		last = saved[0].ID
	}
	_, err = s.Articles.Save(system, &content.Draft{Title: "Draft", Language: "en", Authors: authors[1:]})
	check(err)
	_, err = s.Site.SavePage(system, sitepages.Page{Title: "About", Slug: "about", Status: page.StatusPublished})
	check(err)
	_, err = s.Comments.Save(system, &comment.Draft{ArticleID: last, GuestName: "Nadia", GuestEmail: "nadia@private.example", Body: "Words", Status: entcomment.StatusApproved, Kind: entcomment.KindComment})
	check(err)
}

// TestTheWordPressInterfaceIsOffByDefault: nothing answers below /wp-json/.
func TestTheWordPressInterfaceIsOffByDefault(t *testing.T) {
	t.Parallel()
	s := runNode(t, "sqlite:"+t.TempDir()+"/site.db", "--no-site")
	for _, path := range []string{"/wp-json/", "/wp-json/wp/v2/posts"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}
