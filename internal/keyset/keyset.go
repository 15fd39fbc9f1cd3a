// Package keyset names places in sorted lists by the values that sort them, so
// that a page begins exactly where the last one ended however the list has
// changed meanwhile.
package keyset

import (
	"cmp"
	"math"
	"time"
)

// Key is the place of a row: what the list is sorted by, and the row's key to
// break ties. A list sorts by Time (microseconds since 1970) or by Text.
type Key struct {
	Time int64
	Text string
	ID   int
}

// The moments beyond which no row lies, within what both databases can compare.
var (
	first = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Moment gives the time of a key as the databases keep it.
func (k Key) Moment() time.Time {
	return time.UnixMicro(min(max(k.Time, first.UnixMicro()), last.UnixMicro())).UTC()
}

// Bounds beyond every row of a list sorted by time.
var (
	Newest = Key{Time: math.MaxInt64, ID: math.MaxInt64}
	Oldest = Key{Time: math.MinInt64, ID: math.MinInt64}
)

// Window is the stretch of a list that a page shows: the rows strictly between
// After and Before, as many as Limit, from its beginning or, Backward, from
// its end.
type Window struct {
	Limit         int
	Backward      bool
	After, Before *Key
}

// First is the window of the first n rows.
func First(n int) Window { return Window{Limit: n} }

// Newer and Older are the bounds of the window in a list that runs from newest
// to oldest: every row of the page is older than Newer and newer than Older.
func (w Window) Newer() Key {
	if w.After != nil {
		return *w.After
	}
	return Newest
}

// Older is described with Newer.
func (w Window) Older() Key {
	if w.Before != nil {
		return *w.Before
	}
	return Oldest
}

// CompareNewestFirst orders keys of a list sorted by time, newest first.
func CompareNewestFirst(a, b Key) int {
	return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(b.ID, a.ID))
}
