package document

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// mergeRule is "Field Selection Merging" of the specification. The library's
// rule compares every pair of fields and keeps every conflict; this one compares
// each field with the first of its group and takes a bounded number of steps.
//
// Source: GraphQL specification of September 2025, section 5.3.2; and, for the
// two passes, Simon Adameit, "XING's algorithm for overlapping fields".
var mergeRule = validator.Rule{Name: "OverlappingFieldsCanBeMerged", RuleFunc: func(observers *validator.Events, addError validator.AddErrFunc) {
	observers.OnOperation(func(w *validator.Walker, o *ast.OperationDefinition) {
		m := &merging{schema: w.Schema, addError: addError}
		root := m.collect(nil, o.SelectionSet, map[string]bool{})
		m.sameShape(root)
		m.sameField(root)
	})
}}

// maxMergeSteps bounds the fields and values that are compared in one
// operation.
const maxMergeSteps = 200_000

type merging struct {
	schema   *ast.Schema
	addError validator.AddErrFunc
	steps    int
}

func (m *merging) step() {
	if m.steps++; m.steps > maxMergeSteps {
		m.addError(func(err *gqlerror.Error) {
			err.Message = "the document repeats and nests too many fields of the same name"
			setCode(err, codeCost)
		})
		panic(stopped{errEnough})
	}
}

func (m *merging) conflict(f *ast.Field, why string) {
	m.addError(validator.Message(
		"Fields %q conflict because %s. Use different aliases on the fields to fetch both if this was intentional.", f.Alias, why),
		at(f.Position))
}

// collect gives the fields of a set, those of its fragments included.
func (m *merging) collect(fields []*ast.Field, set ast.SelectionSet, spread map[string]bool) []*ast.Field {
	for _, s := range set {
		m.step()
		switch s := s.(type) {
		case *ast.Field:
			if s.Definition != nil && s.ObjectDefinition != nil { // else another rule tells
				fields = append(fields, s)
			}
		case *ast.InlineFragment:
			fields = m.collect(fields, s.SelectionSet, spread)
		case *ast.FragmentSpread:
			if s.Definition != nil && !spread[s.Name] {
				spread[s.Name] = true
				fields = m.collect(fields, s.Definition.SelectionSet, spread)
			}
		}
	}
	return fields
}

// below gives the fields of the selection sets of fields.
func (m *merging) below(fields []*ast.Field) (all []*ast.Field) {
	spread := map[string]bool{}
	for _, f := range fields {
		all = m.collect(all, f.SelectionSet, spread)
	}
	return all
}

// byName parts fields by what they are called in the answer, in the order of
// the document.
func byName(fields []*ast.Field) [][]*ast.Field {
	at := make(map[string]int, len(fields))
	var groups [][]*ast.Field
	for _, f := range fields {
		i, ok := at[f.Alias]
		if !ok {
			i = len(groups)
			at[f.Alias] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

// sameShape checks that what stands under one name in the answer has one shape,
// whatever type the object turns out to be.
func (m *merging) sameShape(fields []*ast.Field) {
	for _, group := range byName(fields) {
		first := group[0]
		for _, f := range group[1:] {
			m.step()
			if m.shapesDiffer(first.Definition.Type, f.Definition.Type) {
				m.conflict(f, `they return conflicting types "`+first.Definition.Type.String()+`" and "`+f.Definition.Type.String()+`"`)
				return
			}
		}
		if children := m.below(group); len(children) > 0 {
			m.sameShape(children)
		}
	}
}

func (m *merging) shapesDiffer(a, b *ast.Type) bool {
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	if a.Elem != nil {
		return m.shapesDiffer(a.Elem, b.Elem)
	}
	x, y := m.schema.Types[a.NamedType], m.schema.Types[b.NamedType]
	return x != y && (x.IsLeafType() || y.IsLeafType())
}

// sameField checks that fields of one name which can meet in one object are the
// same field with the same arguments.
func (m *merging) sameField(fields []*ast.Field) {
	for _, group := range byName(fields) {
		for _, meeting := range byObject(group) {
			first := meeting[0]
			for _, f := range meeting[1:] {
				if why := m.fieldsDiffer(first, f); why != "" {
					m.conflict(f, why)
					return
				}
			}
			if children := m.below(meeting); len(children) > 0 {
				m.sameField(children)
			}
		}
	}
}

// byObject parts fields by the object type that they belong to. Those of
// interfaces can meet with any and stand in each part.
func byObject(fields []*ast.Field) [][]*ast.Field {
	var anywhere []*ast.Field
	var types []string
	of := map[string][]*ast.Field{}
	for _, f := range fields {
		if f.ObjectDefinition.Kind != ast.Object {
			anywhere = append(anywhere, f)
			continue
		}
		name := f.ObjectDefinition.Name
		if of[name] == nil {
			types = append(types, name)
		}
		of[name] = append(of[name], f)
	}
	if len(types) == 0 {
		return [][]*ast.Field{anywhere}
	}
	groups := make([][]*ast.Field, len(types))
	for i, name := range types {
		groups[i] = slices.Concat(anywhere, of[name])
	}
	return groups
}

func (m *merging) fieldsDiffer(a, b *ast.Field) (why string) {
	m.step()
	if a == b {
		return ""
	}
	if a.Name != b.Name {
		return `"` + a.Name + `" and "` + b.Name + `" are different fields`
	}
	if len(a.Arguments) != len(b.Arguments) {
		return "they have differing arguments"
	}
	for _, x := range a.Arguments {
		if y := b.Arguments.ForName(x.Name); y == nil || !m.sameValue(x.Value, y.Value) {
			return "they have differing arguments"
		}
	}
	return ""
}

func (m *merging) sameValue(a, b *ast.Value) bool {
	m.step()
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	x, y := a.Children, b.Children
	if a.Kind == ast.ObjectValue { // whose fields have no order
		x, y = sorted(x), sorted(y)
	}
	for i := range x {
		if x[i].Name != y[i].Name || !m.sameValue(x[i].Value, y[i].Value) {
			return false
		}
	}
	return true
}

func sorted(list ast.ChildValueList) ast.ChildValueList {
	return slices.SortedStableFunc(slices.Values(list), func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
}

// at says where in the document a mistake is.
func at(p *ast.Position) validator.ErrorOption {
	return func(err *gqlerror.Error) {
		if p != nil {
			err.Locations = append(err.Locations, gqlerror.Location{Line: p.Line, Column: p.Column})
		}
	}
}
