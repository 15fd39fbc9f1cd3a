package newsroom_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestCorrectionsAreToldToReaders(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Author, "Ferry returns")
		if _, err := b.desk.Correct(b.as(access.Editor), a.ID, newsroom.Correction{Note: "Wrong."}); reasonOf(err) != fault.IllegalTransition {
			t.Errorf("correcting a draft: %v", err)
		}
		b.step(access.Editor, newsroom.Publish, a)
		if _, err := b.desk.Correct(b.as(access.Author), a.ID, newsroom.Correction{Note: "Wrong."}); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("an author corrects: %v", err)
		}
		if _, err := b.desk.Correct(b.as(access.Editor), a.ID, newsroom.Correction{Note: " "}); reasonOf(err) != fault.Blank {
			t.Errorf("a correction without a note: %v", err)
		}
		b.now = b.now.Add(time.Hour)
		fixed := ok[*ent.Article](b)(b.desk.Correct(b.as(access.Editor), a.ID, newsroom.Correction{Note: "It was noon, not dawn.",
			Patch: newsroom.Patch{Body: body("The ferry left at noon.", "It was full.")}}))
		if !fixed.CorrectedAt.Equal(b.now) || !fixed.UpdatedAt.Equal(b.now) {
			t.Errorf("corrected at %v, updated at %v", fixed.CorrectedAt, fixed.UpdatedAt)
		}
		public := ok[[]*content.Correction](b)(b.articles.Corrections(t.Context(), keyset.First(10)))
		if len(public) != 1 || public[0].Note != "It was noon, not dawn." || public[0].Article.ID != a.ID {
			t.Fatalf("readers are told %+v", public)
		}
		want := []schema.ParagraphChange{{Before: "The ferry left at dawn.", After: "The ferry left at noon."}, {After: "It was full."}}
		if diff := cmp.Diff(want, public[0].Changes); diff != "" {
			t.Errorf("changes: %s", diff)
		}
		if b.events("article.corrected") != 1 {
			t.Error("nobody was told")
		}
		b.step(access.Editor, newsroom.Kill, a)
		if left := ok[[]*content.Correction](b)(b.articles.Corrections(t.Context(), keyset.First(10))); len(left) != 0 {
			t.Errorf("corrections of a killed story: %+v", left)
		}
		if n := ok[int](b)(b.articles.CountCorrections(t.Context(), 10)); n != 0 {
			t.Errorf("%d are counted", n)
		}
	})
}

func TestNoticeStandsWhereAStoryWas(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		told, untold := b.create(access.Author, "Told"), b.create(access.Author, "Untold")
		for _, a := range []*ent.Article{told, untold} {
			b.step(access.Editor, newsroom.Publish, a)
		}
		b.step(access.Editor, newsroom.Kill, told, func(t *newsroom.StepInput) { t.Notice, t.Reason = "This story has been withdrawn.", "court order" })
		b.step(access.Editor, newsroom.Kill, untold, func(t *newsroom.StepInput) { t.Reason = "court order" })
		n := ok[*newsroom.Notice](b)(b.desk.Notice(t.Context(), "/articles/told"))
		if n == nil || n.Text != "This story has been withdrawn." {
			t.Errorf("notice %+v", n)
		}
		if n := ok[*newsroom.Notice](b)(b.desk.Notice(t.Context(), "/articles/untold")); n != nil {
			t.Errorf("a notice that nobody gave: %+v", n)
		}
		kept := ok[map[int]*ent.Withdrawal](b)(b.desk.Withdrawals(b.as(access.Editor), []int{untold.ID}))[untold.ID]
		if kept == nil || kept.Reason != "court order" || *kept.UserID != b.users[access.Editor] {
			t.Errorf("withdrawal %+v", kept)
		}
	})
}

func TestPicksAreOrderedAndExpire(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		one, two, hidden := b.create(access.Author, "One"), b.create(access.Author, "Two"), b.create(access.Author, "Hidden")
		for _, a := range []*ent.Article{one, two} {
			b.step(access.Editor, newsroom.Publish, a)
		}
		soon, past := b.now.Add(time.Hour), b.now
		choices := []newsroom.Choice{{Article: two.ID, ExpiresAt: &soon}, {Article: hidden.ID}, {Article: one.ID}}
		if set := ok[[]*ent.Pick](b)(b.desk.SetPicks(b.as(access.Editor), nil, choices)); len(set) != 3 {
			t.Errorf("set %v", set)
		}
		shown := func() (titles []string) {
			for _, a := range ok[map[int][]*ent.Article](b)(b.articles.Picks(t.Context(), []int{0}))[0] {
				titles = append(titles, a.Title)
			}
			return titles
		}
		if diff := cmp.Diff([]string{"Two", "One"}, shown()); diff != "" {
			t.Errorf("readers see: %s", diff)
		}
		many := make([]newsroom.Choice, newsroom.MaxPicks+1)
		for name, c := range map[string]struct {
			section *int
			choices []newsroom.Choice
			reason  fault.Reason
		}{
			"an article twice":     {nil, []newsroom.Choice{{Article: one.ID}, {Article: one.ID}}, fault.Taken},
			"an article not there": {nil, []newsroom.Choice{{Article: 987_654}}, fault.Missing},
			"a section not there":  {new(987_654), nil, fault.Missing},
			"an end in the past":   {nil, []newsroom.Choice{{Article: one.ID, ExpiresAt: &past}}, fault.InThePast},
			"too many":             {nil, many, fault.LimitReached},
		} {
			if _, err := b.desk.SetPicks(b.as(access.Editor), c.section, c.choices); reasonOf(err) != c.reason {
				t.Errorf("%s: %v, want %s", name, err, c.reason)
			}
		}
		if _, err := b.desk.SetPicks(b.as(access.Author), nil, nil); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("an author picks: %v", err)
		}
		if n, err := b.desk.ExpirePicks(t.Context(), b.now); n != 0 || err != nil {
			t.Errorf("before the time: %d, %v", n, err)
		}
		b.now = soon
		if diff := cmp.Diff([]string{"Two", "One"}, shown()); diff != "" {
			t.Errorf("reading asks a clock: %s", diff)
		}
		if n, err := b.desk.ExpirePicks(t.Context(), b.now); n != 1 || err != nil {
			t.Errorf("at the time: %d, %v", n, err)
		}
		if diff := cmp.Diff([]string{"One"}, shown()); diff != "" {
			t.Errorf("after the time: %s", diff)
		}
		if got := b.events("pick.updated"); got != 2 {
			t.Errorf("%d events, want 2", got)
		}
		ok[[]*ent.Pick](b)(b.desk.SetPicks(b.as(access.Editor), nil, nil))
		if shown() != nil {
			t.Error("an empty list leaves picks")
		}
	})
}

func TestKilledArticlesAreNoPicks(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		kept := b.step(access.Editor, newsroom.Publish, b.create(access.Author, "Ferry"))
		gone := b.step(access.Editor, newsroom.Publish, b.create(access.Author, "Budget"))
		if _, err := b.desk.SetPicks(b.as(access.Editor), nil, []newsroom.Choice{{Article: gone.ID}, {Article: kept.ID}}); err != nil {
			t.Fatal(err)
		}
		told := b.events("pick.updated")
		b.step(access.Editor, newsroom.Kill, gone, func(t *newsroom.StepInput) { t.Reason = "court order" })
		picks := ok[[]*ent.Pick](b)(b.desk.Picks(b.as(access.Editor), nil))
		if len(picks) != 1 || picks[0].ArticleID != kept.ID || b.events("pick.updated") != told+1 {
			t.Errorf("picks %v, %d events", picks, b.events("pick.updated")-told)
		}
	})
}

func TestPinnedArticlesComeFirst(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		var all []*ent.Article
		for _, title := range []string{"Ferry", "Budget", "Weather"} {
			a := b.create(access.Author, title)
			all = append(all, b.step(access.Editor, newsroom.Publish, a))
		}
		pin := func(related int, position *int) error {
			_, err := b.desk.Pin(b.as(access.Editor), newsroom.Pin{Article: all[0].ID, Related: related, Position: position})
			return err
		}
		shown := func() (titles []string) {
			for _, r := range ok[map[int][]content.Related](b)(b.articles.Related(t.Context(), []int{all[0].ID}, 2))[all[0].ID] {
				reasons, err := r.Reasons()
				if err != nil || len(reasons) == 0 || reasons[0].Kind != content.Pinned {
					continue
				}
				titles = append(titles, r.Article.Title)
			}
			return titles
		}
		if err := errors.Join(pin(all[1].ID, nil), pin(all[2].ID, new(1))); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Weather", "Budget"}, shown()); diff != "" {
			t.Errorf("pinned: %s", diff)
		}
		if err := pin(all[1].ID, new(1)); err != nil { // moves
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Budget", "Weather"}, shown()); diff != "" {
			t.Errorf("moved: %s", diff)
		}
		for name, c := range map[string]struct {
			related, position int
			reason            fault.Reason
		}{
			"itself":            {all[0].ID, 1, fault.Loop},
			"what is not there": {987_654, 1, fault.Missing},
			"the fifth of two":  {all[1].ID, 5, fault.Invalid},
		} {
			if err := pin(c.related, &c.position); reasonOf(err) != c.reason {
				t.Errorf("pin %s: %v, want %s", name, err, c.reason)
			}
		}
		unpin := newsroom.Pin{Article: all[0].ID, Related: all[2].ID}
		ok[*ent.Article](b)(b.desk.Unpin(b.as(access.Editor), unpin))
		if _, err := b.desk.Unpin(b.as(access.Editor), unpin); reasonOf(err) != fault.Missing {
			t.Errorf("unpinned twice: %v", err)
		}
		if diff := cmp.Diff([]string{"Budget"}, shown()); diff != "" {
			t.Errorf("unpinned: %s", diff)
		}
	})
}

func TestLiveBlogIsReported(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		title, kind := "Storm as it comes", article.KindLiveBlog
		blog := ok[*ent.Article](b)(b.desk.Create(b.as(access.Author), newsroom.Patch{Title: &title, Kind: &kind}, ""))
		plain := b.create(access.Author, "Ferry returns")
		add := func(role access.Role, articleID int, p newsroom.EntryPatch) (*ent.LiveEntry, error) {
			_, e, err := b.desk.AddEntry(b.as(role), articleID, p)
			return e, err
		}
		first := ok[*ent.LiveEntry](b)(add(access.Author, blog.ID, newsroom.EntryPatch{Body: body("It rains.")}))
		b.now = b.now.Add(time.Minute)
		second := ok[*ent.LiveEntry](b)(add(access.Author, blog.ID, newsroom.EntryPatch{Body: body("It pours."), Key: new(true)}))
		if first.ID == second.ID || !second.PublishedAt.Equal(b.now) || !second.IsKey {
			t.Errorf("entries %+v, %+v", first, second)
		}
		later := b.now.Add(time.Second)
		for name, c := range map[string]struct {
			article int
			patch   newsroom.EntryPatch
			reason  fault.Reason
		}{
			"an entry of a plain article": {plain.ID, newsroom.EntryPatch{Body: body("It rains.")}, fault.Invalid},
			"an entry of nothing":         {blog.ID, newsroom.EntryPatch{}, fault.Blank},
			"an entry of tomorrow":        {blog.ID, newsroom.EntryPatch{Body: body("It rains."), PublishedAt: &later}, fault.Invalid},
			"an entry of 10 MB":           {blog.ID, newsroom.EntryPatch{Body: body(strings.Repeat("x", 10<<20))}, fault.TooLong},
		} {
			if _, err := add(access.Author, c.article, c.patch); reasonOf(err) != c.reason {
				t.Errorf("%s: %v, want %s", name, err, c.reason)
			}
		}
		if _, err := add(access.Contributor, blog.ID, newsroom.EntryPatch{Body: body("It rains.")}); reasonOf(err) != fault.Missing {
			t.Errorf("reporting into another's draft: %v", err)
		}
		_, pinned, err := b.desk.UpdateEntry(b.as(access.Editor), first.ID, newsroom.EntryPatch{Pinned: new(true)})
		if err != nil || !pinned.IsPinned || pinned.ID != first.ID || richtext.Text(pinned.Blocks) != "It rains." {
			t.Errorf("pinned %+v, %v", pinned, err)
		}
		shown := ok[map[int][]*ent.LiveEntry](b)(b.articles.LiveEntries(b.as(access.Author), []int{blog.ID}, 100, 0))[blog.ID]
		if len(shown) != 2 || shown[0].ID != first.ID {
			t.Errorf("pinned ones first: %v", shown)
		}
		ok[*ent.Article](b)(b.desk.RemoveEntry(b.as(access.Author), second.ID))
		if _, err := b.desk.RemoveEntry(b.as(access.Author), second.ID); reasonOf(err) != fault.Missing {
			t.Errorf("removed twice: %v", err)
		}
		third := ok[*ent.LiveEntry](b)(add(access.Author, blog.ID, newsroom.EntryPatch{Body: body("It stops.")}))
		ok[*ent.Article](b)(b.desk.Restore(b.as(access.Editor), blog.ID, 3, nil, "")) // as it was with the first two
		var keys []int
		for _, e := range ok[map[int][]*ent.LiveEntry](b)(b.articles.LiveEntries(b.as(access.Author), []int{blog.ID}, 100, 0))[blog.ID] {
			keys = append(keys, e.ID)
		}
		slices.Sort(keys)
		if diff := cmp.Diff([]int{first.ID, second.ID, third.ID}, keys); diff != "" {
			t.Errorf("a restoring gives back what was removed under its key and keeps what came since (-want +got):\n%s", diff)
		}
	})
}
