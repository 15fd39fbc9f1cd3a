package slug

import (
	"strings"
	"testing"
)

func TestMake(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"Ferry crews accept night-shift deal": "ferry-crews-accept-night-shift-deal",
		"It's €5 — “cheap”, they say!":        "its-5-cheap-they-say",
		"Café Über Ñandú":                     "cafe-uber-nandu",
		"الميناء يُعلن خطّةً جديدة":           "الميناء-يعلن-خطة-جديدة",
		"مؤتمر الـمـوانئ ٢٠٢٦":                "مؤتمر-الموانئ-٢٠٢٦",
		"  --  ":                              "",
		"":                                    "",
		"a\x00b\xffc":                         "a-b-c",
		"हिन्दी समाचार":                       "हिन्दी-समाचार",
	} {
		if got := Make(title); got != want {
			t.Errorf("Make(%q) = %q, want %q", title, got, want)
		}
	}
	if got := Make(strings.Repeat("long title ", 500)); len(got) > MaxBytes || !Valid(got) {
		t.Errorf("a long title gives %d bytes, valid %t", len(got), Valid(got))
	}
}

func FuzzMake(f *testing.F) {
	f.Add("Ferry crews accept")
	f.Add("يُعلن")
	f.Fuzz(func(t *testing.T, title string) {
		s := Make(title)
		if s != "" && !Valid(s) {
			t.Errorf("Make(%q) = %q, which is not valid", title, s)
		}
		if again := Make(s); again != s {
			t.Errorf("Make(%q) = %q, and of that %q", title, s, again)
		}
	})
}
