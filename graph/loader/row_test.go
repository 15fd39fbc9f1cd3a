package loader

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

type thing struct {
	ID     int
	points *int
}

type thingRow struct {
	*thing
	place[thing]
}

func testKind(find finder[thing]) *Kind[thing, thingRow] {
	return &Kind[thing, thingRow]{"thg", func(t *thing) int { return t.ID }, func(t *thing, p place[thing]) thingRow { return thingRow{t, p} }, find}
}

func response(cohort int) *Response { return &Response{Services: &Services{Cohort: cohort}} }

func numbered(keys ...int) []*thing {
	rows := make([]*thing, len(keys))
	for i, key := range keys {
		if key != 0 {
			rows[i] = &thing{ID: key}
		}
	}
	return rows
}

// keysOf gives the keys of rows, 0 for none.
func keysOf(rows []*thingRow) []int {
	keys := make([]int, len(rows))
	for i, r := range rows {
		if r != nil {
			keys[i] = r.ID
		}
	}
	return keys
}

func TestRowsEnterInOrderAndOnce(t *testing.T) {
	t.Parallel()
	rows := testKind(nil).enter(response(0), numbered(3, 0, 1, 3, 2))
	if diff := cmp.Diff([]int{3, 0, 1, 3, 2}, keysOf(rows)); diff != "" {
		t.Errorf("the order changed: %s", diff)
	}
	if rows[0] != rows[3] {
		t.Error("one key makes two rows")
	}
	if diff := cmp.Diff([]int{3, 1, 2}, rows[0].in.keys); diff != "" {
		t.Errorf("the cohort: %s", diff)
	}
	for _, r := range rows {
		if r != nil && r.in.rows[r.at].ID != r.ID {
			t.Errorf("row %d stands at the place of %d", r.ID, r.in.rows[r.at].ID)
		}
	}
}

func TestRowsOfAllParentsAreOneCohort(t *testing.T) {
	t.Parallel()
	lists := testKind(nil).enterAll(response(0), [][]*thing{numbered(1, 2), nil, numbered(2, 3)})
	var got [][]int
	for _, list := range lists {
		got = append(got, keysOf(list))
	}
	if diff := cmp.Diff([][]int{{1, 2}, {}, {2, 3}}, got); diff != "" {
		t.Errorf("the lists: %s", diff)
	}
	if lists[0][0].in != lists[2][1].in {
		t.Error("the rows of two parents are two cohorts")
	}
}

func TestLongListsAreSeveralCohorts(t *testing.T) {
	t.Parallel()
	k, r := testKind(nil), response(2)
	sizes := map[int]int{}
	for _, row := range k.enter(r, numbered(1, 2, 3, 4, 5)) {
		sizes[len(row.in.keys)]++
		if v, err := get(t.Context(), row.place, numbers, none{}); err != nil || v != row.ID {
			t.Errorf("row %d has the value %d, %v", row.ID, v, err)
		}
	}
	if diff := cmp.Diff(map[int]int{2: 4, 1: 1}, sizes); diff != "" {
		t.Errorf("rows by the size of their cohort: %s", diff)
	}
}

// numbers gives every row its key.
var numbers = value[thing](func(_ context.Context, _ *Response, keys []int) (map[int]int, error) {
	found := map[int]int{}
	for _, key := range keys {
		found[key] = key
	}
	return found, nil
})

func TestFieldIsLoadedOnceForTheCohort(t *testing.T) {
	t.Parallel()
	var loads atomic.Int32
	f := &field[thing, int, string]{func(_ context.Context, c *cohort[thing], n int) ([]string, error) {
		loads.Add(1)
		values := make([]string, len(c.keys))
		for i, key := range c.keys {
			values[i] = fmt.Sprint(key, " ", n)
		}
		return values, nil
	}}
	rows := testKind(nil).enter(response(0), numbered(1, 2, 3, 4, 5, 6, 7, 8))
	var all sync.WaitGroup
	for _, row := range rows {
		for n := range 3 {
			all.Go(func() {
				if v, err := get(t.Context(), row.place, f, n); err != nil || v != fmt.Sprint(row.ID, " ", n) {
					t.Errorf("row %d with %d: %q, %v", row.ID, n, v, err)
				}
			})
		}
	}
	all.Wait()
	if n := loads.Load(); n != 3 {
		t.Errorf("%d loads for three arguments", n)
	}
}

func TestFailureOfALoadIsEverybodys(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	f := &field[thing, none, int]{func(context.Context, *cohort[thing], none) ([]int, error) { return nil, broken }}
	for _, row := range testKind(nil).enter(response(0), numbered(1, 2)) {
		if _, err := get(t.Context(), row.place, f, none{}); !errors.Is(err, broken) {
			t.Errorf("row %d: %v", row.ID, err)
		}
	}
}

func TestPanicOfALoadIsNotTakenForNothing(t *testing.T) {
	t.Parallel()
	f := &field[thing, none, int]{func(context.Context, *cohort[thing], none) ([]int, error) { panic("a fault of ours") }}
	rows := testKind(nil).enter(response(0), numbered(1, 2))
	func() {
		defer func() { _ = recover() }()
		_, _ = get(t.Context(), rows[0].place, f, none{})
	}()
	if _, err := get(t.Context(), rows[1].place, f, none{}); fault.CodeOf(err) != fault.Internal {
		t.Errorf("the next row is told %v", err)
	}
}

func TestWhoeverWaitsMayLeave(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	f := &field[thing, none, int]{func(_ context.Context, c *cohort[thing], _ none) ([]int, error) {
		close(begun)
		<-end
		return make([]int, len(c.keys)), nil
	}}
	rows := testKind(nil).enter(response(0), numbered(1, 2))
	var first sync.WaitGroup
	first.Go(func() { _, _ = get(t.Context(), rows[0].place, f, none{}) })
	<-begun
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := get(gone, rows[1].place, f, none{}); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever left is told %v", err)
	}
	close(end)
	first.Wait()
}

func TestKnownFieldIsNotLoaded(t *testing.T) {
	t.Parallel()
	f := &field[thing, none, string]{func(context.Context, *cohort[thing], none) ([]string, error) {
		t.Error("loaded what was known")
		return []string{""}, nil
	}}
	row := testKind(nil).enter(response(0), numbered(7))[0]
	prime(row.place, f, "known")
	if v, err := get(t.Context(), row.place, f, none{}); v != "known" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

func TestReferencesAreFollowedTogether(t *testing.T) {
	t.Parallel()
	var asked [][]int
	k := testKind(func(_ context.Context, _ *Response, keys []int) (map[int]*thing, error) {
		asked = append(asked, keys)
		return map[int]*thing{10: {ID: 10}, 20: {ID: 20}}, nil
	})
	to := func(id, key int) *thing { return &thing{ID: id, points: &key} }
	f := reference(k, func(t *thing) *int { return t.points })
	r := response(0)
	rows := k.enter(r, []*thing{to(1, 10), to(2, 30), {ID: 3}, to(4, 20), to(5, 10)})
	var found []*thingRow
	for _, row := range rows {
		target, err := get(t.Context(), row.place, f, none{})
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, target)
	}
	if diff := cmp.Diff([]int{10, 0, 0, 20, 10}, keysOf(found)); diff != "" {
		t.Errorf("targets: %s", diff)
	}
	if diff := cmp.Diff([][]int{{10, 30, 20}}, asked); diff != "" {
		t.Errorf("asked for: %s", diff)
	}
	if found[0].in != found[3].in {
		t.Error("targets of one cohort are two")
	}
	// The hidden one is noted as well: the answer changes when it can be seen.
	all, _ := r.Shown.Dependencies()
	if diff := cmp.Diff([]Dependency{{"thg", 1, "", ""}, {"thg", 2, "", ""}, {"thg", 3, "", ""}, {"thg", 4, "", ""}, {"thg", 5, "", ""},
		{"thg", 30, "", ""}, {"thg", 10, "", ""}, {"thg", 20, "", ""}}, all); diff != "" {
		t.Errorf("noted: %s", diff)
	}
}
