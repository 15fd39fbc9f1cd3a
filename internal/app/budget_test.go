package app_test

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestEveryPublicOutputIsChargedToItsAddress: whatever anybody may read over HTTP costs
// something of the budget of an address, also where it is unchanged, and an address that
// has none left is told when it has.
func TestEveryPublicOutputIsChargedToItsAddress(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		s := runNode(t, url, "--rate-limit=6000", "--max-complexity=5000", "--trusted-proxies=127.0.0.0/8,::1", "--rate-limit-exempt=203.0.113.250/32", "--wordpress-rest", "--no-site")
		s.publish(t, "A story")
		pixels, write := io.Pipe()
		go func() { _ = write.CloseWithError(png.Encode(write, image.NewNRGBA(image.Rect(0, 0, 400, 300)))) }()
		picture, err := s.Media.Store(access.AsSystem(t.Context()), media.Upload{Name: "a.png", Body: pixels})
		if err != nil {
			t.Fatal(err)
		}
		get := func(path, address, etag string) *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", address)
			if etag != "" {
				r.Header.Set("If-None-Match", etag)
			}
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			return answer
		}
		original := content.MediaURL(picture)
		paths := []string{original, media.Variant{Width: 160, Format: media.WebP}.Path(picture), "/wp-json/wp/v2/posts", "/?p=1", "/wp-content/uploads/2013/01/a.jpg", "/nowhere/feed/"}
		for path := range s.Feeds.Paths() {
			paths = append(paths, path)
		}
		for i, path := range paths {
			address := fmt.Sprintf("198.51.100.%d", i+1)
			first := get(path, address, "")
			if first.StatusCode == http.StatusTooManyRequests || first.StatusCode >= 500 {
				t.Errorf("%s: %s at first", path, first.Status)
				continue
			}
			unchanged, asked, last := 0, 1, first
			for ; last.StatusCode != http.StatusTooManyRequests && asked < 400; asked++ {
				if last = get(path, address, first.Header.Get("ETag")); last.StatusCode == http.StatusNotModified {
					unchanged++
				}
			}
			h := last.Header
			wait, err := strconv.Atoi(h.Get("Retry-After"))
			if last.StatusCode != http.StatusTooManyRequests || err != nil || wait < 1 || h.Get("RateLimit-Limit") != "6000" || h.Get("RateLimit-Reset") != strconv.Itoa(wait) ||
				h.Get("RateLimit-Remaining") == "" || strings.Contains(h.Get("Cache-Control"), "public") {
				t.Errorf("%s: %s after %d requests: %v", path, last.Status, asked, h)
			}
			// What is in memory, or unchanged, is cheap.
			if first.Header.Get("ETag") != "" && unchanged < 40 {
				t.Errorf("%s: %d unchanged answers, then %s", path, unchanged, last.Status)
			}
			if again := get(path, "203.0.113.250", ""); again.StatusCode != first.StatusCode {
				t.Errorf("%s: %s for an address without a budget", path, again.Status)
			}
		}
	})
}

// TestKeysAreNotTakenFromAddresses, where feeds would answer as if there was none.
func TestKeysAreNotTakenFromAddresses(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.write(t, 0, "A story", article.StatusPublished, s.section(t, "world"))
		_, token := s.partner(t)
		for _, path := range []string{"/feed/?key=", "/feed/json/?access_token=", "/partner/changes?key="} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path+token, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: %s", path, answer.Status)
			}
		}
	})
}
