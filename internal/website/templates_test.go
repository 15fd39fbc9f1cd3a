package website

import (
	"reflect"
	"testing"
	"text/template/parse"
)

// TestTemplatesNameWhatThereIs finds a name in a template that the Go code does not
// have: a branch that no test fills would say so only to a reader.
func TestTemplatesNameWhatThereIs(t *testing.T) {
	t.Parallel()
	roots := map[string]reflect.Type{"teaser": reflect.TypeFor[Teaser](), "kind": reflect.TypeFor[Teaser](), "picture": reflect.TypeFor[Shot]()}
	for _, tmpl := range pages.Templates() {
		root, ok := roots[tmpl.Name()]
		if !ok {
			root = reflect.TypeFor[*view]()
		}
		if tmpl.Tree == nil {
			continue
		}
		each(reflect.ValueOf(tmpl.Tree.Root), func(n *parse.VariableNode) {
			if n.Ident[0] != "$" || len(n.Ident) < 2 {
				return
			}
			_, method := root.MethodByName(n.Ident[1])
			of := root
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			if _, field := of.FieldByName(n.Ident[1]); !method && !field {
				t.Errorf("%s: %s has no %s", tmpl.Name(), root, n.Ident[1])
			}
		})
	}
}

// each visits the variables of a tree of nodes.
func each(v reflect.Value, visit func(*parse.VariableNode)) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if n, ok := v.Interface().(*parse.VariableNode); ok {
			visit(n)
			return
		}
		each(v.Elem(), visit)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				each(v.Field(i), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), visit)
		}
	}
}
