package website

import "testing"

// TestNumbersTakeTheirForm: of words with forms between bars, each number gets its
// own.
func TestNumbersTakeTheirForm(t *testing.T) {
	t.Parallel()
	v := &view{words: map[string]any{"plain": "{n} min", "two": "{n} result|{n} results", "five": "one|two|few {n}|many {n}|other {n}"}}
	for _, c := range []struct {
		name string
		n    int
		want string
	}{
		{"plain", 7, "7 min"}, {"two", 1, "1 result"}, {"two", 0, "0 results"}, {"two", 5, "5 results"},
		{"five", 1, "one"}, {"five", 2, "two"}, {"five", 3, "few 3"}, {"five", 10, "few 10"}, {"five", 11, "many 11"}, {"five", 99, "many 99"}, {"five", 100, "other 100"},
		{"five", 103, "few 103"}, {"five", 0, "other 0"},
	} {
		if got := v.Fill(c.name, c.n); got != c.want {
			t.Errorf("%s of %d: %q, want %q", c.name, c.n, got, c.want)
		}
	}
}

// TestKindIsNotSaidTwice: a story in a section that is called as its kind says so once.
func TestKindIsNotSaidTwice(t *testing.T) {
	t.Parallel()
	v := &view{words: map[string]any{"opinion": "Opinion"}}
	for section, want := range map[string]string{"Opinion": "", "opinions": "", "World": "opinion"} {
		if got := v.KindOf(map[string]any{"kind": "OPINION", "primaryCategory": map[string]any{"label": section}}); got != want {
			t.Errorf("in %s: %q, want %q", section, got, want)
		}
	}
	if got := v.KindOf(map[string]any{"kind": "OPINION"}); got != "opinion" {
		t.Errorf("in no section: %q", got)
	}
}
