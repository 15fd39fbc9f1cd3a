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

// key is one key of a one-of input of any type: whether it is set, and to null.
type key struct {
	name      string
	set, null bool
}

func givenText(name string, value graphql.Omittable[*string]) key {
	return key{name, value.IsSet(), value.Value() == nil}
}

// exactlyOne gives the name of the one key that is set. The library checks this
// for literals only, so every one-of input passes here again.
func exactlyOne(field string, keys ...key) (string, error) {
	var set, names []string
	for _, k := range keys {
		names = append(names, k.name)
		if !k.set {
			continue
		}
		if k.null {
			return "", fault.BadInput(field+"."+k.name, "%s.%s must not be null", field, k.name)
		}
		set = append(set, k.name)
	}
	if len(set) != 1 {
		return "", fault.BadInput(field, "%s takes exactly one of %s, not %d", field, strings.Join(names, ", "), len(set))
	}
	return set[0], nil
}

// oneOf gives the one key that is set, of an input whose keys are all texts.
func oneOf(field string, arguments ...argument) (chosen, error) {
	keys := make([]key, len(arguments))
	for i, a := range arguments {
		keys[i] = givenText(a.name, a.value)
	}
	name, err := exactlyOne(field, keys...)
	if err != nil {
		return chosen{}, err
	}
	for _, a := range arguments {
		if a.name == name {
			return chosen{name, *a.value.Value()}, nil
		}
	}
	return chosen{}, nil
}

// decodeID gives the key of a public id of one type: 0 for an id of another
// type, which can name nothing here, a fault for what is no id at all.
func decodeID(field, prefix, s string) (int, error) {
	p, key, err := id.Decode(s)
	if err != nil {
		return 0, fault.BadInput(field, "%.40q is no id of this API", s).WithCause(err)
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

// orEmptyList is a list that is empty, not null.
func orEmptyList[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func directionOf(lang string) model.TextDirection {
	return model.TextDirection(strings.ToUpper(language.Direction(lang)))
}
