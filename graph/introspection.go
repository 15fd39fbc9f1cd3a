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
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// offered is the schema that clients are offered: without @defer, which the library
// declares and nothing here executes.
var offered = sync.OnceValue(func() *ast.Schema {
	schema := *generated.NewCompiledSchema(generated.Config{}).Schema()
	schema.Directives = maps.Clone(schema.Directives)
	delete(schema.Directives, "defer")
	return &schema
})

// Audience says who may ask for the schema, and is helped by its names in messages.
type Audience string

// Audiences.
const (
	Nobody   Audience = ""
	Staff    Audience = "staff"
	Everyone Audience = "everyone"
)

// Has reports whether the viewer of a context belongs to it.
func (a Audience) Has(ctx context.Context) bool {
	switch a {
	case Everyone:
		return true
	case Staff:
		return access.Of(ctx).Role.Staff()
	}
	return false
}

// introspection refuses documents that ask for the schema, of those it is closed to.
// They are refused before they run: as fields they would fail one by one, each as an
// internal error.
type introspection struct{ open Audience }

var (
	_ graphql.OperationContextMutator = introspection{}
	_ graphql.HandlerExtension        = introspection{}
)

// ExtensionName implements graphql.HandlerExtension.
func (introspection) ExtensionName() string { return "Introspection" }

// Validate implements graphql.HandlerExtension.
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (i introspection) MutateOperationContext(ctx context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	open := i.open.Has(ctx)
	oc.DisableIntrospection = !open
	if open || !asksForSchema(oc.Operation.SelectionSet) {
		return nil
	}
	err := gqlerror.Errorf("the schema cannot be asked for here")
	if i.open == Staff {
		err = gqlerror.Errorf("the schema can be asked for by staff: sign in")
	}
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
