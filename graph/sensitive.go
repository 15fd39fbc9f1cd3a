package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// sensitive refuses a document that asks for a mutation marked @once more than
// once, by aliases, fragments or both: limits of requests would not see the
// guesses at a password that one request makes.
type sensitive struct{}

var (
	_ graphql.OperationContextMutator = sensitive{}
	_ graphql.HandlerExtension        = sensitive{}
)

// ExtensionName implements graphql.HandlerExtension.
func (sensitive) ExtensionName() string { return "SensitiveMutations" }

// Validate implements graphql.HandlerExtension.
func (sensitive) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (sensitive) MutateOperationContext(_ context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	if oc.Operation == nil || oc.Operation.Operation != ast.Mutation {
		return nil
	}
	if name := twice(oc.Operation.SelectionSet, map[string]bool{}); name != "" {
		return gqlerror.Wrap(fault.BadInput("", "%s may stand only once in a request", name))
	}
	return nil
}

// twice gives the name of a field that is marked @once and is selected again,
// empty when there is none.
func twice(selection ast.SelectionSet, seen map[string]bool) string {
	for _, s := range selection {
		below := ast.SelectionSet{}
		switch s := s.(type) {
		case *ast.Field:
			if s.Definition == nil || s.Definition.Directives.ForName("once") == nil {
				continue
			}
			if seen[s.Name] {
				return s.Name
			}
			seen[s.Name] = true
		case *ast.InlineFragment:
			below = s.SelectionSet
		case *ast.FragmentSpread:
			if s.Definition != nil { // validation has found those that name themselves
				below = s.Definition.SelectionSet
			}
		}
		if name := twice(below, seen); name != "" {
			return name
		}
	}
	return ""
}
