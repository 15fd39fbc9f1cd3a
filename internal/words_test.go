package internal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
