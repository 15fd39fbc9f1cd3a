package graph_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet"
)

// TestPageIsAnswered asks the documents of testdata/page, which together hold
// everything that a complete article page shows.
func TestPageIsAnswered(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("testdata/page/*.graphql")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		for _, file := range documents {
			name := strings.TrimSuffix(filepath.Base(file), ".graphql")
			query, variables := readDocument(t, file)
			n.post(t, query, variables)
			n.statements.Take()
			got, raw := n.post(t, query, variables)
			if spent := n.statements.Take(); len(spent) > statementLimit(t, "page/"+name, query) {
				t.Errorf("%s: %d statements:\n%s", name, len(spent), strings.Join(spent, "\n"))
			}
			if len(got.Errors) > 0 {
				t.Errorf("%s: %+v", name, got.Errors)
			}
			if bytes.Contains(bytes.ToUpper(raw), []byte(secret)) {
				t.Errorf("%s holds what is hidden", name)
			}
			checkGolden(t, filepath.Join("testdata/page", name+".json"), raw)
		}
	})
}

var namedField = regexp.MustCompile("`([A-Z]\\w+\\.\\w+)`")

// TestPageIsMapped checks docs/page.md: every field named there stands in the
// document of its line, and every document is named.
func TestPageIsMapped(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/page.md")
	if err != nil {
		t.Fatal(err)
	}
	schema := loadSchema(t, broadsheet.SDL)
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) < 2 || !strings.HasPrefix(line, "| ") || cells[0] == " on the page" || strings.HasPrefix(cells[0], " ---") {
			continue
		}
		fields := namedField.FindAllStringSubmatch(cells[1], -1)
		if len(fields) == 0 {
			if !strings.Contains(cells[1], "*planned:*") && !strings.Contains(cells[1], "front end alone") {
				t.Errorf("nothing answers%s", cells[0])
			}
			continue
		}
		document := strings.Trim(cells[len(cells)-1], " |")
		named[document] = true
		query, _ := readDocument(t, "testdata/page/"+document+".graphql")
		selected := fieldsOf(t, schema, document, query)
		for _, m := range fields {
			if !selected[m[1]] {
				t.Errorf("%s.graphql selects no %s, which answers%s", document, m[1], cells[0])
			}
		}
	}
	documents, err := filepath.Glob("testdata/page/*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range documents {
		if name := strings.TrimSuffix(filepath.Base(file), ".graphql"); !named[name] {
			t.Errorf("docs/page.md does not name %s", file)
		}
	}
}
