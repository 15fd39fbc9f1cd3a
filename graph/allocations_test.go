//go:build !race

package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// mostAllocations is what an answer that is not in memory may allocate, its
// statements on SQLite included; it may be exceeded by a tenth. Measure anew with
// go test -run Allocations -v.
var mostAllocations = map[string]float64{"bench-latest": 728, "bench-article": 1399, "related-grid": 2566}

func TestAllocations(t *testing.T) { //nolint:paralleltest // allocations of other tests would be counted
	n := openNewsroom(t, testkit.URL(t, store.SQLite))
	for name, most := range mostAllocations {
		query, variables := readDocument(t, "testdata/golden/"+name+".graphql")
		body := must[[]byte](t)(json.Marshal(map[string]any{"query": query, "variables": variables}))
		got := testing.AllocsPerRun(50, func() {
			r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			n.handler.ServeHTTP(httptest.NewRecorder(), r)
		})
		t.Logf("%s: %.0f allocations", name, got)
		if got > most*1.1 {
			t.Errorf("%s costs %.0f allocations, %.0f are expected", name, got, most)
		}
	}
}
