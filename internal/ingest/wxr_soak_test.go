package ingest

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// oldSite of any size, made while it is read.
type generatedSite struct {
	rest     string
	post     func(i int) string
	next     int
	left     int64 // bytes to come
	started  bool
	finished bool
}

func (g *generatedSite) Read(p []byte) (int, error) {
	if g.rest == "" {
		head, foot, _ := strings.Cut(oldExport("\x00"), "\x00")
		switch {
		case !g.started:
			g.started, g.rest = true, head
		case g.left > 0:
			g.next++
			g.rest = g.post(g.next)
		case !g.finished:
			g.finished, g.rest = true, foot
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	g.left -= int64(n)
	return n, nil
}

// longPost is a post of about twenty kilobytes with a picture, a link and remarks.
func longPost(i int) string {
	if i%5 == 0 {
		return fmt.Sprintf(`<item><title>f%d</title><guid>g%d</guid><wp:post_id>%d</wp:post_id><wp:status>inherit</wp:status><wp:post_type>attachment</wp:post_type>`+
			`<wp:attachment_url>https://old.example/wp-content/uploads/f%d.jpg</wp:attachment_url></item>`, i, i, i, i)
	}
	words := fmt.Sprintf("In year %d the ships of captain %d came home with salt and fish, and the whole town stood at the quay to see what they had brought. ", i%300, i%977)
	body := strings.Repeat("<!-- wp:paragraph --><p>"+strings.Repeat(words, 4)+"</p><!-- /wp:paragraph -->\n", 30) +
		fmt.Sprintf("<!-- wp:paragraph --><p>More <em>of this</em> in <a href=\"https://old.example/post-%d/\">another story</a>.</p><!-- /wp:paragraph -->\n", i-i%5+1) +
		fmt.Sprintf("<!-- wp:image {\"id\":%d} --><figure><img class=\"wp-image-%d\" src=\"https://old.example/wp-content/uploads/f%d-300x200.jpg\"/></figure><!-- /wp:image -->", i-i%5, i-i%5, i-i%5)
	return strings.Replace(oldPost(i, fmt.Sprintf(`<category domain="category" nicename="c%d">C %d</category><category domain="post_tag" nicename="t%d">T %d</category>`, i%20, i%20, i%500, i%500),
		oldComment(10*i, 0), oldComment(10*i+1, 10*i)), "Words of", body, 1)
}

// generatedFile is a file of about size bytes.
func generatedFile(size int64, post func(i int) string) WXRFile {
	return WXRFile{File: File{Name: "generated.xml", Size: size}, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(&generatedSite{left: size, post: post}), nil
	}}
}

// soaked imports a generated site and tells the rate and the largest heap.
func soaked(t *testing.T, size int64, post func(i int) string) (*WXRReport, uint64) {
	t.Helper()
	s := wxrServices(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{StatementTimeout: -1}))
	var m runtime.MemStats
	var peak uint64
	start, last := time.Now(), time.Now()
	r, err := WXR(t.Context(), s, []WXRFile{generatedFile(size, post)}, WXROptions{Progress: func(p Progress) {
		if time.Since(last) < 5*time.Second {
			return
		}
		last = time.Now()
		runtime.GC()
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
	}})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	t.Logf("%d items of %d MB in %s: %.0f items and %.1f MB a second, largest heap %d MB", r.Items, size>>20, took.Round(time.Second),
		float64(r.Items)/took.Seconds(), float64(size>>20)/took.Seconds(), peak>>20)
	return r, peak
}

func TestSoakWXRImportsAGigabyte(t *testing.T) { //nolint:paralleltest // it measures the heap
	if os.Getenv("BROADSHEET_SOAK") == "" {
		return
	}
	r, peak := soaked(t, 1<<30, longPost)
	if r.Rejected > 0 || r.Created != r.Items {
		t.Errorf("%d of %d items created, %d rejected", r.Created, r.Items, r.Rejected)
	}
	if peak > 256<<20 {
		t.Errorf("%d MB of heap", peak>>20)
	}
}

func TestSoakWXRImportsAHundredThousandComments(t *testing.T) { //nolint:paralleltest // it measures the heap
	if os.Getenv("BROADSHEET_SOAK") == "" {
		return
	}
	all := many(100_000, func(i int) string { return oldComment(i, max(i-i%7, 0)) })
	r, peak := soaked(t, int64(len(oldExport(""))), func(int) string { return oldPost(1, all) })
	if r.Comments[0].Created != 100_000 || peak > 256<<20 {
		t.Errorf("%+v, %d MB of heap", r.Comments, peak>>20)
	}
}

func TestWXRImportsManyCommentsInParts(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		in := oldExport(oldPost(1, many(2500, func(i int) string { return oldComment(i, (i-1)/3) })))
		r := wxrImported(t, wxrServices(db), in, WXROptions{})
		if len(r.Comments) != 1 || r.Comments[0].Created != 2500 || r.Comments[0].Repaired != 0 || r.Created != 1 {
			t.Errorf("%+v", r.Comments)
		}
		if r := wxrImported(t, wxrServices(db), in, WXROptions{}); r.Comments[0].Unchanged != 2500 {
			t.Errorf("again: %+v", r.Comments)
		}
	})
}
