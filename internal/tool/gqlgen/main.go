// Command gqlgen writes the generated code of the GraphQL API: what gqlgen
// writes, and graph/generated/executor.generated.go, which runs operations in
// place of gqlgen's own executor. That goes to graph/reference, for the tests:
//
//	go run ./internal/tool/gqlgen gqlgen.yml
package main

import (
	_ "embed"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gqlgen gqlgen.yml")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gqlgen:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	cfg, err := config.LoadConfig(file)
	if err != nil {
		return err
	}
	if err := api.Generate(cfg, api.AddPlugin(executorPlugin{})); err != nil {
		return err
	}
	return split(cfg.Exec.DirName, cfg.Exec.ImportPath())
}

// executorPlugin writes the executor from gqlgen's model of the schema.
type executorPlugin struct{}

// Name implements plugin.Plugin.
func (executorPlugin) Name() string { return "executor" }

//go:embed executor.gotpl
var executorTemplate string

// GenerateCode implements plugin.CodeGenerator.
func (executorPlugin) GenerateCode(data *codegen.Data) error {
	written := outputs(data)
	return templates.Render(templates.Options{
		PackageName:     data.Config.Exec.Package,
		Filename:        filepath.Join(data.Config.Exec.DirName, executorFile),
		Template:        executorTemplate,
		Data:            data,
		GeneratedHeader: true,
		Packages:        data.Config.Packages,
		Funcs: map[string]any{
			"outputs":  func() []*config.TypeReference { return written },
			"writer":   writer,
			"leaf":     leaf,
			"objectOf": func(ref *config.TypeReference) string { return ref.Definition.Name },
			"declared": func(ref *config.TypeReference) string { return ref.GQL.String() },
			"calls":    func(f *codegen.Field) bool { return f.IsResolver || f.IsMethod() || f.HasDirectives() },
			"object":   func(ref *config.TypeReference) bool { return ref.Definition.Kind == ast.Object },
			"abstract": func(ref *config.TypeReference) bool { return ref.Definition.IsAbstractType() },
			"value":    value,
		},
	})
}

// writer names the method that writes values of a type.
func writer(ref *config.TypeReference) string { return "write" + ref.UniquenessKey() }

// outputs are the types that fields answer with, and those that these hold.
func outputs(data *codegen.Data) []*config.TypeReference {
	known := map[string]*config.TypeReference{}
	var add func(*config.TypeReference)
	add = func(ref *config.TypeReference) {
		if _, ok := known[ref.UniquenessKey()]; ok || ref.IsRoot {
			return
		}
		known[ref.UniquenessKey()] = ref
		if ref.IsSlice() || ref.IsPtrToSlice() || ref.IsPtrToPtr() || ref.IsPtrToIntf() {
			add(ref.Elem())
		}
	}
	for _, o := range data.Objects {
		for _, f := range o.Fields {
			add(f.TypeReference)
		}
	}
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	sorted := make([]*config.TypeReference, len(names))
	for i, name := range names {
		sorted[i] = known[name]
	}
	return sorted
}

// fast are gqlgen's marshalers that the executor has methods of its own for.
var fast = map[string]string{
	"github.com/99designs/gqlgen/graphql.MarshalString":  "x.String(string(%s))",
	"github.com/99designs/gqlgen/graphql.MarshalID":      "x.String(string(%s))",
	"github.com/99designs/gqlgen/graphql.MarshalBoolean": "x.Bool(bool(%s))",
	"github.com/99designs/gqlgen/graphql.MarshalInt":     "x.Int(int64(%s))",
	"github.com/99designs/gqlgen/graphql.MarshalInt32":   "x.Int(int64(%s))",
	"github.com/99designs/gqlgen/graphql.MarshalInt64":   "x.Int(int64(%s))",
}

// leaf is the statement that writes a scalar or an enum value without a detour
// through a marshaler, or "" where there is none. A marshaler of ours,
// model.MarshalX, has one if there is a model.AppendX(buf []byte, v T) []byte.
func leaf(ref *config.TypeReference) string {
	if ref.Marshaler == nil || ref.IsContext || ref.IsMarshaler {
		return ""
	}
	v := value(ref)
	if ref.HasEnumValues() {
		return fmt.Sprintf("x.String(%s[%s])", ref.EnumMarshalVar(false), v)
	}
	if statement, ok := fast[ref.Marshaler.FullName()]; ok {
		return fmt.Sprintf(statement, v)
	}
	if ref.CastType != nil {
		return ""
	}
	name := strings.Replace(ref.Marshaler.Name(), "Marshal", "Append", 1)
	if own, ok := ref.Marshaler.Pkg().Scope().Lookup(name).(*types.Func); ok {
		return fmt.Sprintf("x.Buf = %s(x.Buf, %s)", templates.Call(own), v)
	}
	return ""
}

// value is v as a marshaler takes it: the target itself, not a pointer to it.
func value(ref *config.TypeReference) string {
	switch {
	case ref.IsTargetNilable() && !ref.IsNilable():
		return "&v"
	case !ref.IsTargetNilable() && ref.IsNilable():
		return "*v"
	}
	return "v"
}
