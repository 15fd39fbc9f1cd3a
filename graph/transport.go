package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// exchange is GraphQL over HTTP: POST with a JSON object, GET with parameters.
// It stands in place of the library's transports, as those answer requests that
// they cannot read without a code and repeat the whole body.
//
// Source: GraphQL over HTTP, working draft.
type exchange struct {
	documents *document.Store
	timeout   time.Duration
}

// Supports everything: what is no request is answered by Do as well.
func (exchange) Supports(*http.Request) bool { return true }

// refusal says why a request is not even a document.
type refusal struct {
	status  int
	message string
}

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// Do answers one request.
func (e exchange) Do(w http.ResponseWriter, r *http.Request, library graphql.GraphExecutor) {
	ctx, cancel := context.WithTimeoutCause(r.Context(), e.timeout, tookTooLong)
	defer cancel()
	r = r.WithContext(ctx)
	exec := checked{library, e.documents}
	kind := responseType(r)
	w.Header().Set("Content-Type", kind)
	params, refused := read(r)
	if refused != nil {
		if refused.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET, POST, OPTIONS")
		}
		respond(w, refused.status, &graphql.Response{Errors: gqlerror.List{{
			Message: refused.message, Extensions: map[string]any{"code": string(fault.BadUserInput)},
		}}})
		return
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: graphql.GetStartTime(r.Context()), End: graphql.Now()}
	operation, wrong := exec.CreateOperationContext(r.Context(), params)
	if wrong == nil && r.Method == http.MethodGet && operation.Operation.Operation != ast.Query {
		wrong = gqlerror.List{gqlerror.Wrap(fault.BadInput("", "only queries can be sent by GET"))}
	}
	if wrong != nil {
		respond(w, statusOf(kind, wrong), exec.DispatchError(graphql.WithOperationContext(r.Context(), operation), wrong))
		return
	}
	responses, ctx := exec.DispatchOperation(r.Context(), operation)
	respond(w, http.StatusOK, responses(ctx))
}

// The media types of answers.
const (
	plainJSON   = "application/json"
	graphQLJSON = "application/graphql-response+json"
)

// responseType is plain JSON unless the client asks for GraphQL's own type
// before it.
func responseType(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		switch kind, _, _ := mime.ParseMediaType(strings.TrimSpace(part)); kind {
		case graphQLJSON:
			return graphQLJSON
		case plainJSON, "application/*", "*/*":
			return plainJSON
		}
	}
	return plainJSON
}

// statusOf is the HTTP status of a document that was not executed.
func statusOf(kind string, wrong gqlerror.List) int {
	switch {
	case kind == graphQLJSON:
		return http.StatusBadRequest
	case errcode.GetErrorKind(wrong) == errcode.KindProtocol:
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

func respond(w http.ResponseWriter, status int, response *graphql.Response) {
	if response == nil { // the client is gone
		return
	}
	if len(response.Errors) == 0 && len(response.Extensions) == 0 && len(response.Data) > 0 {
		w.WriteHeader(status)
		// The data is JSON already; json.Marshal would read all of it again.
		_, _ = io.WriteString(w, `{"data":`) // the client may be gone
		_, _ = w.Write(response.Data)        //nolint:gosec // G705: JSON under a JSON content type, which no browser renders
		_, _ = io.WriteString(w, `}`)
		return
	}
	body, err := json.Marshal(response)
	if err != nil {
		panic(fmt.Errorf("write an answer: %w", err)) // a scalar wrote what is no JSON; the handler recovers
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func read(r *http.Request) (*graphql.RawParams, *refusal) {
	switch r.Method {
	case http.MethodGet:
		return readAddress(r.URL.RawQuery)
	case http.MethodPost:
		return readBody(r)
	}
	return nil, refuse(http.StatusMethodNotAllowed, "send documents by POST, or queries by GET")
}

func readBody(r *http.Request) (*graphql.RawParams, *refusal) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != plainJSON {
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, refuse(http.StatusRequestEntityTooLarge, "the request is larger than %d bytes", tooLarge.Limit)
		}
		return nil, refuse(http.StatusBadRequest, "the request ended before its body")
	}
	params := &graphql.RawParams{}
	if refused := decode(body, params, "the body"); refused != nil {
		return nil, refused
	}
	return params, nil
}

func readAddress(query string) (*graphql.RawParams, *refusal) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the parameters of the address are not encoded as they must be")
	}
	// A body gets this from the JSON decoder.
	params := &graphql.RawParams{Query: strings.ToValidUTF8(values.Get("query"), "\uFFFD"), OperationName: values.Get("operationName")}
	for name, into := range map[string]*map[string]any{"variables": &params.Variables, "extensions": &params.Extensions} {
		if text := values.Get(name); text != "" {
			if refused := decode([]byte(text), into, name); refused != nil {
				return nil, refused
			}
		}
	}
	return params, nil
}

// Bounds on the JSON of a request. They are checked before it is decoded, which
// takes many times its length.
const (
	maxJSONValues = 50_000
	maxJSONDepth  = 64
)

// checkJSON counts the values of a JSON text and how deep they nest. It counts
// one value for each comma and each opening bracket, so never too few.
func checkJSON(text []byte) (values, depth int) {
	level := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			values++
			level++
			depth = max(depth, level)
		case ']', '}':
			level--
		case ',':
			values++
		}
	}
	return values + 1, depth
}

// decode reads one JSON object. Numbers stay as they are written.
func decode(text []byte, into any, what string) *refusal {
	switch values, depth := checkJSON(text); {
	case values > maxJSONValues:
		return refuse(http.StatusBadRequest, "%s has more than %d values", what, maxJSONValues)
	case depth > maxJSONDepth:
		return refuse(http.StatusBadRequest, "%s nests more than %d lists and objects", what, maxJSONDepth)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return refuse(http.StatusBadRequest, "%s: %q cannot be a JSON %s", what, wrong.Field, wrong.Value)
		}
		return refuse(http.StatusBadRequest, "%s must be a JSON object", what)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return refuse(http.StatusBadRequest, "%s must be one JSON object and nothing else", what)
	}
	return nil
}
