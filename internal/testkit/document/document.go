// Package document makes random GraphQL operations from a schema, for tests that
// compare two ways of answering.
package document

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Generator makes operations. The zero value of Skip and Argument is right for a
// schema whose fields may all be selected without arguments.
type Generator struct {
	Schema *ast.Schema
	Rand   *rand.Rand
	// Depth is how deep selections go at most.
	Depth int
	// Width is how many fields an object is asked for at most, without __typename.
	Width int
	// OneRoot asks for one field of the root alone.
	OneRoot bool
	// Skip leaves a field out.
	Skip func(object *ast.Definition, field *ast.FieldDefinition) bool
	// Argument gives the value of an argument as it stands in a document, or "" to
	// leave the argument out. It must give one for an argument that is required.
	Argument func(field *ast.FieldDefinition, argument *ast.ArgumentDefinition) string

	names     int
	fragments []string
}

// Variables are those that every operation declares: conditions of @skip and
// @include.
var Variables = []string{"a", "b"}

// Operation makes an operation of a kind, "query" or "mutation", with its
// fragments.
func (g *Generator) Operation(kind string) string {
	root := g.Schema.Query
	if kind == "mutation" {
		root = g.Schema.Mutation
	}
	g.names, g.fragments = 0, nil
	selection := g.selection(root, 0)
	for g.OneRoot && strings.Count(selection, "{") < 2 {
		selection = g.selection(root, 0)
	}
	return kind + " Random($a: Boolean! = true, $b: Boolean! = false) " + selection + "\nquery Other($a: Boolean!, $b: Boolean!) { a: __typename @skip(if: $a) b: __typename @include(if: $b) }\n" +
		strings.Join(g.fragments, "\n")
}

func (g *Generator) selection(of *ast.Definition, depth int) string {
	var b strings.Builder
	b.WriteString("{ ")
	g.fields(&b, of, depth)
	b.WriteString("}")
	return b.String()
}

// fields writes some of the fields of a type: plain, in inline fragments and in
// fragments with names.
func (g *Generator) fields(b *strings.Builder, of *ast.Definition, depth int) {
	n := 1 + g.Rand.IntN(g.Width)
	if g.OneRoot && depth == 0 {
		n = 1
	}
	candidates := make([]*ast.FieldDefinition, 0, len(of.Fields))
	for _, f := range of.Fields {
		composite := g.Schema.Types[f.Type.Name()].IsCompositeType()
		if strings.HasPrefix(f.Name, "__") || composite && depth >= g.Depth || g.Skip != nil && g.Skip(of, f) {
			continue
		}
		candidates = append(candidates, f)
	}
	if len(candidates) == 0 || g.Rand.IntN(4) == 0 {
		fmt.Fprintf(b, "%s__typename ", g.alias(4))
	}
	for range n {
		if of.IsAbstractType() && g.Rand.IntN(3) > 0 {
			possible := g.Schema.GetPossibleTypes(of)
			concrete := possible[g.Rand.IntN(len(possible))]
			g.fragment(b, concrete, depth)
			continue
		}
		if len(candidates) == 0 {
			continue
		}
		f := candidates[g.Rand.IntN(len(candidates))]
		if g.Rand.IntN(8) == 0 && depth < g.Depth && !(g.OneRoot && depth == 0) {
			g.fragment(b, of, depth)
			continue
		}
		g.field(b, f, depth)
	}
}

func (g *Generator) fragment(b *strings.Builder, on *ast.Definition, depth int) {
	if g.Rand.IntN(3) == 0 {
		g.names++
		name := fmt.Sprintf("F%d", g.names)
		g.fragments = append(g.fragments, "fragment "+name+" on "+on.Name+" "+g.selection(on, depth+1))
		fmt.Fprintf(b, "...%s%s ", name, g.condition())
		if g.Rand.IntN(3) == 0 {
			fmt.Fprintf(b, "...%s ", name) // a second time, to be merged
		}
		return
	}
	fmt.Fprintf(b, "... on %s%s %s ", on.Name, g.condition(), g.selection(on, depth+1))
}

func (g *Generator) field(b *strings.Builder, f *ast.FieldDefinition, depth int) {
	var args []string
	for _, a := range f.Arguments {
		var value string
		if g.Argument != nil {
			value = g.Argument(f, a)
		}
		if value != "" {
			args = append(args, a.Name+": "+value)
		}
	}
	alias := g.alias(3)
	if len(args) > 0 || alias == "" && g.Rand.IntN(2) == 0 {
		alias = g.alias(1)
	}
	b.WriteString(alias + f.Name)
	if len(args) > 0 {
		b.WriteString("(" + strings.Join(args, ", ") + ")")
	}
	b.WriteString(g.condition())
	if def := g.Schema.Types[f.Type.Name()]; def.IsCompositeType() {
		b.WriteString(" " + g.selection(def, depth+1))
	}
	b.WriteString(" ")
}

// alias gives a response name of its own to one field in n, and none to others.
func (g *Generator) alias(n int) string {
	if g.Rand.IntN(n) > 0 {
		return ""
	}
	g.names++
	return fmt.Sprintf("x%d: ", g.names)
}

func (g *Generator) condition() string {
	if g.Rand.IntN(10) > 0 {
		return ""
	}
	directive := []string{"skip", "include"}[g.Rand.IntN(2)]
	value := []string{"$a", "$b", "true", "false"}[g.Rand.IntN(4)]
	return fmt.Sprintf(" @%s(if: %s)", directive, value)
}
