package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// split puts what only gqlgen's own executor needs into a package of its own,
// "reference" beside the generated one, which tests compare our executor with.
// The program then neither holds nor compiles it, and it is two thirds of what
// gqlgen writes.
//
// The reference is a copy of gqlgen's files whose interfaces of resolvers are
// those of the generated package, so that the same resolvers serve both.
func split(dir, importPath string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.generated.go"))
	if err != nil {
		return err
	}
	files := map[string]*source{}
	for _, path := range paths {
		if files[path], err = parseSource(path); err != nil {
			return err
		}
	}
	own := files[filepath.Join(dir, executorFile)]
	if own == nil {
		return fmt.Errorf("%s was not written", executorFile)
	}
	delete(files, own.path)

	reference := filepath.Join(filepath.Dir(dir), "reference")
	if err := os.RemoveAll(reference); err != nil {
		return err
	}
	if err := os.MkdirAll(reference, 0o750); err != nil {
		return err
	}
	for path, f := range files {
		if err := f.write(filepath.Join(reference, filepath.Base(path)), "reference", importPath, f.copied); err != nil {
			return err
		}
	}
	needed := reachable(own, files)
	for path, f := range files {
		keep := func(d declaration) string {
			if !needed[d.name] || d.name == "NewExecutableSchema" || d.receiver == "executableSchema" && d.name == "Exec" {
				return ""
			}
			return d.text
		}
		if err := f.write(path, filepath.Base(dir), "", keep); err != nil {
			return err
		}
	}
	return nil
}

// executorFile is what the plugin writes.
const executorFile = "executor.generated.go"

// source is a generated file in pieces.
type source struct {
	path         string
	text         []byte
	imports      string
	declarations []declaration
}

// declaration is a function, method or type, or one constant or variable.
type declaration struct {
	name, receiver string
	kind           token.Token // FUNC, TYPE, VAR or CONST
	text           string
	uses           []string // names in it, of whatever
}

func parseSource(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, text: text}
	at := func(from, to token.Pos) string {
		return string(text[set.Position(from).Offset:set.Position(to).Offset])
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			one := declaration{name: d.Name.Name, kind: token.FUNC, text: at(d.Pos(), d.End()), uses: names(d)}
			if d.Recv != nil {
				one.receiver = strings.TrimPrefix(at(d.Recv.List[0].Type.Pos(), d.Recv.List[0].Type.End()), "*")
			}
			if d.Doc != nil {
				one.text = at(d.Doc.Pos(), d.End())
			}
			s.declarations = append(s.declarations, one)
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				s.imports += at(d.Pos(), d.End()) + "\n"
				continue
			}
			for _, spec := range d.Specs {
				one := declaration{kind: d.Tok, text: d.Tok.String() + " " + at(spec.Pos(), spec.End()), uses: names(spec)}
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					one.name = spec.Name.Name
				case *ast.ValueSpec:
					if len(spec.Names) != 1 {
						return nil, fmt.Errorf("%s: several names in one declaration", set.Position(spec.Pos()))
					}
					one.name = spec.Names[0].Name
				}
				s.declarations = append(s.declarations, one)
			}
		}
	}
	return s, nil
}

func names(n ast.Node) (all []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			all = append(all, id.Name)
		}
		return true
	})
	return all
}

// reachable are the names that our executor needs, by whatever is named the same:
// a little more than is needed, never less.
func reachable(own *source, files map[string]*source) map[string]bool {
	uses := map[string][]string{}
	var queue []string
	for _, f := range files {
		for _, d := range f.declarations {
			if d.name == "NewExecutableSchema" || d.receiver == "executableSchema" && d.name == "Exec" {
				continue
			}
			uses[d.name] = append(uses[d.name], d.uses...)
			// Interfaces are what resolvers implement.
			if d.kind == token.TYPE || d.receiver == "executableSchema" {
				queue = append(queue, d.name)
			}
		}
	}
	for _, d := range own.declarations {
		queue = append(queue, d.uses...)
	}
	needed := map[string]bool{}
	for len(queue) > 0 {
		name := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !needed[name] {
			needed[name] = true
			queue = append(queue, uses[name]...)
		}
	}
	return needed
}

var resolverInterface = regexp.MustCompile(`^type \w+ (interface|struct) \{`)

// copied is a declaration as it stands in the reference.
func (*source) copied(d declaration) string {
	if d.kind == token.TYPE && (strings.HasSuffix(d.name, "Resolver") || strings.HasSuffix(d.name, "Root")) && resolverInterface.MatchString(d.text) {
		return fmt.Sprintf("type %[1]s = generated.%[1]s", d.name)
	}
	return d.text
}

// write writes the file with what keep makes of its declarations.
func (s *source) write(path, packageName, extraImport string, keep func(declaration) string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// Code generated by github.com/99designs/gqlgen, DO NOT EDIT.\n\npackage %s\n\n%s\n", packageName, s.imports)
	if extraImport != "" {
		fmt.Fprintf(&b, "import generated %q\n", extraImport)
	}
	for _, d := range s.declarations {
		if text := keep(d); text != "" {
			b.WriteString("\n" + text + "\n")
		}
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, b.Bytes(), parser.ParseComments)
	if err != nil {
		return err
	}
	for _, spec := range slices.Clone(file.Imports) {
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if !astutil.UsesImport(file, imported) {
			astutil.DeleteNamedImport(set, file, name, imported)
		}
	}
	b.Reset()
	if err := format.Node(&b, set, file); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
