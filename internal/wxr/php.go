package wxr

import (
	"strconv"
	"strings"
)

// PHPTexts gives the texts and numbers that stand under some keys in a serialised value of PHP,
// wherever in it; of several under a key the first that is not empty. Nothing is evaluated: the value is
// read from left to right, and what is damaged ends it.
func PHPTexts(value string, keys ...string) map[string]string {
	found := make(map[string]string, len(keys))
	wanted := make(map[string]bool, len(keys))
	for _, k := range keys {
		wanted[k] = true
	}
	key := ""
	for rest := value; rest != ""; {
		switch rest[0] {
		case '}', ';', '{':
			rest = rest[1:]
			continue
		}
		kind, after, ok := strings.Cut(rest, ":")
		if !ok || len(kind) != 1 {
			return found
		}
		var text string
		switch kind {
		case "a": // a:N:{
			_, after, ok = strings.Cut(after, ":")
			if !ok {
				return found
			}
			rest, key = after, ""
			continue
		case "s": // s:N:"…";
			count, quoted, ok := strings.Cut(after, ":")
			n, err := strconv.Atoi(count)
			if !ok || err != nil || n < 0 || n > len(quoted)-2 || quoted[0] != '"' || quoted[n+1] != '"' {
				return found
			}
			text, rest = quoted[1:n+1], quoted[n+2:]
		case "i", "d", "b":
			if text, rest, ok = strings.Cut(after, ";"); !ok {
				return found
			}
		default: // objects, references, null
			return found
		}
		if key != "" {
			if found[key] == "" {
				found[key] = text
			}
			key = ""
		} else if wanted[text] {
			key = text
		}
	}
	return found
}
