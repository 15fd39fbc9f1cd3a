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
