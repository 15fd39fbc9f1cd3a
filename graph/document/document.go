package document

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Codes of the errors, as clients see them in extensions.code.
const (
	codeParse      = "GRAPHQL_PARSE_FAILED"
	codeValidation = "GRAPHQL_VALIDATION_FAILED"
	codeCost       = "COST_LIMIT_EXCEEDED"
)

func setCode(err *gqlerror.Error, code string) { err.Extensions = map[string]any{"code": code} }

// Options of a Store.
type Options struct {
	Limits
	// Suggests says whether error messages may help whoever a context is for by names
	// of the schema; nil: everybody.
	Suggests func(context.Context) bool
}

// Store gives documents that are safe to execute and keeps those that it
// checked. It is safe for concurrent use.
type Store struct {
	schema  *ast.Schema
	opts    Options
	weights weights
	cache   *cache
}

// NewStore makes a store for the documents of one schema.
func NewStore(schema *ast.Schema, opts Options) *Store {
	opts.Limits = opts.WithDefaults()
	return &Store{schema: schema, opts: opts, weights: fieldWeights(schema), cache: newCache(opts.CacheBytes)}
}

// Load parses, measures and validates a document. The errors carry their codes.
// It ends early when ctx does, with the error of ctx as the cause.
func (s *Store) Load(ctx context.Context, text string) (*ast.QueryDocument, gqlerror.List) {
	if doc, ok := s.cache.get(text); ok {
		return doc, nil
	}
	if len(text) > s.opts.Bytes {
		return nil, gqlerror.List{exceeded("bytes", len(text), s.opts.Bytes)}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, s.opts.Tokens)
	if err != nil {
		return nil, gqlerror.List{parseError(err)}
	}
	if len(doc.Operations) == 0 {
		err := gqlerror.Errorf("the document has no operation")
		setCode(err, codeValidation)
		return nil, gqlerror.List{err}
	}
	bytes, refused := measure(doc, s.opts.Limits)
	if refused != nil {
		return nil, gqlerror.List{refused}
	}
	if errs := s.validate(ctx, doc); len(errs) > 0 {
		return nil, errs
	}
	s.cache.add(text, doc, len(text)+bytes)
	return doc, nil
}

func parseError(err error) *gqlerror.Error {
	shown, ok := err.(*gqlerror.Error) //nolint:errorlint // the parser returns nothing else
	if !ok {
		shown = gqlerror.Wrap(err)
	}
	if len(shown.Message) > maxMessage {
		shown.Message = shown.Message[:maxMessage] + " …"
	}
	setCode(shown, codeParse)
	return shown
}

type contextKey struct{}

// With puts a document into a context, for whoever executes it.
func With(ctx context.Context, doc *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, contextKey{}, doc)
}

// From gives the document that With put there; nil when there is none.
func From(ctx context.Context) *ast.QueryDocument {
	doc, _ := ctx.Value(contextKey{}).(*ast.QueryDocument)
	return doc
}
