package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

// roots are the types of root fields.
var roots = map[ast.Operation]string{ast.Query: "Query", ast.Mutation: "Mutation", ast.Subscription: "Subscription"}

// traceFields puts a span around the execution of each operation, and one below it
// around each root field. Variables are left out: they may be personal.
func traceFields(srv *handler.Server, tracer trace.Tracer) {
	srv.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		if !graphql.HasOperationContext(ctx) || !trace.SpanFromContext(ctx).IsRecording() {
			return next(ctx)
		}
		oc := graphql.GetOperationContext(ctx)
		if oc.Operation == nil {
			return next(ctx)
		}
		kind := string(oc.Operation.Operation)
		name := kind
		if oc.Operation.Name != "" {
			name += " " + oc.Operation.Name
		}
		ctx, span := tracer.Start(ctx, name, trace.WithAttributes(attribute.String("graphql.operation.type", kind), attribute.String("graphql.operation.name", oc.Operation.Name),
			attribute.String("graphql.document.hash", trusted.Hash(oc.RawQuery))))
		defer span.End()
		response := next(ctx)
		if response == nil || len(response.Errors) > 0 {
			span.SetStatus(codes.Error, "the answer has errors")
		}
		return response
	})
	srv.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return next(ctx)
		}
		field := graphql.GetRootFieldContext(ctx)
		ctx, span := tracer.Start(ctx, roots[graphql.GetOperationContext(ctx).Operation.Operation]+"."+field.Field.Name, trace.WithAttributes(attribute.String("graphql.field.alias", field.Field.Alias)))
		defer span.End()
		return next(ctx)
	})
}
