package graph

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/trace"

	"github.com/broadsheet-cms/broadsheet/graph/cache"
	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/graph/executor"
	"github.com/broadsheet-cms/broadsheet/graph/generated"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Options of the endpoint.
type Options struct {
	Introspection   Audience        // who may ask for the schema
	TrustedOnly     bool            // whether no documents are answered but registered ones
	NoAutomatic     bool            // whether requests may not register documents by their hash
	Limits          document.Limits // of documents; zero fields mean their defaults
	MaxAnswerBytes  int             // of one answer; 0 means DefaultAnswerBytes
	MaxRequestBytes int64           // of a body of JSON; 0 means 1 MiB
	MaxUploadBytes  int64           // of a body with files; 0 means DefaultUploadBytes
	Timeout         time.Duration   // of one request; 0 means 10 seconds
	Budget          Budget          // nil: everybody may ask for anything
	SlowOperation   time.Duration   // of operations that are logged; 0: none are
	Observe         func(Observed)  // is told of every operation; nil: nobody is
	Tracer          trace.Tracer    // of operations and their root fields; nil: they are not traced
	Logger          *slog.Logger
	Cache           *cache.Cache // of answers; nil: none are kept
	// Reading gives the context in which an operation reads that is the same for
	// everybody and of which events tell all changes; nil: the one that it has.
	Reading func(ctx context.Context) context.Context
	Sockets *Sockets // of subscriptions; nil: there are none

	// executable makes the schema that is executed; nil means the compiled one. The
	// tests compare that with gqlgen's own.
	executable func(generated.Config) graphql.ExecutableSchema
	// cohort is loader.Services.Cohort, which tests make 1.
	cohort int
}

// Handler serves the API over HTTP.
func Handler(services Services, opts Options) http.Handler {
	if opts.MaxAnswerBytes == 0 {
		opts.MaxAnswerBytes = DefaultAnswerBytes
	}
	if opts.MaxRequestBytes == 0 {
		opts.MaxRequestBytes = 1 << 20
	}
	if opts.MaxUploadBytes == 0 {
		opts.MaxUploadBytes = DefaultUploadBytes
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	sources := &loader.Services{Cohort: opts.cohort, Accounts: services.Accounts, Articles: services.Articles, Audit: services.Audit, Bookmarks: services.Bookmarks, Comments: services.Comments, Moderator: services.Moderator, Popularity: services.Popularity,
		Directory: services.Directory, Jobs: services.Jobs, MediaDesk: services.MediaDesk, Partners: services.Partners, Webhooks: services.Webhooks, Newsletters: services.Newsletters, Newsroom: services.Newsroom, Pages: services.Pages, Taxonomy: services.Taxonomy}
	config := generated.Config{Schema: offered(), Resolvers: &Resolver{services, sources}, Directives: generated.DirectiveRoot{Auth: auth, Once: standsOnce}}
	if opts.executable == nil {
		opts.executable = generated.NewCompiledSchema
	}
	schema := opts.executable(config)
	documents := document.NewStore(schema.Schema(), document.Options{Limits: opts.Limits, Suggests: opts.Introspection.Has})
	srv := handler.New(schema)
	named := persisted{registered: services.Trusted, only: opts.TrustedOnly}
	if !opts.NoAutomatic {
		named.automatic = newTextCache()
	}
	srv.AddTransport(exchange{sockets: opts.Sockets, documents: documents, persisted: named, budget: opts.Budget, slow: opts.SlowOperation, observed: opts.Observe, timeout: opts.Timeout, maxBytes: opts.MaxRequestBytes, maxUpload: opts.MaxUploadBytes,
		present: present(opts.Logger), logger: opts.Logger})
	srv.SetQueryCache(checkedDocuments{})
	srv.SetErrorPresenter(present(opts.Logger))
	srv.SetRecoverFunc(recovered)
	srv.Use(costLimit{documents})
	srv.Use(sensitive{})
	srv.Use(introspection{open: opts.Introspection})
	if opts.Tracer != nil {
		traceFields(srv, opts.Tracer)
	}
	srv.AroundRootFields(func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		root, operation := graphql.GetRootFieldContext(ctx), graphql.GetOperationContext(ctx).Operation
		if operation.Operation == ast.Mutation && !single(operation.SelectionSet) {
			// The mutation before may have ended the session, or changed a role.
			viewer, err := services.Accounts.Refresh(ctx, access.Of(ctx))
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
	limit := executor.Limit{Bytes: opts.MaxAnswerBytes, Steps: documents.MaxCost(), IntrospectionShare: introspectionShare, Exceeded: errTooLarge, Time: opts.Timeout}
	srv.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		return opts.Cache.Answer(executor.WithLimit(withErrorCount(loader.With(ctx, sources)), limit), tookTooLong, func(ctx context.Context) *graphql.Response {
			// Here, where a kept answer has noted the last change that it must show.
			if opts.Reading != nil && cache.Public(ctx) {
				ctx = opts.Reading(ctx)
			}
			return next(ctx)
		})
	})
	return opts.Cache.Handler(srv, memory{named, opts.Observe})
}

// introspectionShare is how many steps of introspection count as one: the whole
// schema, which GraphiQL asks for, takes more than an operation may otherwise.
const introspectionShare = 2

// single reports whether a selection is one field, written out.
func single(selection ast.SelectionSet) bool {
	if len(selection) != 1 {
		return false
	}
	_, field := selection[0].(*ast.Field)
	return field
}
