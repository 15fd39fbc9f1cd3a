package website

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/internal/httprecorder"
)

// answer is what the API said to one operation of the application.
type answer struct {
	Name      string          `json:"name"`
	Variables map[string]any  `json:"variables"`
	Result    json.RawMessage `json:"result"`
	data      map[string]any
}

// ask executes an operation of the application for an anonymous reader, through the
// handler that the application would reach: limits, budgets and the cache of answers
// hold here too. A preview token lets it read the one article that it is for.
func (s *Site) ask(r *http.Request, preview, name string, variables map[string]any) (*answer, error) {
	id, ok := s.assets.named[name]
	if !ok {
		return nil, fmt.Errorf("the application has no operation %s", name)
	}
	body, err := json.Marshal(map[string]any{"documentId": id, "variables": variables})
	if err != nil {
		return nil, fmt.Errorf("write the variables of %s: %w", name, err)
	}
	q, err := http.NewRequestWithContext(r.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", name, err)
	}
	q.RemoteAddr, q.Host = r.RemoteAddr, r.Host
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json")
	for _, h := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
		if v := r.Header.Values(h); len(v) > 0 {
			q.Header[h] = v
		}
	}
	if preview != "" {
		q.Header.Set("X-Broadsheet-Preview", preview)
	}
	got := new(httprecorder.Recorder)
	s.opts.GraphQL.ServeHTTP(got, q)
	a := &answer{Name: name, Variables: variables, Result: bytes.TrimSpace(got.Body.Bytes())}
	var read struct {
		Data   map[string]any
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(a.Result, &read); err != nil {
		return nil, fmt.Errorf("ask %s: status %d: %w", name, got.Status(), err)
	}
	if read.Data == nil {
		return nil, fmt.Errorf("ask %s: status %d: %v", name, got.Status(), read.Errors)
	}
	a.data = read.Data
	return a, nil
}
