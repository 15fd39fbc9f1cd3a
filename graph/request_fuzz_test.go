package graph

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRequests decodes any bytes as a body, as the parameters of an address and as
// the map of an upload: there is a request or a refusal with a short message.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{``, `{}`, `null`, `[]`, `{"query":"{a}","variables":{"a":[null,{"b":null}]},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}`,
		`{"QUERY":"{a}"}`, `{"query":7}`, `{"query":"\ud800"}`, `{"variables":{"a":1e999}}`, `{"0":["variables.a.0","variables.a.1.b"]}`, `{"0":null}`, `query=%7Ba%7D&variables={}&extensions=[`,
		"query=%ff&documentId=sha256:00", `{"a":{"a":{"a":{}}}}`, `{"query":"a"}{`, "\xef\xbb\xbf{}", `{"documentId":"\u0000"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		check := func(q *request, refused *refusal) {
			switch {
			case refused == nil && q == nil:
				t.Error("neither a request nor a refusal")
			case refused != nil && (refused.status < 400 || refused.status > 499 || refused.code == "" || len(refused.message) > 200 || !utf8.ValidString(refused.message)):
				t.Errorf("%d %s %q", refused.status, refused.code, refused.message)
			case refused == nil && !utf8.ValidString(q.Query+q.OperationName+q.documentID):
				t.Errorf("not UTF-8: %q", q.Query)
			}
		}
		q := &request{}
		check(q, q.decode(text, "the body"))
		if !strings.ContainsAny(string(text), "\x00") {
			check(readAddress(string(text)))
		}
		upload := &request{}
		upload.Variables = map[string]any{"a": []any{nil, map[string]any{"b": nil}}, "text": "x"}
		_, refused := upload.placeFiles(text)
		check(upload, refused)
		if _, refused := hashOf(q.Extensions); refused != nil {
			check(nil, refused)
		}
	})
}
