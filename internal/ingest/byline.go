package ingest

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// The word for "by" before a by-line, in the languages of large agencies.
var by = regexp.MustCompile(`^(?i:(?:written |reported )?by|von|par|por|per|af|av|door)[:\s]+|^(?:بقلم|كتبه|كتبت|كتب|إعداد|تقرير)[:\s]+`)

func withoutBy(s string) string { return strings.TrimSpace(by.ReplaceAllString(s, "")) }

// between are the signs between two names. A slash parts a name from its
// agency: what follows it is no author.
var between = regexp.MustCompile(`\s*[,;،؛|]\s*|\s+(?i:and|&|und|et|y|e|og|och|en)\s+|\s+و\s?`)

// splitByline gives the names in a by-line: "By Ana Reis and Tom Lund, Lisbon
// correspondents" has two. What does not look like a name is no author; the
// by-line as it was written is kept beside the authors then.
func splitByline(line string) []string {
	line = withoutBy(line)
	if strings.Contains(line, "://") {
		return nil
	}
	if at := strings.IndexAny(line, "(["); at > 0 { // (Reuters), [AFP]
		line = strings.TrimSpace(line[:at])
	}
	if name, _, ok := strings.Cut(line, "/"); ok {
		line = strings.TrimSpace(name)
	}
	line, _, _ = strings.Cut(line, " in ")
	line, _, _ = strings.Cut(line, " for ")
	var names []string
	for _, part := range between.Split(line, -1) {
		part = strings.Trim(part, " .-–—")
		if looksLikeName(part) && !slices.Contains(names, part) {
			names = append(names, part)
		}
	}
	return names
}

// posts are words of a position rather than a name: "Senior Editor".
var posts = []string{
	"correspondent", "correspondents", "editor", "editors", "reporter", "reporters", "writer", "writers", "columnist", "photographer", "producer", "chief",
	"agencies", "jr", "sr", "phd", "md",
}

func looksLikeName(s string) bool {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > 6 || len(s) > 100 || strings.ContainsAny(s, "@<>{}=") {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return false
	}
	if unicode.IsLower(first) && len(words) > 1 && !strings.ContainsFunc(s, unicode.IsUpper) {
		return false // "special to the paper"
	}
	return !slices.ContainsFunc(words, func(w string) bool { return slices.Contains(posts, strings.ToLower(strings.Trim(w, "."))) })
}

// desks are the last words of the names of desks.
var desks = []string{"desk", "staff", "team", "newsroom", "room", "bureau", "agency", "editors", "board", "service", "news", "correspondents"}

// authorOf tells desks from people by their names.
func authorOf(name string) taxonomy.Author {
	a := taxonomy.Author{Name: name, Kind: author.KindPerson}
	words := strings.Fields(strings.ToLower(name))
	if slices.Contains(desks, words[len(words)-1]) {
		a.Kind = author.KindDesk
	}
	return a
}
