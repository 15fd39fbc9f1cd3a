package readername_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"a name":                     {"Salma Al Harthy", "Salma Al Harthy"},
		"Arabic":                     {"سلمى الحارثي", "سلمى الحارثي"},
		"two scripts in two words":   {"Анна Smith", "Анна Smith"},
		"Persian, with a joiner":     {"علی\u200cرضا", "علی\u200cرضا"},
		"spaces around and between":  {"  Salma   H ", "Salma H"},
		"wide letters":               {"Ｓａｌｍａ", "Salma"},
		"nothing":                    {" \t", "BLANK"},
		"too long":                   {strings.Repeat("a", readername.Max+1), "TOO_LONG"},
		"1 MB":                       {strings.Repeat("ﷺ", 350_000), "TOO_LONG"},
		"too long once it is plain":  {strings.Repeat("ﷺ", 20), "TOO_LONG"},
		"a Cyrillic letter in Latin": {"S\u0430lma", "INVALID"},
		"a Greek letter in Latin":    {"N\u03bfra", "INVALID"},
		"a mark that turns text":     {"Sal\u202ema", "INVALID"},
		"an isolate":                 {"\u2067Salma\u2069", "INVALID"},
		"a joiner between Latin":     {"Sal\u200dma", "INVALID"},
		"an invisible character":     {"Sal\u200bma", "INVALID"},
		"a variation selector":       {"Salma\ufe0f", "INVALID"},
		"a line":                     {"Salma\r\nBcc: x@example.org", "INVALID"},
		"NUL":                        {"Sal\x00ma", "INVALID"},
		"no UTF-8":                   {"Sal\xffma", "INVALID"},
		"a half of a surrogate pair": {"Sal\xed\xa0\x80ma", "INVALID"},
	} {
		got, err := readername.Check("name", c.in)
		if wrong, ok := errors.AsType[*fault.Error](err); ok {
			got = string(wrong.ReasonOf())
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
