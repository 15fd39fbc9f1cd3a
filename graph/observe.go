package graph

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/cache"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

// Budget bounds how much whoever sends a request may ask for over time.
type Budget interface {
	// Take takes points of cost. It gives how many are left, below zero for any
	// number, and how long to wait when there are too few.
	Take(ctx context.Context, points int) (left int, wait time.Duration)
}

// requestPoints is what each request costs beside its operation: reading it, and
// checking a document.
const requestPoints = 20

// charge takes points, or refuses the request.
func (e exchange) charge(ctx context.Context, points int) (left int, refused *refusal) {
	if e.budget == nil {
		return -1, nil
	}
	left, wait := e.budget.Take(ctx, points)
	if wait > 0 {
		refused = because(http.StatusTooManyRequests, fault.RateLimited, "you asked for more than is allowed in a minute: try again later")
		refused.wait = wait
	}
	return left, refused
}

// price is what a client is told about the cost of its operation.
type price struct {
	Cost  int  `json:"cost"`
	Limit int  `json:"limit"`
	Left  *int `json:"remaining,omitempty"` // of the budget of a minute; absent: any number
	// Statements is how many statements the database was sent; absent where nothing
	// was executed.
	Statements *int `json:"statements,omitempty"`
}

func (e exchange) price(cost, left int) price {
	p := price{Cost: cost, Limit: e.documents.MaxCost()}
	if left >= 0 {
		p.Left = &left
	}
	return p
}

// Observed is an operation that was answered or refused.
type Observed struct {
	Name, Type string // empty: there was no operation
	FromMemory bool   // answered from memory: nothing was executed
	Codes      []string
	Cost       int
	Took       time.Duration
}

// observe tells of an operation and logs it when it was slow. The log has the hash
// of the document and no variables, which may be personal.
func (e exchange) observe(ctx context.Context, start time.Time, operation *graphql.OperationContext, cost int, errs gqlerror.List) {
	o := Observed{Cost: cost, Took: time.Since(start), FromMemory: cache.Hit(ctx)}
	if o.FromMemory {
		o.Cost = 0
	}
	if operation != nil && operation.Operation != nil {
		o.Name, o.Type = operation.Operation.Name, string(operation.Operation.Operation)
	}
	for _, err := range errs {
		code, _ := err.Extensions["code"].(string)
		o.Codes = append(o.Codes, code)
	}
	if e.observed != nil {
		e.observed(o)
	}
	if e.slow > 0 && o.Took >= e.slow && o.Type != "" {
		e.logger.WarnContext(ctx, "a slow operation", "operation", o.Name, "type", o.Type, "document", trusted.Hash(operation.RawQuery), "cost", cost, "duration", o.Took, "errors", len(errs))
	}
}
