package wxr

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// FuzzReader checks what holds for any stream: reading ends, indexes only
// grow, texts are valid, the limits are kept.
func FuzzReader(f *testing.F) {
	for _, s := range badStreams {
		f.Add(s.in)
	}
	f.Add(export("<item><title>x</title></item>"))
	f.Fuzz(func(t *testing.T, stream string) {
		r := NewReader(strings.NewReader(stream), Options{MaxBodyBytes: 2000, MaxFieldBytes: 500, MaxItemBytes: 8000, CommentsPerPart: 2})
		for steps := 0; ; steps++ {
			if steps > 2*len(stream)+10 {
				t.Fatal("reading does not end")
			}
			before := r.Index()
			rec, err := r.Next()
			if r.Index() < before {
				t.Fatalf("the index went from %d to %d", before, r.Index())
			}
			var bad *ItemError
			if errors.As(err, &bad) {
				continue
			}
			if err != nil {
				var end *StreamError
				if err != io.EOF && !errors.As(err, &end) { //nolint:errorlint // returned as they are
					t.Fatalf("an error of another kind: %v", err)
				}
				return
			}
			if it := rec.Item; it != nil {
				if len(it.Content) > 2000 || len(it.Title) > 1500 || len(it.Comments) > 2 {
					t.Fatalf("over a limit: %d, %d, %d", len(it.Content), len(it.Title), len(it.Comments))
				}
				for _, s := range []string{it.Title, it.Content, it.Name, it.GUID} {
					if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1f\ufffe") {
						t.Fatalf("not cleaned: %q", s)
					}
				}
			}
		}
	})
}

// FuzzParseBlocks checks that no HTML is lost and that depth is bounded.
func FuzzParseBlocks(f *testing.F) {
	for _, s := range []string{
		"", "text", "<!-- wp:a --><p>x</p><!-- /wp:a -->", `<!-- wp:a/b {"c":{"d":[1]}} /-->`, "<!-- wp:a --><!-- wp:b --><!-- /wp:a -->",
		"<!-- /wp:a -->", "<!-- wp:", "<!-- wp:a {", "<!-- more -->x<!--", strings.Repeat("<!-- wp:a -->", 60) + "deep",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var text func(blocks []Block, depth int) string
		text = func(blocks []Block, depth int) string {
			if depth > maxBlockDepth+2 {
				t.Fatal("too deep")
			}
			var b strings.Builder
			for _, k := range blocks {
				b.WriteString(k.HTML + text(k.Inner, depth+1))
			}
			return b.String()
		}
		got := text(ParseBlocks(body), 0)
		for rest := body; rest != ""; {
			before, after, _ := strings.Cut(rest, "<!--")
			if !strings.Contains(got, before) {
				t.Fatalf("lost %q of %q", before, body)
			}
			_, rest, _ = strings.Cut(after, "-->")
			if !strings.Contains(after, "-->") {
				break
			}
		}
	})
}

// FuzzExpandShortcodes checks that what is not replaced stays as it is, and
// that replaced text is found by its brackets.
func FuzzExpandShortcodes(f *testing.F) {
	for _, s := range []string{
		"", "[gallery]", "[[gallery]]", "[a b=\"c]d\"]", "[a][a][/a][/a]", "[a", "[/a]", "[a /]", "<pre>[a]</pre>", "<pre>[a]", "[a x='", "[a “b”]", "[caption][caption]x[/caption]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		calls := 0
		same := ExpandShortcodes(text, func(c *Shortcode) (string, bool) {
			calls++
			if c.Name == "" || strings.ContainsAny(c.Name, "[]<> ") {
				t.Fatalf("a shortcode called %q", c.Name)
			}
			return "", false
		})
		if !strings.Contains(text, "[[") && same != text {
			t.Fatalf("%q became %q", text, same)
		}
		if n := strings.Count(text, "["); calls > n {
			t.Fatalf("%d calls of %d brackets", calls, n)
		}
	})
}

// FuzzConvert checks that any body gives blocks which need no more repair.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{
		"a\n\nb", "<!-- wp:gallery {\"ids\":[7]} --><ul><li><img data-id=7></li></ul><!-- /wp:gallery -->", "[gallery ids=7]", "[caption]<img src=x>y[/caption]",
		"[embed]https://vimeo.com/1[/embed]", "<script>x</script>\n\n<p onclick=x>y", "<!-- wp:block {\"ref\":6} /-->", "<a\n\n<b>\n\n</a>", "[playlist type=video ids=20]",
		"<svg><script>\n\n</svg>", "<pre>\n\n", "<!-- wp:verse --><pre>x<!-- /wp:verse -->",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		blocks, _ := Convert(body, testOptions(t))
		if out := richtext.HTML(blocks, richtext.RenderOptions{}); strings.Contains(strings.ToLower(out), "<script") || strings.Contains(out, "javascript:") && strings.Contains(out, `="javascript:`) {
			t.Fatalf("hostile: %q", out)
		}
	})
}
