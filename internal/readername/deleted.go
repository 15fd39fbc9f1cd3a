package readername

import (
	"maps"
	"slices"
	"strings"
)

// deleted are the names below comments of accounts that were removed, by language.
var deleted = map[string]string{"en": "Deleted reader", "ar": "قارئ حذف حسابه"}

// Deleted is the name below comments of an account that was removed from a site of a
// language: in English where there is none in that.
func Deleted(language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	if name, known := deleted[base]; known {
		return name
	}
	return deleted["en"]
}

// DeletedLanguages are the languages that Deleted has a name in.
func DeletedLanguages() []string { return slices.Sorted(maps.Keys(deleted)) }

// IsDeleted reports whether Deleted gives the name for some language.
func IsDeleted(name string) bool {
	return slices.Contains(slices.Collect(maps.Values(deleted)), name)
}
