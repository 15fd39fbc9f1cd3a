package graph_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// TestGolden asks every document of testdata/golden on each database and
// compares the whole answer. A document beside which NAME.variables.json lies
// is asked with these; "# sql: N" in it is the most statements it may cost, and
// "# as: EDITOR" asks as one who has that role.
func TestGolden(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("testdata/golden/*.graphql")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		for _, path := range documents {
			name := strings.TrimSuffix(filepath.Base(path), ".graphql")
			t.Run(name, func(t *testing.T) {
				query, variables := readDocument(t, path)
				role := roleOf(query)
				n.askAs(t, n.holder(t, role), query, variables) // what is prepared and kept in memory, is so from here on
				n.statements.Take()
				got, raw := n.askAs(t, n.holder(t, role), query, variables)
				spent := n.statements.Take()
				if most := statementLimit(t, name, query); len(spent) > most {
					t.Errorf("%d statements, at most %d are allowed:\n%s", len(spent), most, strings.Join(spent, "\n"))
				}
				if len(got.Errors) > 0 {
					t.Errorf("errors: %+v", got.Errors)
				}
				if role == "" && bytes.Contains(bytes.ToUpper(raw), []byte(secret)) {
					t.Errorf("the answer holds what is hidden:\n%s", raw)
				}
				checkGolden(t, filepath.Join("testdata/golden", name+".json"), raw)
			})
		}
	})
}

func readDocument(t *testing.T, path string) (string, map[string]any) {
	t.Helper()
	query, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var variables map[string]any
	if raw, err := os.ReadFile(strings.TrimSuffix(path, ".graphql") + ".variables.json"); err == nil {
		if err := json.Unmarshal(raw, &variables); err != nil {
			t.Fatal(err)
		}
	}
	return string(query), variables
}

// contract is what the headline operations may cost. Their documents are kept
// as they are, so the numbers stand here.
var contract = map[string]int{"front-page": 8, "article-page": 10, "related-grid": 4, "section-page": 4, "bench-article": 8, "bench-latest": 2, "search": 8}

var limitLine = regexp.MustCompile(`(?m)^# sql: (\d+)$`)

var roleLine = regexp.MustCompile(`(?m)^# as: (\w+)$`)

// roleOf is the role that a document is asked as, empty for everybody.
func roleOf(query string) access.Role {
	if m := roleLine.FindStringSubmatch(query); m != nil {
		return access.Role(m[1])
	}
	return ""
}

func statementLimit(t *testing.T, name, query string) int {
	t.Helper()
	if n, ok := contract[name]; ok {
		return n
	}
	m := limitLine.FindStringSubmatch(query)
	if m == nil {
		t.Fatalf("%s.graphql says no \"# sql: N\"", name)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func checkGolden(t *testing.T, path string, raw []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	if *update {
		if err := os.WriteFile(path, pretty.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if diff := cmp.Diff(string(want), pretty.String()); diff != "" {
		t.Errorf("the answer changed (-want +got):\n%s", diff)
	}
}
