package graph

import (
	"bytes"
	"compress/gzip"
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
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// request is what one request asks for.
type request struct {
	graphql.RawParams
	documentID string // names a stored document in place of one
	hasQuery   bool
	register   string // hash under which later requests name the document
	files      []*upload
}

// refusal says why a request is not even a document.
type refusal struct {
	status  int
	code    fault.Code
	message string
	wait    time.Duration // until it may be tried again; 0: retryAfter
}

func because(status int, code fault.Code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// shown is the error that a client gets.
func (r *refusal) shown() *gqlerror.Error {
	return &gqlerror.Error{Message: r.message, Extensions: map[string]any{"code": string(r.code)}}
}

func refuse(status int, format string, args ...any) *refusal {
	return because(status, fault.BadUserInput, fmt.Sprintf(format, args...))
}

// read reads a request by its method.
func (e exchange) read(w http.ResponseWriter, r *http.Request) (*request, *refusal) {
	if r.Method != http.MethodPost {
		return readAddress(r.URL.RawQuery)
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	switch {
	case err == nil && kind == "multipart/form-data":
		return e.readMultipart(w, r)
	case err != nil || kind != plainJSON:
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Type must be application/json")
	case charset != "" && charset != "utf-8" && charset != "utf8":
		return nil, refuse(http.StatusUnsupportedMediaType, "the charset of the Content-Type must be utf-8")
	}
	body, refused := e.readBody(w, r)
	if refused != nil {
		return nil, refused
	}
	q := &request{}
	return q, q.decode(body, "the body")
}

// readBody reads a body of JSON, compressed or not. Neither form may be larger than
// the limit.
func (e exchange) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	var from io.Reader = http.MaxBytesReader(w, r.Body, e.maxBytes)
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, e.unreadable(err)
		}
		from = io.LimitReader(unpacked, e.maxBytes+1)
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return nil, refuse(http.StatusUnsupportedMediaType, "the Content-Encoding must be gzip or identity")
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return nil, e.unreadable(err)
	}
	if int64(len(body)) > e.maxBytes {
		return nil, tooLarge(e.maxBytes)
	}
	return body, nil
}

func tooLarge(most int64) *refusal {
	return refuse(http.StatusRequestEntityTooLarge, "the request is larger than %d bytes", most)
}

// unreadable says why a body cannot be read.
func (e exchange) unreadable(err error) *refusal {
	if most, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(most.Limit)
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return refuse(http.StatusBadRequest, "the body is not compressed by gzip, as its Content-Encoding says")
	}
	return refuse(http.StatusBadRequest, "the request ended before its body")
}

// readAddress reads a request from the parameters of its address.
func readAddress(query string) (*request, *refusal) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the parameters of the address are not encoded as they must be")
	}
	// A body gets this from the JSON decoder.
	text := func(name string) string { return strings.ToValidUTF8(values.Get(name), "\uFFFD") }
	q := &request{documentID: text("documentId"), hasQuery: values.Get("query") != ""}
	q.Query, q.OperationName = text("query"), text("operationName")
	for name, into := range map[string]*map[string]any{"variables": &q.Variables, "extensions": &q.Extensions} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		if refused := checkSize([]byte(text), name); refused != nil {
			return nil, refused
		}
		if decodeOne([]byte(text), into) != nil {
			return nil, refuse(http.StatusBadRequest, "%s must be one JSON object and nothing else", name)
		}
	}
	return q, nil
}

// decode reads a request from JSON. Members have exactly their names: the decoder
// of the standard library takes "QUERY" for "query".
func (q *request) decode(text []byte, what string) *refusal {
	if refused := checkSize(text, what); refused != nil {
		return refused
	}
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && first[0] == '[' {
		return refuse(http.StatusBadRequest, "%s is a list: send one operation a request, or several root fields in one", what)
	}
	var members map[string]json.RawMessage
	if err := decodeOne(text, &members); err != nil || members == nil {
		return refuse(http.StatusBadRequest, "%s must be one JSON object and nothing else", what)
	}
	for _, m := range []struct {
		name, kind string
		into       any
	}{
		{"query", "a string", &q.Query}, {"operationName", "a string", &q.OperationName}, {"documentId", "a string", &q.documentID},
		{"variables", "an object", &q.Variables}, {"extensions", "an object", &q.Extensions},
	} {
		value, given := members[m.name]
		if given && decodeOne(value, m.into) != nil {
			return refuse(http.StatusBadRequest, "%q must be %s", m.name, m.kind)
		}
	}
	q.hasQuery = q.Query != ""
	return nil
}

// decodeOne decodes one JSON value and refuses what follows it. Numbers stay as
// they are written.
func decodeOne(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// Bounds on the JSON of a request. They are checked before it is decoded, which
// takes many times its length.
const (
	maxJSONValues = 50_000
	maxJSONDepth  = 64
)

func checkSize(text []byte, what string) *refusal {
	switch values, depth := measureJSON(text); {
	case values > maxJSONValues:
		return refuse(http.StatusBadRequest, "%s has more than %d values", what, maxJSONValues)
	case depth > maxJSONDepth:
		return refuse(http.StatusBadRequest, "%s nests more than %d lists and objects", what, maxJSONDepth)
	}
	return nil
}

// measureJSON counts the values of a JSON text and how deep they nest. It counts
// one value for each comma and each opening bracket, so never too few.
func measureJSON(text []byte) (values, depth int) {
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
