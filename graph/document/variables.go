package document

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Variables checks the values that a request gives for the variables of an
// operation, and puts them into the form that arguments are decoded from. The
// library's own check takes enum values in any case and numbers as strings, and
// words its errors by Go's types. The error names the variable and repeats no value.
// Lists and objects of given are changed in place.
//
// Source: GraphQL specification of September 2025, sections 3.10, 3.12 and 6.1.2.
func (s *Store) Variables(operation *ast.OperationDefinition, given map[string]any) (map[string]any, *gqlerror.Error) {
	values := make(map[string]any, len(operation.VariableDefinitions))
	c := coercion{schema: s.schema}
	for _, v := range operation.VariableDefinitions {
		c.position, c.path = v.Position, append(c.path[:0], step{name: v.Variable})
		value, there := given[v.Variable]
		if there {
			coerced, err := c.value(v.Type, value)
			if err != nil {
				return nil, err
			}
			values[v.Variable] = coerced
			continue
		}
		if v.DefaultValue != nil {
			fallback, err := v.DefaultValue.Value(nil)
			if err != nil {
				return nil, c.wrong("its default is no value of type %s", v.Type)
			}
			values[v.Variable] = fallback // validation has compared it with the type
			continue
		}
		if v.Type.NonNull {
			return nil, c.wrong("a value of type %s is needed", v.Type)
		}
	}
	return values, nil
}

// coercion is the way through the values of one operation.
type coercion struct {
	schema   *ast.Schema
	position *ast.Position // of the variable
	path     []step        // to the value
}

// step is the name of a variable or field, or without one the place in a list.
type step struct {
	name  string
	index int
}

func (c *coercion) wrong(format string, args ...any) *gqlerror.Error {
	var at strings.Builder
	for i, s := range c.path {
		if i > 0 {
			at.WriteByte('.')
		}
		if s.name == "" {
			s.name = strconv.Itoa(s.index)
		}
		at.WriteString(s.name)
	}
	err := gqlerror.Errorf("variable $%s: %s", &at, fmt.Sprintf(format, args...))
	if c.position != nil {
		err.Locations = []gqlerror.Location{{Line: c.position.Line, Column: c.position.Column}}
	}
	setCode(err, codeValidation)
	return err
}

func (c *coercion) value(t *ast.Type, value any) (any, *gqlerror.Error) {
	switch {
	case value == nil && t.NonNull:
		return nil, c.wrong("a value of type %s is needed, not null", t)
	case value == nil:
		return nil, nil
	case t.Elem == nil:
		return c.named(t, value)
	}
	list, ok := value.([]any)
	if !ok { // one value stands for a list of it
		one, err := c.value(t.Elem, value)
		return []any{one}, err
	}
	c.path = append(c.path, step{})
	for i := range list {
		c.path[len(c.path)-1].index = i
		coerced, err := c.value(t.Elem, list[i])
		if err != nil {
			return nil, err
		}
		list[i] = coerced
	}
	c.path = c.path[:len(c.path)-1]
	return list, nil
}

func (c *coercion) named(t *ast.Type, value any) (any, *gqlerror.Error) {
	definition := c.schema.Types[t.NamedType]
	switch definition.Kind {
	case ast.InputObject:
		object, ok := value.(map[string]any)
		if !ok {
			return nil, c.wrong("a %s is an object", t.NamedType)
		}
		return object, c.object(definition, object)
	case ast.Enum:
		name, ok := value.(string)
		if !ok || definition.EnumValues.ForName(name) == nil {
			return nil, c.wrong("this is no value of %s", t.NamedType)
		}
		return value, nil
	}
	coerced, ok := scalar(t.NamedType, value)
	if !ok {
		return nil, c.wrong("this is no value of %s", t.NamedType)
	}
	return coerced, nil
}

func (c *coercion) object(definition *ast.Definition, object map[string]any) *gqlerror.Error {
	for name := range object {
		if definition.Fields.ForName(name) == nil {
			return c.wrong("%s has no such field: %.40s", definition.Name, printable(name))
		}
	}
	if definition.Directives.ForName("oneOf") != nil {
		if len(object) != 1 {
			return c.wrong("a %s has exactly one field", definition.Name)
		}
		for name, value := range object {
			if value == nil {
				return c.wrong("%s.%s is not null", definition.Name, name)
			}
		}
	}
	for _, f := range definition.Fields {
		value, there := object[f.Name]
		if !there {
			if f.Type.NonNull && f.DefaultValue == nil {
				return c.wrong("%s.%s of type %s is needed", definition.Name, f.Name, f.Type)
			}
			continue
		}
		c.path = append(c.path, step{name: f.Name})
		coerced, err := c.value(f.Type, value)
		if err != nil {
			return err
		}
		c.path = c.path[:len(c.path)-1]
		object[f.Name] = coerced
	}
	return nil
}

// printable leaves of a name what a name of the schema can hold.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '?'
	}, name)
}

// scalar reads a value of a scalar of the specification. Others are left to those
// who decode them.
func scalar(name string, value any) (any, bool) {
	switch name {
	case "String":
		_, ok := value.(string)
		return value, ok
	case "Boolean":
		_, ok := value.(bool)
		return value, ok
	case "ID":
		if n, ok := value.(json.Number); ok {
			_, err := n.Int64()
			return n.String(), err == nil
		}
		_, ok := value.(string)
		return value, ok
	case "Int":
		n, ok := number(value)
		if !ok || n != math.Trunc(n) || n < math.MinInt32 || n > math.MaxInt32 {
			return nil, false
		}
		return int64(n), true
	case "Float":
		n, ok := number(value)
		return n, ok
	}
	return value, true
}

// number reads a number of JSON, or one that a caller within the program gives.
func number(value any) (float64, bool) {
	switch v := value.(type) {
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}
