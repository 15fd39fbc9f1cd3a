package richtext

import (
	"fmt"
	"sort"
	"strings"
	"unicode"
)

// Notes counts by name what a conversion dropped or changed, for the report of an import and for the editor:
// "script removed": 1. Empty when the input passed whole.
type Notes map[string]int

func (n Notes) add(name string) {
	if n == nil {
		return
	}
	if _, ok := n[name]; !ok && len(n) >= maxNotes {
		name = "further changes"
	}
	n[name]++
}

// addNamed notes something that carries a name taken from the input, which is shortened and reduced to harmless characters.
func (n Notes) addNamed(before, name, after string) {
	if n == nil {
		return
	}
	const longest = 40
	var b strings.Builder
	for _, r := range name {
		if b.Len() >= longest {
			break
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.:", r) {
			b.WriteRune(r)
		}
	}
	n.add(before + b.String() + after)
}

// String lists the notes by name, one a line.
func (n Notes) String() string {
	names := make([]string, 0, len(n))
	for name := range n {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %d\n", name, n[name])
	}
	return b.String()
}

// noteTableTooLarge tells of a table that was taken as text.
const noteTableTooLarge = "table with too many cells taken as text"

// Unreadable names what of the input was taken as text because it was too large to be read as what it is, empty when
// all of it was read.
func (n Notes) Unreadable() string {
	if n[noteTableTooLarge] > 0 {
		return fmt.Sprintf("tables with more than %d cells", maxCells)
	}
	return ""
}

// unsafe names what no page of ours may hold, by the notes that tell of it.
var unsafe = []struct{ note, what string }{
	{"script removed", "a script"},
	{"event handler removed", "an event handler"},
	{"unsafe link removed", "a link to an address that may not be used"},
	{"iframe of unknown site turned into a link", "a frame of a site that may not be embedded"},
	{"iframe removed", "a frame without an address that may be used"},
	{"frame removed", "a frame"},
	{"embed of unknown site turned into a link", "an embedded object of a site that may not be embedded"},
	{"embed removed", "an embedded object"},
	{"object of unknown site turned into a link", "an embedded object of a site that may not be embedded"},
	{"object removed", "an embedded object"},
	{"applet removed", "an applet"},
}

// Unsafe tells, for a person, what was dropped because it would have acted on the page of a reader. An import goes on
// without it; an editor is told. What merely has no place in a body, such as styles, is not part of it.
func (n Notes) Unsafe() []string {
	var found []string
	for _, u := range unsafe {
		if n[u.note] > 0 {
			found = append(found, u.what)
		}
	}
	return found
}
