// Command authdoc writes into the descriptions of schema.graphql who may use a
// field and how many rows a list answers at most, as introspection shows
// descriptions but not directives:
//
//	go run ./internal/tool/authdoc schema.graphql
//
// A field with @listSize(maximum: 100) gets the sentence "Answers at most 100
// rows.", and one with @auth(can: PUBLISH_ARTICLES) as its last sentence "Needs
// PUBLISH_ARTICLES (editor, admin)."
package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: authdoc schema.graphql")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "authdoc:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	mended, err := describe(string(text))
	if err != nil || mended == string(text) {
		return err
	}
	return os.WriteFile(file, []byte(mended), 0o644)
}

// needs and most match the sentences in the description of a field.
var (
	needs = regexp.MustCompile(` Needs [A-Z_]+ \([a-z, ]+\)\."$`)
	most  = regexp.MustCompile(` Answers at most [0-9]+ rows\."$`)
)

// describe gives the schema with the sentence beside each guarded field and
// beside no other.
func describe(sdl string) (string, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: sdl})
	if err != nil {
		return "", err
	}
	lines := strings.Split(sdl, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), `"`) {
			lines[i] = most.ReplaceAllString(needs.ReplaceAllString(line, `"`), `"`)
		}
	}
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			said := sentences(f)
			if len(said) == 0 || f.Description == "" && f.Directives.ForName("auth") == nil { // described by its interface
				continue
			}
			// The position is that of the name; the description ends on the line above.
			at := f.Position.Line - 2
			if at < 0 || !strings.HasSuffix(lines[at], `."`) || strings.HasPrefix(strings.TrimSpace(lines[at]), `"""`) {
				return "", fmt.Errorf("%s.%s: want a description of one line, a sentence, above the field", d.Name, f.Name)
			}
			lines[at] = strings.TrimSuffix(lines[at], `"`) + " " + strings.Join(said, " ") + `"`
		}
	}
	return strings.Join(lines, "\n"), nil
}

// sentences are what the directives of a field say.
func sentences(f *ast.FieldDefinition) (said []string) {
	if size := f.Directives.ForName("listSize"); size != nil {
		if maximum := size.Arguments.ForName("maximum"); maximum != nil {
			said = append(said, "Answers at most "+maximum.Value.Raw+" rows.")
		}
	}
	if guard := f.Directives.ForName("auth"); guard != nil {
		said = append(said, sentence(access.Capability(guard.Arguments.ForName("can").Value.Raw)))
	}
	return said
}

func sentence(can access.Capability) string {
	var who []string
	for _, role := range access.Roles() {
		if role.Has(can) {
			who = append(who, strings.ToLower(string(role)))
		}
	}
	return fmt.Sprintf("Needs %s (%s).", can, strings.Join(who, ", "))
}
