package app_test

import (
	"reflect"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// impersonal are the kinds of jobs whose arguments have texts that say nothing about a
// person.
var impersonal = map[string]string{
	"comment.letter":         "the name of a template, beside keys",
	"notifications.breaking": "what editors tell all readers",
}

// TestJobsWithWordsOfPeopleArePrivate: arguments that can hold a text belong to a kind that
// is private, or say here why not.
func TestJobsWithWordsOfPeopleArePrivate(t *testing.T) {
	t.Parallel()
	s := app.NewServices(testkit.Open(t, "sqlite:"+t.TempDir()+"/jobs.db", store.Options{}), nil)
	known := map[string]bool{}
	for _, k := range s.Jobs.Known() {
		known[k.Name] = true
		if _, exempt := impersonal[k.Name]; exempt == (holdsText(k.Args) && !k.Private) {
			continue
		}
		t.Errorf("%s: private %v, arguments %v", k.Name, k.Private, k.Args)
	}
	for name := range impersonal {
		if !known[name] {
			t.Errorf("there is no kind %s", name)
		}
	}
}

func holdsText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Interface:
		return true
	case reflect.Slice, reflect.Pointer, reflect.Array:
		return holdsText(t.Elem())
	case reflect.Map:
		return holdsText(t.Key()) || holdsText(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if f.Tag.Get("json") != "-" && holdsText(f.Type) {
				return true
			}
		}
	}
	return false
}
