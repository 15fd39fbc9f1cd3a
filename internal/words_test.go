package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// retired are words and phrases that docs/glossary.md has better ones for, with
// these. They stand in no description of the schema and in no document.
var retired = map[string]string{
	"what stood in the way":        "errors",
	"what is wrong with the input": "errors in the input",
	"what to do.":                  "parameters for …",
	"who did what":                 "the audit log",
	"the trip to":                  "sign-in flow",
	"a space for advertising":      "an ad slot",
	"spaces for advertising":       "ad slots",
	"sub-section":                  "subcategory",
	"a subject word":               "a tag",
	"a remark":                     "a note",
	"opaque and global":            "globally unique, opaque ID",
	"when not said":                "if omitted",
	"when not given":               "if omitted",
	"how far the server is":        "health of the scheduler",
}

// TestRetiredWords reads the schema and the documents.
func TestRetiredWords(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("git", "-C", "..", "ls-files", "schema.graphql", "README.md", "docs/*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(out))
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	for _, name := range files {
		if name == "docs/glossary.md" || strings.HasPrefix(name, "docs/decisions/") { // what was decided stays as it was written
			continue
		}
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ToLower(spaces.ReplaceAllString(string(text), " "))
		for word, better := range retired {
			if strings.Contains(plain, word) {
				t.Errorf("%s says %q: say %q", name, word, better)
			}
		}
	}
}

var spaces = regexp.MustCompile(`\s+`)

// retiredNames are words that no identifier has: they were pictures, or words
// for which docs/glossary.md has better ones.
var retiredNames = map[string]string{
	"Door": "the thing itself, such as Authenticator", "Keeper": "Store", "Because": "WithCause", "Greet": "Print…", "Adopt": "Repair…",
	"Belonging": "Has…", "dearest": "max…", "mended": "append…", "asItWas": "…At",
}

// TestRetiredNames reads every identifier that Go code written by hand declares
// at its top level, and every text in it but those of tests.
func TestRetiredNames(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("git", "-C", "..", "ls-files", "*.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range strings.Fields(string(out)) {
		if strings.HasPrefix(name, "ent/") && !strings.HasPrefix(name, "ent/schema/") || strings.HasPrefix(name, "graph/generated/") ||
			strings.HasPrefix(name, "graph/reference/") || strings.HasSuffix(name, "words_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join("..", name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		read++
		declared := func(id *ast.Ident) {
			if better, ok := retiredNames[id.Name]; ok {
				t.Errorf("%s: %s: say %s", fset.Position(id.Pos()), id.Name, better)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				declared(n.Name)
			case *ast.TypeSpec:
				declared(n.Name)
			case *ast.ValueSpec:
				for _, id := range n.Names {
					declared(id)
				}
			case *ast.BasicLit:
				if n.Kind != token.STRING || strings.HasSuffix(name, "_test.go") {
					break
				}
				text, err := strconv.Unquote(n.Value)
				if err != nil {
					t.Fatal(err)
				}
				for word, better := range retired {
					if strings.Contains(strings.ToLower(text), word) {
						t.Errorf("%s says %q: say %q", fset.Position(n.Pos()), word, better)
					}
				}
			}
			return true
		})
	}
	if read < 200 {
		t.Fatalf("only %d files", read)
	}
}
