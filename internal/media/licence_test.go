package media

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) set(s *Service) *clock {
	c.now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return c.now }
	return c
}

func TestAFileIsHiddenWhenItsLicenceEnds(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		c := new(clock).set(e.s)
		ctx := as(t, access.Author, 7)
		var planned []time.Time
		e.s.ExpireAt = func(_ context.Context, at time.Time) error { planned = append(planned, at); return nil }
		end := c.now.Add(time.Hour)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{ExpiresAt: &end})
		if err != nil {
			t.Fatal(err)
		}
		later := end.Add(time.Hour)
		other, err := e.upload(ctx, "b.jpg", halvesJPEG(t, 300, 200), Words{ExpiresAt: &later})
		if err != nil {
			t.Fatal(err)
		}
		if len(planned) != 2 || !planned[0].Equal(end) {
			t.Errorf("planned for %v", planned)
		}
		addresses := []string{Variant{}.Path(m), Variant{Width: 160}.Path(m)}
		for _, address := range addresses {
			if w := get(e.s, address); w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=3600" {
				t.Errorf("before: %s is %d, kept for %q", address, w.Code, w.Header().Get("Cache-Control"))
			}
		}
		if next, err := e.Expire(t.Context()); err != nil || next == nil || !next.Equal(end) {
			t.Fatalf("too early: %v, %v", next, err)
		}
		c.now = end
		if next, err := e.Expire(t.Context()); err != nil || next == nil || !next.Equal(later) {
			t.Fatalf("next %v, %v", next, err)
		}
		if !row(t, e.s, m.ID).Expired || row(t, e.s, other.ID).Expired {
			t.Error("not the one whose licence ended")
		}
		told := func() int {
			return db.Ent(access.AsSystem(t.Context())).Event.Query().Where(entevent.Type("media.updated"), entevent.EntityID(m.ID)).CountX(t.Context())
		}
		events := told()
		if _, err := e.Expire(t.Context()); err != nil || told() != events {
			t.Errorf("told again: %d in place of %d, %v", told(), events, err)
		}
		for _, address := range addresses {
			if w := get(e.s, address); w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "public") {
				t.Errorf("after: %s is %d, %q", address, w.Code, w.Header().Get("Cache-Control"))
			}
		}
		e.s.SignIn = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Viewer{UserID: 7, Role: access.Author})))
			})
		}
		for _, address := range addresses {
			if w := get(e.s, address); w.Code != 200 || w.Header().Get("Cache-Control") != "private, no-store" {
				t.Errorf("staff: %s is %d, %q", address, w.Code, w.Header().Get("Cache-Control"))
			}
		}
		// Licensed anew, it is there again at once.
		saved, err := e.Update(ctx, m.ID, func(w *Words) { w.ExpiresAt = nil })
		if err != nil || saved.Expired || saved.ExpiresAt != nil {
			t.Fatalf("%+v, %v", saved, err)
		}
		e.s.SignIn = nil
		if w := get(e.s, addresses[0]); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("again: %d, %q", w.Code, w.Header().Get("Cache-Control"))
		}
		// A moment that is past hides it at once.
		if saved, err := e.Update(ctx, m.ID, func(w *Words) { w.ExpiresAt = &end }); err != nil || !saved.Expired {
			t.Fatalf("%+v, %v", saved, err)
		}
		// An import may license it anew: the job finds it.
		db.Ent(ctx).Media.UpdateOneID(m.ID).SetExpiresAt(later.Add(time.Hour)).ExecX(access.AsSystem(ctx))
		if _, err := e.Expire(t.Context()); err != nil || row(t, e.s, m.ID).Expired {
			t.Errorf("not shown again: %v", err)
		}
	})
}

// TestFilesAreServedWithoutTheDatabase whose licences were read lately and last.
func TestFilesAreServedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		db := testkit.Open(t, url, store.Options{})
		e := desk(t, db)
		c := new(clock).set(e.s)
		ctx := as(t, access.Author, 7)
		end, past := c.now.Add(30*time.Minute), c.now.Add(-time.Minute)
		upload := func(width int, until *time.Time) string {
			m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, width, 200), Words{ExpiresAt: until})
			if err != nil {
				t.Fatal(err)
			}
			return Variant{Width: 160}.Path(m)
		}
		free, bounded, ended, unseen := upload(400, nil), upload(410, &end), upload(420, &past), upload(430, nil)
		for _, address := range []string{free, bounded, ended} {
			get(e.s, address) // which makes the variant, and so changes the item
			get(e.s, address)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		check := func(when string, want map[string]int) {
			for address, code := range want {
				if w := get(e.s, address); w.Code != code || code != http.StatusOK && strings.Contains(w.Header().Get("Cache-Control"), "public") {
					t.Errorf("%s: %s is %d, want %d", when, address, w.Code, code)
				}
			}
		}
		check("at once", map[string]int{free: 200, bounded: 200, ended: 503, unseen: 503})
		c.now = end
		check("when a licence ends", map[string]int{free: 200, bounded: 503})
		c.now = end.Add(time.Hour)
		check("after more than an hour", map[string]int{free: 503})
	})
}

// TestALicenceThatHasChangedIsForgotten, and no other is.
func TestALicenceThatHasChangedIsForgotten(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		db := testkit.Open(t, url, store.Options{})
		e := desk(t, db)
		c := new(clock).set(e.s)
		ctx := as(t, access.Author, 7)
		upload := func(name string, width int) *ent.Media {
			m, err := e.upload(ctx, name, halvesJPEG(t, width, 200), Words{})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		ended, deleted, other := upload("ended.jpg", 400), upload("deleted.jpg", 410), upload("other.jpg", 420)
		for _, m := range []*ent.Media{ended, deleted, other} {
			if w := get(e.s, Variant{}.Path(m)); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		if _, err := e.Update(ctx, ended.ID, func(w *Words) { w.ExpiresAt = &c.now }); err != nil {
			t.Fatal(err)
		}
		if err := e.Delete(ctx, deleted.ID, false); err != nil {
			t.Fatal(err)
		}
		upload("new.jpg", 430)
		for range 3 {
			if w := get(e.s, "/media/2026/01/0123456789abcdef-invented.jpg"); w.Code != http.StatusNotFound {
				t.Errorf("invented: %d", w.Code)
			}
		}
		if keys := e.s.seen.Keys(); !slices.Equal(keys, []string{other.BlobKey}) {
			t.Errorf("remembered: %q", keys)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for m, code := range map[*ent.Media]int{ended: 503, deleted: 503, other: 200} {
			if w := get(e.s, Variant{}.Path(m)); w.Code != code {
				t.Errorf("%s is %d, want %d", m.BlobKey, w.Code, code)
			}
		}
		// When events may have passed the node by, it knows nothing for certain.
		if err := e.s.Consume(ctx, []event.Event{{Action: event.Missed}}); err != nil || e.s.seen.Len() != 0 {
			t.Errorf("%d are remembered, %v", e.s.seen.Len(), err)
		}
	})
}

// TestALicenceThatIsReadDuringAChangeIsNotRemembered: it may be the one before.
func TestALicenceThatIsReadDuringAChangeIsNotRemembered(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	m, err := e.upload(as(t, access.Author, 7), "a.jpg", halvesJPEG(t, 400, 200), Words{})
	if err != nil {
		t.Fatal(err)
	}
	e.s.Now = func() time.Time { // it is asked for after the licence was read
		if err := e.s.Consume(t.Context(), []event.Event{{Action: event.Updated, Entity: id.Media, EntityID: m.ID}}); err != nil {
			t.Error(err)
		}
		return time.Time{}
	}
	if l, err := e.s.mayShow(t.Context(), m.BlobKey); err != nil || l.item != m.ID || e.s.seen.Len() != 0 {
		t.Errorf("%+v, %v, %d are remembered", l, err, e.s.seen.Len())
	}
}

// TestALicenceThatIsSetLaterBoundsWhatIsFetchedFromThenOn: what was fetched before may be
// kept for a year, as docs/media.md says, for the address stays.
func TestALicenceThatIsSetLaterBoundsWhatIsFetchedFromThenOn(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		c := new(clock).set(e.s)
		ctx := as(t, access.Author, 7)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{})
		if err != nil {
			t.Fatal(err)
		}
		address := Variant{Width: 160}.Path(m)
		if w := get(e.s, address); w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("before: %q", w.Header().Get("Cache-Control"))
		}
		end := c.now.Add(time.Hour)
		saved, err := e.Update(ctx, m.ID, func(w *Words) { w.ExpiresAt = &end })
		if err != nil || (Variant{Width: 160}).Path(saved) != address {
			t.Fatalf("%+v, %v", saved, err)
		}
		if w := get(e.s, address); w.Header().Get("Cache-Control") != "public, max-age=3600" {
			t.Errorf("after: %q", w.Header().Get("Cache-Control"))
		}
	})
}

func TestWordsAreKeptPerLanguage(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx := as(t, access.Author, 7)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{Alt: "Boats", Credit: "AP"})
		if err != nil {
			t.Fatal(err)
		}
		say := func(language string, words schema.MediaWords) error {
			_, err := e.Update(ctx, m.ID, func(w *Words) { w.In(language, func(in *schema.MediaWords) { *in = words }) })
			return err
		}
		if err := say("ar", schema.MediaWords{Alt: " قوارب \x00"}); err != nil {
			t.Fatal(err)
		}
		if err := say("de", schema.MediaWords{Alt: "Boote"}); err != nil {
			t.Fatal(err)
		}
		if now := row(t, e.s, m.ID); now.Translations["ar"].Alt != "قوارب" || now.Translations["de"].Alt != "Boote" || now.Alt != "Boats" {
			t.Errorf("%+v", now)
		}
		if err := say("de", schema.MediaWords{}); err != nil {
			t.Fatal(err)
		}
		if now := row(t, e.s, m.ID); len(now.Translations) != 1 {
			t.Errorf("%+v", now.Translations)
		}
		if found, err := e.Library(ctx, Filter{Words: "قوارب"}, keyset.First(10)); err != nil || len(found) != 1 || found[0].Translations["ar"].Alt == "" {
			t.Errorf("not found by its words: %v, %v", found, err)
		}
		if err := say("fr", schema.MediaWords{Alt: strings.Repeat("a", maxText+1)}); code(err) != fault.BadUserInput {
			t.Errorf("too long: %v", err)
		}
		for i := range maxLanguages + 1 {
			err = say("x-"+strings.Repeat("a", i+1), schema.MediaWords{Alt: "a"})
		}
		if code(err) != fault.BadUserInput {
			t.Errorf("too many: %v", err)
		}
	})
}

// TestAFileHasItsLongestLicence: a file is shown as long as one of the items with it may be.
func TestAFileHasItsLongestLicence(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		c := new(clock).set(e.s)
		ctx := as(t, access.Author, 7)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 400, 200), Words{})
		if err != nil {
			t.Fatal(err)
		}
		file := db.Ent(access.AsSystem(t.Context())).Media
		file.UpdateOne(m).SetExpired(true).SetExpiresAt(c.now.Add(-time.Hour)).ExecX(access.AsSystem(t.Context()))
		moment := func(hours float64) *time.Time {
			at := c.now.Add(time.Duration(hours * float64(time.Hour)))
			return &at
		}
		for i, step := range []struct {
			ends    *time.Time
			expired bool
			kept    string
		}{
			{moment(-2), true, ""},
			{moment(1), false, "public, max-age=3600"},
			{moment(2.5), false, "public, max-age=9000"},
			{moment(0.5), false, "public, max-age=9000"},
			{moment(-3), true, "public, max-age=9000"},
			{nil, false, "public, max-age=31536000, immutable"},
			{moment(9), false, "public, max-age=31536000, immutable"},
		} {
			file.Create().SetKind(m.Kind).SetContentType(m.ContentType).SetBlobKey(m.BlobKey).SetNillableExpiresAt(step.ends).SetExpired(step.expired).ExecX(access.AsSystem(t.Context()))
			w := get(e.s, Variant{}.Path(m))
			if step.kept == "" && w.Code != http.StatusNotFound || step.kept != "" && (w.Code != http.StatusOK || w.Header().Get("Cache-Control") != step.kept) {
				t.Errorf("%d: %d, kept for %q, want %q", i, w.Code, w.Header().Get("Cache-Control"), step.kept)
			}
		}
	})
}
