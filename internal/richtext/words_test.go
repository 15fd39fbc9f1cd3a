package richtext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCountWords(t *testing.T) {
	t.Parallel()
	tests := map[string]int{
		"":                          0,
		" -- … !":                   0,
		"one two":                   2,
		"it's well-known, isn’t it": 4,
		"1,234.5 and a,b":           4,
		"'quoted' words -":          2,
		"rock 'n' roll":             3,
		"e.g. U.S. 18F":             3,
		"كتب الولد":                 2,
		"كَتَبَ الْوَلَدُ":          2,
		"كـــتاب جميل":              2,
		"قال: «نعم»، ثم مضى.":       4,
		"می\u200cخواهم بروم":        2,
		"\u200fالأخبار\u200f":       1,
		"新聞 news":                   3,
		"ニュース":                      4,
		"한국 뉴스":                     2,
		"नमस्ते दुनिया":             2,
		"٣٫٥ مليون":                 2,
		"צה״ל":                      1,
	}
	for text, want := range tests {
		if got := CountWords(text); got != want {
			t.Errorf("CountWords(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestReadingMinutes(t *testing.T) {
	t.Parallel()
	words := func(n int) string { return strings.Repeat("word ", n) }
	tests := []struct {
		text, language string
		want           int
	}{
		{"", "en", 0}, {"...", "en", 0}, {"one", "en", 1}, {words(238), "en", 1}, {words(356), "en", 1}, {words(358), "en", 2},
		{words(1190), "en-GB", 5}, {strings.Repeat("كلمة ", 1380), "ar", 10}, {strings.Repeat("كلمة ", 1380), "ar-EG", 10},
		{strings.Repeat("字", 2550), "zh", 10}, {strings.Repeat("字", 357), "ja", 1}, {words(476), "", 2},
	}
	for _, tt := range tests {
		if got := ReadingMinutes(tt.text, tt.language); got != tt.want {
			t.Errorf("%d bytes of %q: %d minutes, want %d", len(tt.text), tt.language, got, tt.want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		max  int
		want string
	}{
		{"short", 10, "short"}, {"", 5, ""}, {"x", 0, ""}, {"  a \n\n b ", 10, "a b"},
		{"One sentence here. Another one follows.", 25, "One sentence here."},
		{"One two three four five", 14, "One two three…"},
		{"One. two three four five six", 20, "One. two three four…"},
		{"Well, that, is", 12, "Well, that…"},
		{"abcdefghij", 5, "abcd…"},
		{"قال الرئيس إن الوضع تحسن. ثم غادر", 28, "قال الرئيس إن الوضع تحسن."},
		{"新聞記事。続きます長い", 8, "新聞記事。"},
	}
	for _, tt := range tests {
		got := Excerpt(tt.text, tt.max)
		if got != tt.want {
			t.Errorf("Excerpt(%q, %d) = %q, want %q", tt.text, tt.max, got, tt.want)
		}
		if n := utf8.RuneCountInString(got); n > max(tt.max, 0) {
			t.Errorf("Excerpt(%q, %d) is %d long", tt.text, tt.max, n)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("One sentence here. Another.", 12)
	f.Add("e\u0301e\u0301e\u0301 x", 2)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n > 1000 {
			return
		}
		got := Excerpt(text, n)
		if c := utf8.RuneCountInString(got); c > max(n, 0) {
			t.Errorf("Excerpt(%q, %d) = %q, %d long", text, n, got, c)
		}
		if CountWords(text) < 0 || ReadingMinutes(text, "ar") < 0 {
			t.Error("negative")
		}
	})
}
