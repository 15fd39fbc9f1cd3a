package httpheader_test

import (
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

func TestHasETag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header []string
		want   bool
	}{
		{nil, false}, {[]string{""}, false}, {[]string{`"a"`}, true}, {[]string{`W/"a"`}, true}, {[]string{"*"}, true}, {[]string{"a"}, false},
		{[]string{`"b", W/"a"`}, true}, {[]string{`"b"`, `"a"`}, true}, {[]string{`"ab"`}, false}, {[]string{`x"a"`}, false},
	} {
		if got := httpheader.HasETag(c.header, `"a"`); got != c.want {
			t.Errorf("%q: %v, want %v", c.header, got, c.want)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header []string
		want   bool
	}{
		{nil, false}, {[]string{""}, false}, {[]string{"br"}, false}, {[]string{"gzip"}, true}, {[]string{"br, GZIP;q=0.5"}, true}, {[]string{"x-gzip"}, true},
		{[]string{"gzip;q=0"}, false}, {[]string{"gzip; q=0.000, br"}, false}, {[]string{"*"}, true}, {[]string{"*;q=0"}, false},
		{[]string{"gzip;q=0, *"}, false}, {[]string{"*;q=0", "gzip"}, true}, {[]string{"gzip;q=x"}, false},
	} {
		if got := httpheader.AcceptsGzip(c.header); got != c.want {
			t.Errorf("%q: %v, want %v", c.header, got, c.want)
		}
	}
}
