package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxSelections bounds the selections of a document once every spread is
// replaced by its fragment. Fragments that spread one another twice double with
// every step, so a short document can grow beyond what even counting its cost
// would take.
const maxSelections = 50_000

// expansion refuses documents that grow too large. It stands before the limit
// of complexity, which walks the document as it is when grown.
type expansion struct{}

// ExtensionName implements graphql.HandlerExtension.
func (expansion) ExtensionName() string { return "Expansion" }

// Validate implements graphql.HandlerExtension.
func (expansion) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (expansion) MutateOperationContext(_ context.Context, c *graphql.OperationContext) *gqlerror.Error {
	if selections(c.Operation.SelectionSet, map[string]int{}) <= maxSelections {
		return nil
	}
	err := gqlerror.Errorf("the operation has more than %d fields once its fragments are put in", maxSelections)
	err.Extensions = map[string]any{"code": complexityExceeded}
	return err
}

// selections counts the fields and fragments of a set, each fragment once. The
// document is valid: fragments make no circles.
func selections(set ast.SelectionSet, known map[string]int) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n += 1 + selections(s.SelectionSet, known)
		case *ast.InlineFragment:
			n += 1 + selections(s.SelectionSet, known)
		case *ast.FragmentSpread:
			size, ok := known[s.Name]
			if !ok && s.Definition != nil {
				size = selections(s.Definition.SelectionSet, known)
				known[s.Name] = size
			}
			n += 1 + size
		}
		n = min(n, maxSelections+1) // does not overflow
	}
	return n
}
