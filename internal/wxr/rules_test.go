package wxr

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

func TestMappingFilesAreChecked(t *testing.T) {
	t.Parallel()
	shortcodes := func(text string) error { _, err := ReadShortcodeRules(strings.NewReader(text)); return err }
	types := func(text string) error { _, err := ReadTypeRules(strings.NewReader(text)); return err }
	for _, c := range []struct {
		read func(string) error
		text string
		want string // part of the message; empty: it is taken
	}{
		{shortcodes, `{"ads": {"as": "drop"}, "Box": {"as": "html", "html": "<p>{content}</p>"}}`, ""},
		{shortcodes, `{}`, ""},
		{shortcodes, `{"ads": {"as": "html", "html": "{-1} {0} {99}"}}`, ""},
		{shortcodes, `{"ads": {"as": "gone"}}`, `"ads": "as" is "gone": give drop`},
		{shortcodes, `{"ads": {"as": "html"}}`, `"html" goes with`},
		{shortcodes, `{"ads": {"as": "drop", "html": "x"}}`, `"html" goes with`},
		{shortcodes, `{"ads": {"is": "drop"}}`, "unknown field"},
		{shortcodes, `["ads"]`, "read the mapping"},
		{shortcodes, `{} {}`, "more behind"},
		{shortcodes, ``, "read the mapping"},
		{types, `{"podcast": {"as": "audio", "file": "audio_file"}, "entry": {"as": "live-entry", "parent": "blog"}, "ad": {"as": "leave-out"}}`, ""},
		{types, `{"podcast": {"as": "radio"}}`, `"podcast": "as" is "radio": give one of leave-out`},
		{types, `{"faq": {"as": "page", "file": "x"}}`, `"file" goes with`},
		{types, `{"faq": {"as": "page", "parent": "x"}}`, `"parent" goes with`},
		{types, `{"post": {"as": "page"}}`, `type "post" is a type of WordPress itself`},
	} {
		err := c.read(c.text)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestTextsOfSerialisedValuesOfPHP(t *testing.T) {
	t.Parallel()
	const image = `a:3:{s:5:"width";i:1600;s:5:"sizes";a:1:{s:1:"t";a:2:{s:5:"width";i:150;s:4:"file";s:5:"t.jpg";}}s:10:"image_meta";a:3:{s:6:"credit";s:10:"Kim "V" é";s:9:"copyright";s:0:"";s:5:"title";s:1:"x";}}`
	for value, want := range map[string]map[string]string{
		image:                              {"width": "1600", "credit": `Kim "V" é`, "copyright": ""},
		`a:1:{s:6:"credit";s:3:"Ann";}`:    {"credit": "Ann"},
		`a:1:{s:6:"credit";s:300:"Ann";}`:  {},
		`a:1:{s:6:"credit";O:1:"X":0:{}}`:  {},
		`a:1:{s:6:"credit";i:-5;}`:         {"credit": "-5"},
		`s:6:"credit";s:3:"Ann";`:          {"credit": "Ann"},
		``:                                 {},
		`}}}}`:                             {},
		`nonsense`:                         {},
		strings.Repeat("a:1:{", 100_000):   {},
		`a:1:{s:99999999999999999999:"x";`: {},
		`a:1:{s:9223372036854775807:"x";`:  {},
		`a:1:{s:9223372036854775806:"x";`:  {},
		`a:1:{s:0:`:                        {},
	} {
		if got := PHPTexts(value, "width", "credit", "copyright"); !maps.Equal(got, want) {
			t.Errorf("%.60s: %v, want %v", value, got, want)
		}
	}
}

func TestParseFootnotesBoundsThem(t *testing.T) {
	t.Parallel()
	var list []string
	for i := range maxFootnotes + 5 {
		list = append(list, fmt.Sprintf(`{"id":"%d","content":"c"}`, i))
	}
	if notes, ok := ParseFootnotes("[" + strings.Join(list, ",") + "]"); !ok || len(notes) != maxFootnotes {
		t.Errorf("%d footnotes, %v", len(notes), ok)
	}
	if _, ok := ParseFootnotes(`a:1:{}`); ok {
		t.Error("a value of PHP was read as footnotes")
	}
}
