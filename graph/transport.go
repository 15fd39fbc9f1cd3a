package graph

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/graph/socket"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

// exchange is GraphQL over HTTP: POST with a JSON object or with files, GET with
// parameters. It stands in place of the library's transports, as those answer
// requests that they cannot read without a code and repeat the whole body.
//
// Source: GraphQL over HTTP, working draft.
type exchange struct {
	documents  *document.Store
	persisted  persisted
	timeout    time.Duration // of executing, once the request is read
	maxBytes   int64         // of a body of JSON
	maxUpload  int64         // of a body with files
	budget     Budget        // nil: everybody may ask for anything
	slow       time.Duration // of operations that are logged; 0: none are
	observed   func(Observed)
	statements func(context.Context) (context.Context, func() int) // nil: they are not counted
	sockets    *Sockets                                            // nil: there are no subscriptions
	present    graphql.ErrorPresenterFunc
	logger     *slog.Logger
}

// Supports everything: what is no request is answered by Do as well.
func (exchange) Supports(*http.Request) bool { return true }

// methods are those that a request can have.
const methods = "GET, HEAD, POST, OPTIONS"

// Do answers one request.
func (e exchange) Do(w http.ResponseWriter, r *http.Request, library graphql.GraphExecutor) {
	if upgrades(r) && e.sockets != nil {
		e.sockets.endpoint.Store(&endpoint{e, checked{library, e.documents}})
		e.sockets.server.ServeWebSocket(w, r)
		return
	}
	w.Header().Add("Vary", "Accept")
	kind, acceptable := negotiate(r.Header.Values("Accept"))
	events := e.sockets != nil && httpheader.WantsEvents(r.Header["Accept"])
	acceptable = acceptable || events // what is refused before there are events is plain JSON
	w.Header().Set("Content-Type", kind)
	defer func() {
		if thrown := recover(); thrown != nil {
			if err, ok := thrown.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(thrown) // net/http's own way to cut a connection
			}
			respond(w, http.StatusInternalServerError, &answer{Errors: gqlerror.List{e.present(r.Context(), recovered(r.Context(), thrown))}})
		}
	}()
	if r.Method == http.MethodOptions { // no preflight: those end before
		w.Header().Set("Allow", methods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if refused := unfit(w, r, acceptable); refused != nil {
		e.refuse(w, refused)
		return
	}
	if _, refused := e.charge(r.Context(), requestPoints); refused != nil {
		e.refuse(w, refused)
		return
	}
	q, refused := e.read(w, r)
	if refused != nil {
		e.refuse(w, refused)
		return
	}
	defer q.close()
	if events {
		e.sockets.server.ServeEvents(w, r, func(ctx context.Context) (socket.Stream, json.RawMessage) {
			return e.begin(ctx, r.Method, q, checked{library, e.documents})
		})
		return
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), e.timeout, tookTooLong)
	defer cancel()
	e.execute(w, r.WithContext(ctx), q, kind, checked{library, e.documents})
}

// unfit refuses what no body could make a request.
func unfit(w http.ResponseWriter, r *http.Request, acceptable bool) *refusal {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		w.Header().Set("Allow", methods)
		return refuse(http.StatusMethodNotAllowed, "send documents by POST, or queries by GET")
	case upgrades(r):
		return refuse(http.StatusBadRequest, "there are no WebSockets here: send requests by POST, or queries by GET")
	case !acceptable:
		return refuse(http.StatusNotAcceptable, "the answer is application/json or application/graphql-response+json, and Accept takes neither")
	}
	return nil
}

func (e exchange) refuse(w http.ResponseWriter, why *refusal) {
	switch {
	case why.wait > 0:
		w.Header().Set("Retry-After", httpheader.Seconds(why.wait))
	case why.code == fault.TryAgain:
		w.Header().Set("Retry-After", retryAfter)
	}
	respond(w, why.status, &answer{Errors: gqlerror.List{why.shown()}})
}

// retryAfter is after how many seconds a client that is told to try again should.
const retryAfter = "5"

// execute answers a request that could be read.
func (e exchange) execute(w http.ResponseWriter, r *http.Request, q *request, kind string, exec checked) {
	ctx, start := r.Context(), time.Now()
	if refused := e.persisted.find(ctx, q); refused != nil {
		if refused.code == fault.PersistedQueryNotFound {
			// The next request registers it: nobody keeps this answer.
			w.Header().Set("Cache-Control", "private, no-store")
			refused.status = statusOf(kind, gqlerror.List{refused.shown()})
		}
		e.refuse(w, refused)
		return
	}
	q.Headers = r.Header
	q.ReadTime = graphql.TraceTiming{Start: graphql.GetStartTime(ctx), End: graphql.Now()}
	operation, wrong := exec.CreateOperationContext(ctx, &q.RawParams)
	if wrong == nil && r.Method != http.MethodPost && operation.Operation.Operation != ast.Query {
		w.Header().Set("Allow", http.MethodPost)
		e.refuse(w, refuse(http.StatusMethodNotAllowed, "only queries can be sent by GET"))
		return
	}
	if wrong == nil && operation.Operation.Operation == ast.Subscription {
		e.refuse(w, refuse(http.StatusBadRequest, "a subscription is answered over WebSocket, or to a request that accepts text/event-stream"))
		return
	}
	if wrong == nil && q.register != "" && e.persisted.automatic != nil {
		e.persisted.automatic.add(q.register, q.Query)
	}
	if wrong != nil {
		response := exec.DispatchError(graphql.WithOperationContext(ctx, operation), wrong)
		status := statusOf(kind, response.Errors)
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter)
		}
		e.observe(ctx, start, nil, 0, response.Errors)
		respond(w, status, &answer{Errors: response.Errors, Extensions: response.Extensions})
		return
	}
	e.run(w, r, operation, start, exec)
}

// run answers an operation that was found fit to be executed.
func (e exchange) run(w http.ResponseWriter, r *http.Request, operation *graphql.OperationContext, start time.Time, exec checked) {
	asked := r.Header.Get("X-Broadsheet-Cost") // with "only" nothing is executed
	cost := e.documents.Cost(operation.Operation, operation.Variables)
	charged := cost
	if asked == "only" {
		charged = 0
	}
	left, refused := e.charge(r.Context(), charged)
	if refused != nil {
		e.refuse(w, refused)
		return
	}
	if asked == "only" {
		respond(w, http.StatusOK, &answer{Extensions: map[string]any{"cost": e.price(cost, left)}})
		return
	}
	within := r.Context()
	var statements func() int // nil: they are not counted
	if asked != "" && e.statements != nil {
		within, statements = e.statements(within)
	}
	responses, ctx := exec.DispatchOperation(within, operation)
	response := responses(ctx)
	if response == nil { // its time was over before it began
		e.observe(ctx, start, operation, cost, gqlerror.List{because(0, tookTooLong.Code, "").shown()})
		e.refuse(w, because(http.StatusServiceUnavailable, tookTooLong.Code, tookTooLong.Message))
		return
	}
	e.observe(ctx, start, operation, cost, response.Errors)
	a := executed(response)
	if asked != "" {
		a.Extensions = maps.Clone(a.Extensions)
		if a.Extensions == nil {
			a.Extensions = map[string]any{}
		}
		p := e.price(cost, left)
		if statements != nil {
			n := statements()
			p.Statements = &n
		}
		a.Extensions["cost"] = p
	}
	respond(w, http.StatusOK, a)
}

// statusOf is the HTTP status of a document that was not executed. Plain JSON says
// 200 of everything that is a request and was answered.
func statusOf(kind string, wrong gqlerror.List) int {
	code := ""
	if len(wrong) > 0 {
		code, _ = wrong[0].Extensions["code"].(string)
	}
	switch fault.Code(code) {
	case fault.TryAgain:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	}
	if kind == plainJSON {
		return http.StatusOK
	}
	switch fault.Code(code) {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.RateLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}
