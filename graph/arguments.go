package graph

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
)

// argument is one key of a one-of input.
type argument struct {
	name  string
	value graphql.Omittable[*string]
}

type chosen struct{ name, value string }

// oneOf gives the one key that is set. The library checks this for literals
// only, so every one-of input passes here again.
func oneOf(field string, keys ...argument) (chosen, error) {
	var set []chosen
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
		if !k.value.IsSet() {
			continue
		}
		v := k.value.Value()
		if v == nil {
			return chosen{}, fault.BadInput(field+"."+k.name, "%s.%s must not be null", field, k.name)
		}
		set = append(set, chosen{k.name, *v})
	}
	if len(set) != 1 {
		return chosen{}, fault.BadInput(field, "%s takes exactly one of %s, not %d", field, strings.Join(names, ", "), len(set))
	}
	return set[0], nil
}

// decodeID gives the key of a public id of one type: 0 for an id of another
// type, which can name nothing here, a fault for what is no id at all.
func decodeID(field, prefix, s string) (int, error) {
	p, key, err := id.Decode(s)
	if err != nil {
		return 0, fault.BadInput(field, "%.40q is no id of this API", s).Because(err)
	}
	if p != prefix {
		return 0, nil
	}
	return key, nil
}

// searchable reports whether a slug can be looked up at all: databases refuse
// some texts that clients can send.
func searchable(s string) bool {
	return s != "" && len(s) <= slug.MaxBytes*2 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// listName names a list for its cursors.
func listName(field string, parts ...any) string { return field + fmt.Sprint(parts...) }

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orEmptyList(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func directionOf(lang string) model.TextDirection {
	return model.TextDirection(strings.ToUpper(language.Direction(lang)))
}
