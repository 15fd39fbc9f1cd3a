package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
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
	operation := doc.Operations.ForName(params.OperationName)
	if operation == nil {
		return &graphql.OperationContext{}, gqlerror.List{noOperation(params.OperationName)}
	}
	values, wrong := e.documents.Variables(operation, params.Variables)
	if wrong != nil {
		return &graphql.OperationContext{}, gqlerror.List{wrong}
	}
	params.Variables = values
	return e.GraphExecutor.CreateOperationContext(document.With(ctx, doc), params)
}

// noOperation says that a document has no operation of a name.
func noOperation(name string) *gqlerror.Error {
	err := gqlerror.Errorf("the document has no operation of this operationName")
	if name == "" {
		err = gqlerror.Errorf("the document has several operations: name one by operationName")
	}
	errcode.Set(err, errcode.ValidationFailed)
	return err
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
