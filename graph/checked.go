package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/document"
)

// checked is the library's executor, given documents that were checked
// already: by itself it validates before any limit is asked.
type checked struct {
	graphql.GraphExecutor
	documents *document.Store
}

// CreateOperationContext implements graphql.GraphExecutor.
func (e checked) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	doc, errs := e.documents.Load(ctx, params.Query)
	if len(errs) > 0 {
		return &graphql.OperationContext{}, errs
	}
	operation, errs := e.GraphExecutor.CreateOperationContext(document.With(ctx, doc), params)
	for _, err := range errs {
		nameVariable(err)
	}
	return operation, errs
}

// nameVariable puts the name of a variable into the message about it: the
// library gives a path instead, which is meant for fields of the answer.
func nameVariable(err *gqlerror.Error) {
	if len(err.Path) < 2 || err.Path[0] != ast.PathName("variable") {
		return
	}
	err.Message = fmt.Sprintf("variable $%s: %s", err.Path[1:], err.Message)
	err.Path = nil
}

// checkedDocuments hands the document of the context to the library in place of
// a cache, so that the library parses and validates nothing.
type checkedDocuments struct{}

// Get implements graphql.Cache.
func (checkedDocuments) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	doc := document.From(ctx)
	if doc == nil {
		doc = &ast.QueryDocument{} // which has no operation to run
	}
	return doc, true
}

// Add implements graphql.Cache.
func (checkedDocuments) Add(context.Context, string, *ast.QueryDocument) {}

// costLimit refuses operations that cost too much with their variables.
type costLimit struct{ documents *document.Store }

// ExtensionName implements graphql.HandlerExtension.
func (costLimit) ExtensionName() string { return "CostLimit" }

// Validate implements graphql.HandlerExtension.
func (costLimit) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (l costLimit) MutateOperationContext(_ context.Context, c *graphql.OperationContext) *gqlerror.Error {
	return l.documents.CheckCost(c.Operation, c.Variables)
}
