package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func (c clause) String() string {
	s := strings.Join(c.stems, " ")
	if c.prefix != "" {
		s += " " + c.prefix + "*"
	}
	if c.title {
		s = "title:" + s
	}
	return s
}

func TestParse(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2][]string{
		"Elections in Qatar ":      {{"elect", "qatar"}, nil},
		"elections qat":            {{"elect", "qatar"[:3] + " qat*"}, nil},
		`"prime minister" -budget`: {{"prime minist"}, {"budget"}},
		`-"prime minister" talks `: {{"talk"}, {"prime minist"}},
		"state-of-the-art ":        {{"state", "art"}, nil},
		"tram tram trams ":         {{"tram"}, nil},
		"the who":                  {{"title:__the", "title:__who"}, nil},
		"who -the ":                {{"title:__who"}, nil},
		"":                         {nil, nil},
		`"`:                        {nil, nil},
		"x":                        {{"x"}, nil},
	} {
		p, err := parse(query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
		}
		var got [2][]string
		for _, c := range p.all {
			got[0] = append(got[0], c.String())
		}
		for _, c := range p.none {
			got[1] = append(got[1], c.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}

// FuzzParse: whatever is typed, only letters, digits and marks go into a
// database's query, between quotation marks.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", `a "b c" -d -"e f" g`, `"`, `-`, `--x`, "والمدرسة -كبيرة", "\x00\xff'\\\"", "_ __the _1_2", "a\u200f-b", "“x”", "'':*|&!<->", "👍"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parse(s)
		if err != nil {
			return
		}
		m := match{}
		for _, c := range append(p.all, p.none...) {
			if len(c.stems) == 0 {
				t.Fatalf("%q: an empty clause", s)
			}
			for _, stem := range c.stems {
				if c.title {
					stem = strings.TrimPrefix(stem, stopMark)
				}
				if stem == "" || !utf8.ValidString(stem) || strings.ContainsAny(stem, "_'\"\\ \x00:*&|!()<>{}^") {
					t.Fatalf("%q: stem %q", s, stem)
				}
			}
			m.all = append(m.all, group{any: [][]string{c.stems}, title: c.title})
		}
		if len(m.all) > 0 {
			if q := matchFTS5(m); strings.Count(q, `"`)%2 != 0 {
				t.Fatalf("%q: %s", s, q)
			}
			if q := tsquery(m); strings.Count(q, "'")%2 != 0 {
				t.Fatalf("%q: %s", s, q)
			}
		}
	})
}

func FuzzSnip(f *testing.F) {
	f.Add("The pilots of <the> port & \"more\"", "pilot")
	f.Add("أَعْلَنَتِ الْمُؤَسَّسَةُ", "مؤسس")
	f.Add("\xff\x00a\u0301b", "a")
	f.Fuzz(func(t *testing.T, text, stem string) {
		got, _ := snip(map[string]int{stem: 0}, text)
		bare := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(got)
		if strings.ContainsAny(bare, "<>\x00") || !utf8.ValidString(got) {
			t.Fatalf("%q: %q", text, got)
		}
		if strings.Count(got, "<mark>") != strings.Count(got, "</mark>") {
			t.Fatalf("%q: %q", text, got)
		}
	})
}
