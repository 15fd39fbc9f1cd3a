package graph_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// grow adds sections, articles with all that belongs to them, and comments.
func (n *newsroom) grow(t *testing.T, articles, sectionCount int) {
	t.Helper()
	var sections []taxonomy.Category
	var words []taxonomy.Tag
	for i := range sectionCount {
		sections = append(sections, taxonomy.Category{Name: fmt.Sprintf("Section %d", i), Position: i})
	}
	for i := range 9 {
		words = append(words, taxonomy.Tag{Name: fmt.Sprintf("Word %d", i)})
	}
	categories := must[[]int](t)(n.Taxonomy.EnsureCategories(t.Context(), sections...))
	tags := must[[]int](t)(n.Taxonomy.EnsureTags(t.Context(), words...))
	picture := n.byTitle["Ferry crews accept deal"].FeaturedMediaID
	world := n.byTitle["Harbour notes 1"].PrimaryCategoryID
	var drafts []*content.Draft
	for i := range articles {
		at := n.clock.Add(-time.Duration(i) * time.Minute)
		section := &categories[i%len(categories)]
		if i%3 == 0 {
			section = world
		}
		drafts = append(drafts, &content.Draft{Title: fmt.Sprintf("More news %d", i), Status: article.StatusPublished, PublishedAt: &at, PrimaryCategory: section,
			Tags: tags[i%5 : i%5+3], FeaturedMedia: picture, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Ferry crews and harbour words"}}})
	}
	saved := must[[]*ent.Article](t)(n.Articles.Save(t.Context(), drafts...))
	talk := []*comment.Draft{}
	for i := range 30 {
		talk = append(talk, &comment.Draft{ArticleID: n.byTitle["Ferry crews accept deal"].ID, GuestName: "Guest", Body: fmt.Sprintf("Words %d", i),
			Status: entcomment.StatusApproved, PostedAt: n.clock.Add(time.Duration(i) * time.Minute)}, &comment.Draft{ArticleID: saved[i%len(saved)].ID, GuestName: "Guest",
			Body: "More", Status: entcomment.StatusApproved, PostedAt: n.clock.Add(time.Duration(i) * time.Minute)})
	}
	must[[]*ent.Comment](t)(n.Comments.Save(t.Context(), talk...))
}

// TestStatementsDoNotGrowWithLists asks each document of testdata/golden of a
// small newsroom and of one with many times the articles, sections and comments:
// the number of statements stays.
func TestStatementsDoNotGrowWithLists(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("testdata/golden/*.graphql")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		count := func() map[string][]string {
			spent := map[string][]string{}
			for _, path := range documents {
				query, variables := readDocument(t, path)
				n.askAs(t, n.holder(t, roleOf(query)), query, variables)
				n.statements.Take()
				if a, _ := n.askAs(t, n.holder(t, roleOf(query)), query, variables); len(a.Errors) > 0 {
					t.Errorf("%s: %+v", path, a.Errors)
				}
				spent[path] = n.statements.Take()
			}
			return spent
		}
		n.grow(t, 10, 1) // a little of everything
		small := count()
		n.grow(t, 150, 9)
		for path, large := range count() {
			if len(large) != len(small[path]) {
				t.Errorf("%s: %d statements on few rows, %d on many:\n%s", path, len(small[path]), len(large), strings.Join(large, "\n"))
			}
		}
	})
}
