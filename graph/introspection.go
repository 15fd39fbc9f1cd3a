package graph

import (
	"context"
	"maps"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/generated"
)

// offered is the schema that clients are offered: without @defer, which the library
// declares and nothing here executes.
var offered = sync.OnceValue(func() *ast.Schema {
	schema := *generated.NewCompiledSchema(generated.Config{}).Schema()
	schema.Directives = maps.Clone(schema.Directives)
	delete(schema.Directives, "defer")
	return &schema
})

// introspection refuses documents that ask for the schema, where that is closed.
// They are refused before they run: as fields they would fail one by one, each as an
// internal error.
type introspection struct{ open bool }

var (
	_ graphql.OperationContextMutator = introspection{}
	_ graphql.HandlerExtension        = introspection{}
)

// ExtensionName implements graphql.HandlerExtension.
func (introspection) ExtensionName() string { return "Introspection" }

// Validate implements graphql.HandlerExtension.
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (i introspection) MutateOperationContext(_ context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	oc.DisableIntrospection = !i.open
	if i.open || !asksForSchema(oc.Operation.SelectionSet) {
		return nil
	}
	err := gqlerror.Errorf("the schema cannot be asked for here")
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

// asksForSchema reports whether a selection of the root has __schema or __type.
func asksForSchema(selection ast.SelectionSet) bool {
	for _, s := range selection {
		switch s := s.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				return true
			}
		case *ast.InlineFragment:
			if asksForSchema(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if s.Definition != nil && asksForSchema(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}
