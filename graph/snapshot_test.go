package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// words are what a client reads before it edits.
type words struct {
	Title, BodyText, BodyHTML string
	Newsroom                  struct{ Version int }
}

// words reads an article and compares its title with its body.
func (n *newsroom) words(t *testing.T, v access.Viewer, a *ent.Article) words {
	t.Helper()
	record := ""
	if v.Can(access.ReadNewsroom) {
		record = "newsroom { version }"
	}
	_, raw := n.askAs(t, v, `query($id: ID!) { article(by: {id: $id}) { title bodyText bodyHtml `+record+` } }`, map[string]any{"id": a.PublicID()})
	var answer struct{ Data struct{ Article words } }
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Error(err)
	}
	w := answer.Data.Article
	if w.Title == "" || w.BodyText != w.Title || w.BodyHTML != "<p>"+w.Title+"</p>" {
		t.Errorf("as %q: %s", v.Role, raw)
	}
	return w
}

// numberedArticle is an article whose title and body say how often it was saved.
func (n *newsroom) numberedArticle(t *testing.T) *ent.Article {
	t.Helper()
	return must[[]*ent.Article](t)(n.Articles.Save(t.Context(), &content.Draft{Title: "Saved 0", Slug: "saved", Status: article.StatusPublished, PublishedAt: &n.clock,
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Saved 0"}}}))[0]
}

// saveNext saves the article as its next number, if nobody else has since it was
// read.
func (n *newsroom) saveNext(t *testing.T, v access.Viewer, a *ent.Article, read words) error {
	t.Helper()
	var number int
	if _, err := fmt.Sscanf(read.Title, "Saved %d", &number); err != nil {
		t.Error(err)
	}
	title := fmt.Sprint("Saved ", number+1)
	_, err := n.Newsroom.Update(access.With(t.Context(), v), a.ID, desk.Update{Expected: &read.Newsroom.Version,
		Patch: desk.Patch{Title: &title, Body: &[]richtext.Block{{Kind: richtext.Paragraph, HTML: title}}}})
	return err
}

// TestWordsAndVersionAreOfOneMoment has an article saved just before each of the
// statements of a read, one after another.
func TestWordsAndVersionAreOfOneMoment(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		a, editor := n.numberedArticle(t), n.holder(t, access.Editor)
		for _, v := range []access.Viewer{{}, editor} {
			between := 0
			for nth := 1; nth <= 6; nth++ {
				before := n.words(t, editor, a)
				var ran atomic.Int32
				hook := func(string) {
					if int(ran.Add(1)) == nth {
						n.statements.Before.Store(nil)
						if err := n.saveNext(t, editor, a, before); err != nil {
							t.Error(err)
						}
						between++
					}
				}
				n.statements.Before.Store(&hook)
				read := n.words(t, v, a)
				n.statements.Before.Store(nil)
				if v.Role != "" && read.Title == before.Title && int(ran.Load()) >= nth {
					// Old words have the old version: a save with them is refused.
					if err := n.saveNext(t, editor, a, read); err == nil {
						t.Errorf("before statement %d: old words were saved over new ones", nth)
					}
				}
			}
			if between < 3 {
				t.Errorf("as %q: saved %d times in the middle of a read", v.Role, between)
			}
		}
	})
}

// TestNoSaveIsLost lets four editors save one article as often as they can, each
// time what they read and one more, while readers read it.
func TestNoSaveIsLost(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		const rounds = 15
		a, editor := n.numberedArticle(t), n.holder(t, access.Editor)
		var saved atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range rounds {
					if n.saveNext(t, editor, a, n.words(t, editor, a)) == nil {
						saved.Add(1)
					}
				}
			})
		}
		for range 2 {
			all.Go(func() {
				for range 2 * rounds {
					n.words(t, access.Viewer{}, a)
				}
			})
		}
		all.Wait()
		if got, want := n.words(t, editor, a).Title, fmt.Sprint("Saved ", saved.Load()); got != want || !strings.HasPrefix(got, "Saved ") || saved.Load() == 0 {
			t.Errorf("the article is %q after %d saves", got, saved.Load())
		}
	})
}
