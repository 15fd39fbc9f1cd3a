package feed_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestAMonthWithMoreThanASitemapHoldsHasParts: each article stands in exactly one
// sitemap that the index names.
func TestAMonthWithMoreThanASitemapHoldsHasParts(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		r.SetShardSize(3)
		var want []string
		for i := range 8 { // some at the same moment
			at := time.Date(2013, 1, 1+i/4, 0, 0, 0, 0, time.UTC)
			r.save(t, r.draft(fmt.Sprintf("Story %d", i), at))
			want = append(want, fmt.Sprintf("%s/articles/story-%d", home, i))
		}
		r.save(t, r.draft("December", time.Date(2012, 12, 31, 23, 59, 59, 0, time.UTC)), r.draft("February", time.Date(2013, 2, 1, 0, 0, 0, 0, time.UTC)))
		want = append(want, home+"/articles/december", home+"/articles/february")
		loc := regexp.MustCompile(`<loc>([^<]*)</loc>`)
		var names, got []string
		for _, m := range loc.FindAllStringSubmatch(body(t, r.get(t, "/sitemap.xml")), -1) {
			name := strings.TrimPrefix(m[1], home)
			if strings.HasPrefix(name, "/sitemaps/20") {
				names = append(names, name)
				page := loc.FindAllStringSubmatch(body(t, r.get(t, name)), -1)
				if len(page) == 0 || len(page) > 3 {
					t.Errorf("%s has %d", name, len(page))
				}
				for _, u := range page {
					got = append(got, u[1])
				}
			}
		}
		if diff := cmp.Diff([]string{"/sitemaps/2013-02.xml", "/sitemaps/2013-01.xml", "/sitemaps/2013-01-2.xml", "/sitemaps/2013-01-3.xml", "/sitemaps/2012-12.xml"}, names); diff != "" {
			t.Errorf("the index (-want +got):\n%s", diff)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("articles (-want +got):\n%s", diff)
		}
		for _, name := range []string{"/sitemaps/2013-01-1.xml", "/sitemaps/2013-01-4.xml", "/sitemaps/2013-01-0.xml", "/sitemaps/2013-01-02.xml", "/sitemaps/2013-01-x.xml", "/sitemaps/2013-01-99999999999999999999.xml", "/sitemaps/2013-01--2.xml"} {
			if answer := r.get(t, name); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s", name, answer.Status)
			}
		}
	})
}
