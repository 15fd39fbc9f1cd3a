package graph_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// words are what a client reads before it edits.
type words struct {
	Title, BodyText, BodyHTML string
	Newsroom                  struct{ Version int }
}

// words reads an article, whose title and body must be of one version.
func (n *newsroom) words(t *testing.T, v access.Viewer, a *ent.Article) words {
	t.Helper()
	w, whole, raw := n.look(t, v, a)
	if !whole {
		t.Errorf("as %q: %s", v.Role, raw)
	}
	return w
}

// look reads an article and tells whether its title and body are of one version.
func (n *newsroom) look(t *testing.T, v access.Viewer, a *ent.Article) (w words, whole bool, raw []byte) {
	t.Helper()
	record := ""
	if v.Can(access.ReadNewsroom) {
		record = "newsroom { version }"
	}
	_, raw = n.askAs(t, v, `query($id: ID!) { article(by: {id: $id}) { title bodyText bodyHtml `+record+` } }`, map[string]any{"id": a.PublicID()})
	var answer struct{ Data struct{ Article words } }
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Error(err)
	}
	w = answer.Data.Article
	return w, w.Title != "" && w.BodyText == w.Title && w.BodyHTML == "<p>"+w.Title+"</p>", raw
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

// tally is what came of many saves and reads at once.
type tally struct {
	saved, lost int // saves that were acknowledged, and those of them that the article does not show
	read, torn  int // answers, and those whose words are of different versions
}

// saveAtOnce lets editors save one article as often as they can until they have
// done so for a time and at least ten times each, each time what they read and
// one more, while as many readers read it.
func (n *newsroom) saveAtOnce(t *testing.T, editors int, duration time.Duration) (sum tally) {
	t.Helper()
	a, editor := n.numberedArticle(t), n.holder(t, access.Editor)
	end := time.Now().Add(duration)
	var all sync.WaitGroup
	var saved, read, torn atomic.Int32
	look := func(v access.Viewer) words {
		w, whole, _ := n.look(t, v, a)
		read.Add(1)
		if !whole {
			torn.Add(1)
		}
		return w
	}
	var editing atomic.Int32
	editing.Store(int32(editors))
	for range editors {
		all.Go(func() {
			defer editing.Add(-1)
			for i := 0; i < 10 || time.Now().Before(end); i++ {
				if n.saveNext(t, editor, a, look(editor)) == nil {
					saved.Add(1)
				}
			}
		})
		all.Go(func() {
			for editing.Load() > 0 {
				look(access.Viewer{})
			}
		})
	}
	all.Wait()
	var number int
	if _, err := fmt.Sscanf(n.words(t, editor, a).Title, "Saved %d", &number); err != nil {
		t.Fatal(err)
	}
	return tally{int(saved.Load()), int(saved.Load()) - number, int(read.Load()), int(torn.Load())}
}

func TestNoSaveIsLost(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) { n.checkSaves(t, 4, 0) })
}

// TestSoakSaves is the long form of TestNoSaveIsLost, with 64 clients.
func TestSoakSaves(t *testing.T) {
	duration, long := testkit.Soak(t)
	if !long {
		return
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) { n.checkSaves(t, 32, duration) })
}

func (n *newsroom) checkSaves(t *testing.T, editors int, duration time.Duration) {
	t.Helper()
	sum := n.saveAtOnce(t, editors, duration)
	t.Logf("%d clients: %d saves, %d of them lost; %d reads, %d of them torn", 2*editors, sum.saved, sum.lost, sum.read, sum.torn)
	if sum.lost != 0 || sum.torn != 0 || sum.saved == 0 {
		t.Errorf("%+v", sum)
	}
}
