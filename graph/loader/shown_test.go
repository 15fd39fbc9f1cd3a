package loader

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/event"
)

func TestEverythingShownIsNoted(t *testing.T) {
	t.Parallel()
	ctx := With(t.Context(), &Services{})
	k := testKind(nil)
	k.List(ctx, Dependency{List: "things", Filter: "en"}, numbered(2, 1))
	k.List(ctx, Dependency{Entity: "cat", Key: 7, List: "things"}, nil)
	k.Find(ctx, "slug", "there", &thing{ID: 3})
	k.Find(ctx, "slug", "never-was", nil)
	k.One(ctx, nil)
	list := listed(k, "below", k, func(context.Context, *cohort[thing]) (map[int][]*thing, error) {
		return map[int][]*thing{5: numbered(6, 1)}, nil
	})
	if _, err := get(ctx, k.Rows(ctx, numbered(5, 4))[0].place, list, none{}); err != nil {
		t.Fatal(err)
	}
	got, complete := For(ctx).Shown.Dependencies()
	want := []Dependency{
		{"", 0, "things", "en"}, {"thg", 2, "", ""}, {"thg", 1, "", ""},
		{"cat", 7, "things", ""},
		{"thg", 3, "", ""},
		{"thg", 0, "slug", "never-was"},
		{"thg", 5, "", ""}, {"thg", 4, "", ""}, {"thg", 5, "below", ""}, {"thg", 4, "below", ""}, {"thg", 6, "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" || !complete {
		t.Errorf("complete: %v; %s", complete, diff)
	}
}

func TestShownHasABound(t *testing.T) {
	t.Parallel()
	r := response(0)
	for i := range maxShown + 1 {
		testKind(nil).enter(r, numbered(i+1))
	}
	if all, complete := r.Shown.Dependencies(); complete || len(all) > maxShown {
		t.Errorf("%d things are noted, complete: %v", len(all), complete)
	}
}

func TestSettingsAreNamedAsInEvents(t *testing.T) {
	t.Parallel()
	if Settings != event.Site {
		t.Errorf("%q, events say %q", Settings, event.Site)
	}
}
