package ninjs

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestEncodedItemsReadBack: what is written reads as what it was made from, for
// the examples of every version.
func TestEncodedItemsReadBack(t *testing.T) {
	t.Parallel()
	one := func(text string) *Item {
		t.Helper()
		it, err := NewReader(strings.NewReader(text), Options{}).Next()
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		return &it
	}
	for _, name := range []string{"v16.json", "v22.json", "v31.json"} {
		want := one(fixture(t, name))
		text, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got := one(string(text))
		if len(got.Problems) > 0 || len(got.Unknown) > 0 || got.Major != 3 {
			t.Errorf("%s: version %d, problems %v, unknown %v", name, got.Major, got.Problems, got.Unknown)
		}
		ignore := cmpopts.IgnoreFields(Item{}, "Index", "Line", "Offset", "RawBytes", "Major", "Standard", "Unknown", "Problems", "Rights", "SourceType")
		places := cmpopts.IgnoreFields(Place{}, "Country") // said by identifiers and addresses
		scheme := cmpopts.IgnoreFields(Entity{}, "Scheme") // of 1.x
		if diff := cmp.Diff(want, got, ignore, places, scheme); diff != "" {
			t.Errorf("%s (-read +written and read):\n%s", name, diff)
		}
	}
}
