package document

import (
	"math"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// size is what a selection set grows to once its fragments are put in.
type size struct {
	selections int // fields and fragments
	depth      int // fields inside one another
	fields     int // fields of the set itself
}

// measurement walks a document once, before anything else does: the document is
// not validated yet, so fragments may be missing, doubled or circular.
type measurement struct {
	limits    Limits
	fragments map[string]*ast.FragmentDefinition
	sizes     map[string]size
	open      map[string]bool // fragments that the walk is inside of

	nodes, aliases, directives, variables int
	err                                   *gqlerror.Error
}

// measure checks the limits of a document and estimates how many bytes of
// memory it takes.
func measure(doc *ast.QueryDocument, limits Limits) (bytes int, err *gqlerror.Error) {
	m := &measurement{limits: limits, fragments: make(map[string]*ast.FragmentDefinition, len(doc.Fragments)), sizes: map[string]size{}, open: map[string]bool{}}
	if n := len(doc.Fragments) + len(doc.Operations); n > limits.Fragments {
		return 0, exceeded("fragments and operations", n, limits.Fragments)
	}
	for _, f := range doc.Fragments {
		if m.fragments[f.Name] == nil { // validation refuses a second one
			m.fragments[f.Name] = f
		}
	}
	total := 0
	for _, f := range doc.Fragments {
		m.name(f.Name)
		m.name(f.TypeCondition)
		m.directiveList(f.Directives)
		m.variableList(f.VariableDefinition)
		total = add(total, m.fragment(f).selections)
	}
	for _, o := range doc.Operations {
		total = add(total, m.operation(o))
	}
	if m.err == nil && total > limits.Selections {
		m.err = exceeded("fields once its fragments are put in", total, limits.Selections)
	}
	return m.nodes * nodeBytes, m.err
}

// nodeBytes is about what one node of a parsed document takes.
const nodeBytes = 320

func (m *measurement) operation(o *ast.OperationDefinition) (selections int) {
	m.name(o.Name)
	m.directiveList(o.Directives)
	m.variableList(o.VariableDefinitions)
	s := m.set(o.SelectionSet)
	what, most := "root fields", m.limits.RootFields
	if o.Operation == ast.Mutation {
		what, most = "mutations", m.limits.Mutations
	}
	if s.fields > most {
		m.fail(exceeded(what, s.fields, most))
	}
	if s.depth > m.limits.Depth {
		m.fail(exceeded("levels of fields", s.depth, m.limits.Depth))
	}
	return s.selections
}

func (m *measurement) set(set ast.SelectionSet) (total size) {
	if m.err != nil {
		return size{}
	}
	for _, s := range set {
		m.nodes++
		switch s := s.(type) {
		case *ast.Field:
			s.Comment = nil
			m.name(s.Name)
			if s.Alias != s.Name {
				m.name(s.Alias)
				m.count(&m.aliases, "aliases", m.limits.Aliases)
			}
			m.arguments(s.Arguments)
			m.directiveList(s.Directives)
			below := m.set(s.SelectionSet)
			total.selections = add(total.selections, 1+below.selections)
			total.depth = max(total.depth, 1+below.depth)
			total.fields = add(total.fields, 1)
		case *ast.InlineFragment:
			m.name(s.TypeCondition)
			m.directiveList(s.Directives)
			total.include(m.set(s.SelectionSet))
		case *ast.FragmentSpread:
			m.name(s.Name)
			m.directiveList(s.Directives)
			if f := m.fragments[s.Name]; f != nil {
				total.include(m.fragment(f))
			}
		}
	}
	return total
}

// include adds a fragment that stands in the set.
func (s *size) include(fragment size) {
	s.selections = add(s.selections, 1+fragment.selections)
	s.depth = max(s.depth, fragment.depth)
	s.fields = add(s.fields, fragment.fields)
}

func (m *measurement) fragment(f *ast.FragmentDefinition) size {
	if m.open[f.Name] {
		m.fail(gqlerror.ErrorPosf(f.Position, "Cannot spread fragment %q within itself.", f.Name), codeValidation)
		return size{}
	}
	if known, ok := m.sizes[f.Name]; ok {
		return known
	}
	m.open[f.Name] = true
	s := m.set(f.SelectionSet)
	delete(m.open, f.Name)
	m.sizes[f.Name] = s
	return s
}

func (m *measurement) variableList(list ast.VariableDefinitionList) {
	for _, v := range list {
		m.nodes++
		m.count(&m.variables, "variables", maxVariables)
		m.name(v.Variable)
		for t := v.Type; t != nil; t = t.Elem {
			m.name(t.NamedType)
		}
		m.value(v.DefaultValue)
		m.directiveList(v.Directives)
	}
}

func (m *measurement) directiveList(list ast.DirectiveList) {
	for _, d := range list {
		m.nodes++
		m.count(&m.directives, "directives", m.limits.Directives)
		m.name(d.Name)
		m.arguments(d.Arguments)
	}
}

func (m *measurement) arguments(list ast.ArgumentList) {
	if len(list) > maxArguments {
		m.fail(exceeded("arguments in one place", len(list), maxArguments))
	}
	for _, a := range list {
		m.nodes++
		a.Comment = nil
		m.name(a.Name)
		m.value(a.Value)
	}
}

func (m *measurement) value(v *ast.Value) {
	if v == nil || m.err != nil {
		return
	}
	m.nodes++
	v.Comment = nil
	switch v.Kind {
	case ast.EnumValue, ast.Variable, ast.IntValue, ast.FloatValue:
		m.name(v.Raw)
	}
	for _, c := range v.Children {
		m.name(c.Name)
		m.value(c.Value)
	}
}

// name bounds what error messages repeat and suggestions are computed from.
func (m *measurement) name(name string) {
	if len(name) > maxName {
		m.fail(exceeded("bytes in one name", len(name), maxName))
	}
}

func (m *measurement) count(n *int, what string, most int) {
	if *n++; *n > most {
		m.fail(exceeded(what, *n, most))
	}
}

// fail keeps the first reason to refuse the document.
func (m *measurement) fail(err *gqlerror.Error, code ...string) {
	if m.err != nil {
		return
	}
	if len(code) > 0 {
		setCode(err, code[0])
	}
	m.err = err
}

func exceeded(what string, n, most int) *gqlerror.Error {
	var err *gqlerror.Error
	if n > most+1 && n < math.MaxInt32 {
		err = gqlerror.Errorf("the document has %d %s; at most %d are allowed", n, what, most)
	} else {
		err = gqlerror.Errorf("the document has more than %d %s", most, what)
	}
	setCode(err, codeCost)
	return err
}

// add adds and stays within 32 bits: fragments that spread one another twice
// double with every step.
func add(a, b int) int { return min(a+b, math.MaxInt32) }
