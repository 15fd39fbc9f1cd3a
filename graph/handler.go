package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/generated"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Options of the endpoint.
type Options struct {
	Introspection bool // whether clients may ask for the schema
	MaxTokens     int  // of a document; 0 means 10,000
	MaxComplexity int  // see complexity.go; 0 means 50,000
	Timeout       time.Duration
	Logger        *slog.Logger

	// executable makes the schema that is executed; nil means the compiled one. The
	// tests compare that with gqlgen's own.
	executable func(generated.Config) graphql.ExecutableSchema
	// cohort is loader.Services.Cohort, which tests make 1.
	cohort int
}

// Handler serves the API over HTTP.
func Handler(services Services, opts Options) http.Handler {
	if opts.MaxTokens == 0 {
		opts.MaxTokens = 10_000
	}
	if opts.MaxComplexity == 0 {
		opts.MaxComplexity = 50_000
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	config := generated.Config{Resolvers: &Resolver{services}, Directives: generated.DirectiveRoot{Auth: auth}}
	weigh(&config.Complexity)
	if opts.executable == nil {
		opts.executable = generated.NewCompiledSchema
	}
	srv := handler.New(opts.executable(config))
	srv.AddTransport(transport.Options{AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodOptions}})
	srv.AddTransport(exchange{})
	srv.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	srv.SetParserTokenLimit(opts.MaxTokens)
	srv.SetDisableSuggestion(!opts.Introspection)
	srv.SetErrorPresenter(present(opts.Logger))
	srv.SetRecoverFunc(recovered)
	srv.Use(expansion{})
	srv.Use(extension.FixedComplexityLimit(opts.MaxComplexity))
	if opts.Introspection {
		srv.Use(extension.Introspection{})
	}
	sources := &loader.Services{Cohort: opts.cohort, Accounts: services.Accounts, Articles: services.Articles, Audit: services.Audit, Comments: services.Comments,
		Directory: services.Directory, Jobs: services.Jobs, Newsroom: services.Newsroom, Pages: services.Pages, Taxonomy: services.Taxonomy}
	srv.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		root, operation := graphql.GetRootFieldContext(ctx), graphql.GetOperationContext(ctx).Operation
		if operation.Operation == ast.Mutation && !single(operation.SelectionSet) {
			// The mutation before may have ended the session, or changed a role.
			viewer, err := services.Accounts.Again(ctx, access.Of(ctx))
			if err != nil {
				graphql.AddError(ctx, &gqlerror.Error{Err: err, Message: err.Error(), Path: ast.Path{ast.PathName(root.Field.Alias)}})
				return graphql.Null
			}
			ctx = access.With(ctx, viewer)
		}
		if operation.Operation == ast.Mutation {
			// Each mutation of a document sees what the one before it changed.
			ctx = loader.With(ctx, sources)
		}
		if operation.Operation == ast.Query && showsWords(ctx, root) {
			return consistent(ctx, services.Articles, next)
		}
		return next(withColumns(ctx))
	})
	srv.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
		return next(loader.With(ctx, sources))
	})
	return srv
}

// single reports whether a selection is one field, written out.
func single(selection ast.SelectionSet) bool {
	if len(selection) != 1 {
		return false
	}
	_, field := selection[0].(*ast.Field)
	return field
}
