package newsroom_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/revision"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestTwoEditorsLoseNothing lets two editors add words to one article at the
// same time. Each tries again on a conflict, with what the other has written.
func TestTwoEditorsLoseNothing(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) { saveTogether(t, db, 20) })
}

func TestSoakTwoEditors(t *testing.T) {
	if os.Getenv("BROADSHEET_SOAK") == "" {
		return // the long form runs with make soak
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) { saveTogether(t, db, 1000) })
}

func saveTogether(t *testing.T, db *store.DB, saves int) {
	b := setup(t, db)
	a := b.create(access.Editor, "Written by two")
	var group errgroup.Group
	for _, who := range []access.Role{access.Editor, access.Admin} {
		ctx := b.as(who)
		group.Go(func() error {
			for n := range saves {
				for {
					err := b.add(who, a.ID, fmt.Sprintf("%s-%d.", who, n))
					if _, overtaken := errors.AsType[*newsroom.ConflictError](err); overtaken && ctx.Err() == nil {
						continue
					}
					if err != nil {
						return err
					}
					break
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	system := access.AsSystem(t.Context())
	saved := db.Ent(system).Article.GetX(system, a.ID)
	revisions := db.Ent(system).Revision.Query().Where(revision.ArticleID(a.ID)).Order(ent.Asc(revision.FieldNumber)).AllX(system)
	if want := 1 + 2*saves; saved.Version != want || len(revisions) != want {
		t.Fatalf("version %d, %d revisions, want %d", saved.Version, len(revisions), want)
	}
	words := 0
	for i, r := range revisions {
		d, err := newsroom.Snapshot(r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Number != i+1 || r.Version != i+1 || len(strings.Fields(richtext.Text(d.Body))) != 5+i {
			t.Fatalf("revision %d has number %d, version %d: %.200s", i+1, r.Number, r.Version, richtext.Text(d.Body))
		}
		words = len(strings.Fields(richtext.Text(d.Body)))
	}
	if words != 5+2*saves {
		t.Errorf("%d words are left, want %d", words, 5+2*saves)
	}
}

// add puts a word behind an article's body as it is now.
func (b *bundle) add(who access.Role, articleID int, word string) error {
	ctx := b.as(who)
	a, err := b.desk.Article(ctx, articleID)
	if err != nil {
		return err
	}
	html, err := b.articles.BodyHTML(ctx, []int{articleID})
	if err != nil {
		return err
	}
	blocks, _ := richtext.FromHTML(html[articleID], richtext.Options{})
	blocks[0].HTML += " " + word
	_, err = b.desk.Update(ctx, articleID, newsroom.Update{Patch: newsroom.Patch{Body: &blocks}, Expected: &a.Version})
	return err
}
