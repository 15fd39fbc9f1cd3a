package content

import (
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/language"
)

// Byline writes the names of authors as a by-line in a language: "A, B and C".
func Byline(authors []*ent.Author, lang string) string {
	names := make([]string, len(authors))
	for i, a := range authors {
		names[i] = a.Name
		if l, ok := a.Labels[lang]; ok && l.Name != "" {
			names[i] = l.Name
		}
	}
	comma, and := ", ", " and "
	if language.Base(lang) == "ar" {
		comma, and = "، ", " و"
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], comma) + and + names[n-1]
	}
	return strings.Join(names, comma)
}
