package wxr

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// generated is an export of any size, made while it is read.
type generated struct {
	rest    string
	next    int
	size    int64 // that is left
	started bool
	ended   bool
}

const paragraph = "<!-- wp:paragraph --><p>The harbour was <strong>quiet</strong> that morning, and the <a href=\"https://old.example/quay/\">quay</a> empty; nobody spoke.</p><!-- /wp:paragraph -->\n"

func (g *generated) Read(p []byte) (int, error) {
	if g.rest == "" {
		switch {
		case !g.started:
			g.started = true
			g.rest = strings.TrimSuffix(export(), "\n</channel>\n</rss>\n")
		case g.size > 0:
			g.next++
			g.rest = fmt.Sprintf("<item><title>Post %d</title><wp:post_id>%d</wp:post_id><wp:post_type>post</wp:post_type><content:encoded><![CDATA[%s]]></content:encoded>%s</item>\n",
				g.next, g.next, strings.Repeat(paragraph, 5+g.next%40), comments(g.next%5))
		case !g.ended:
			g.ended = true
			g.rest = "\n</channel>\n</rss>\n"
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	g.size -= int64(n)
	return n, nil
}

// readGenerated reads an export of a size and gives how many items it had and
// the largest heap on the way, in bytes.
func readGenerated(t *testing.T, size int64) (items int, peak uint64) {
	t.Helper()
	g := &generated{size: size}
	r := NewReader(g, Options{})
	var m runtime.MemStats
	for {
		rec, err := r.Next()
		if err == io.EOF { //nolint:errorlint // as it is
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Item == nil {
			continue
		}
		if items++; items%2000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
	if items != g.next {
		t.Errorf("%d items of %d", items, g.next)
	}
	return items, peak
}

func TestReaderStaysSmallOnALongStream(t *testing.T) { //nolint:paralleltest // it measures the heap
	items, peak := readGenerated(t, 30<<20)
	if peak > 32<<20 {
		t.Errorf("%d items took %d MB of heap", items, peak>>20)
	}
}

func TestSoakReaderStaysSmallOnAGigabyte(t *testing.T) { //nolint:paralleltest // it measures the heap
	if os.Getenv("BROADSHEET_SOAK") == "" {
		return
	}
	items, peak := readGenerated(t, 1<<30)
	t.Logf("%d items, largest heap %d MB", items, peak>>20)
	if peak > 32<<20 {
		t.Errorf("%d items took %d MB of heap", items, peak>>20)
	}
}
