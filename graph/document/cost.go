package document

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// weight is what one field costs, as @cost and @listSize say beside it in the
// schema.
type weight struct {
	own     int      // of the field itself
	list    bool     // whether what is below it counts once for each row
	assumed int      // rows when no argument says
	slicing []string // arguments that say how many rows are asked for
	sized   []string // fields below that have these rows; none: the field itself
	byValue int      // rows by the default value of an argument, 0 for none
	maximum int      // rows that an answer never exceeds; 0 when an argument bounds them
}

type weights map[*ast.FieldDefinition]*weight

var one = &weight{own: 1}

func (w weights) of(f *ast.FieldDefinition) *weight {
	if known := w[f]; known != nil {
		return known
	}
	return one
}

// introspectionShare is how many fields of introspection count as one: they are
// read from memory.
const introspectionShare = 16

// weigh reads the weights of all fields of a schema.
func fieldWeights(schema *ast.Schema) weights {
	all := weights{}
	for _, d := range schema.Types {
		for _, f := range d.Fields {
			w := &weight{own: 1}
			if cost := f.Directives.ForName("cost"); cost != nil {
				w.own = numberOf(cost, "weight", 1)
			}
			if size := f.Directives.ForName("listSize"); size != nil {
				w.list = true
				w.maximum = numberOf(size, "maximum", 0)
				w.assumed = numberOf(size, "assumedSize", w.maximum)
				w.slicing, w.sized = names(size, "slicingArguments"), names(size, "sizedFields")
				for _, name := range w.slicing {
					if a := f.Arguments.ForName(name); a != nil && a.DefaultValue != nil {
						w.byValue, _ = strconv.Atoi(a.DefaultValue.Raw) // 0 for what is no number
					}
				}
			}
			if w.list || w.own != 1 {
				all[f] = w
			}
		}
	}
	weighIntrospection(schema, all)
	return all
}

func numberOf(d *ast.Directive, argument string, byDefault int) int {
	a := d.Arguments.ForName(argument)
	if a == nil {
		return byDefault
	}
	n, err := strconv.Atoi(a.Value.Raw)
	if err != nil {
		return byDefault
	}
	return n
}

func names(d *ast.Directive, argument string) (all []string) {
	if a := d.Arguments.ForName(argument); a != nil {
		for _, c := range a.Value.Children {
			all = append(all, c.Value.Raw)
		}
	}
	return all
}

// weighIntrospection takes lists of introspection to be as long as they are in
// this schema: all types, and of each type as many fields as types have on the
// average.
func weighIntrospection(schema *ast.Schema, all weights) {
	types := len(schema.Types)
	var fields, arguments, inputs, values, members, interfaces int
	for _, d := range schema.Types {
		values += len(d.EnumValues)
		members += len(schema.GetPossibleTypes(d))
		interfaces += len(d.Interfaces)
		if d.Kind == ast.InputObject {
			inputs += len(d.Fields)
			continue
		}
		fields += len(d.Fields)
		for _, f := range d.Fields {
			arguments += len(f.Arguments)
		}
	}
	average := func(n, of int) int { return (n + of - 1) / max(1, of) }
	for at, size := range map[string]int{
		"__Schema.types": types, "__Schema.directives": len(schema.Directives),
		"__Type.fields": average(fields, types), "__Type.inputFields": average(inputs, types), "__Type.enumValues": average(values, types),
		"__Type.possibleTypes": average(members, types), "__Type.interfaces": average(interfaces, types),
		"__Field.args": average(arguments, fields), "__Directive.args": 2, "__Directive.locations": 4,
	} {
		owner, field, _ := strings.Cut(at, ".")
		if d := schema.Types[owner]; d != nil {
			if f := d.Fields.ForName(field); f != nil {
				all[f] = &weight{own: 1, list: true, assumed: size}
			}
		}
	}
}

// Maximum is the most rows that a list field answers, 0 when an argument bounds
// them or it is no list.
func (s *Store) Maximum(f *ast.FieldDefinition) int { return s.weights.of(f).maximum }

// Weight is what a field costs by itself.
func (s *Store) Weight(f *ast.FieldDefinition) int { return s.weights.of(f).own }

// MaxCost is the limit that CheckCost compares with.
func (s *Store) MaxCost() int { return s.opts.Cost }

// CheckCost refuses an operation that costs more than the limit.
func (s *Store) CheckCost(operation *ast.OperationDefinition, variables map[string]any) *gqlerror.Error {
	if cost := s.Cost(operation, variables); cost > s.opts.Cost {
		err := gqlerror.Errorf("the operation costs %s; at most %d is allowed: ask for fewer rows or in several requests", spell(cost), s.opts.Cost)
		setCode(err, codeCost)
		return err
	}
	return nil
}

func spell(cost int) string {
	if cost >= maxCost {
		return fmt.Sprintf("more than %d", maxCost-1)
	}
	return strconv.Itoa(cost)
}

// maxCost is where costs stop growing: a document can nest lists as deep as it
// likes.
const maxCost = 1_000_000_000

// Cost is what an operation costs: each field its weight, and what is below a
// list once for each row that is asked for. The document is valid.
func (s *Store) Cost(operation *ast.OperationDefinition, variables map[string]any) int {
	c := &costing{weights: s.weights, variables: variables, fragments: map[spread]int{}}
	return c.set(operation.SelectionSet, sizing{})
}

type costing struct {
	weights   weights
	variables map[string]any
	fragments map[spread]int
}

// sizing is what a field says of lists among the fields right below it: how
// many rows they have.
type sizing struct {
	of   *weight
	rows int
}

// spread is a fragment where it is spread: its cost is the same wherever lists
// in it are equally long.
type spread struct {
	name string
	sizing
}

func (c *costing) set(set ast.SelectionSet, size sizing) (total int) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			total += c.field(s, size)
		case *ast.InlineFragment:
			total += c.set(s.SelectionSet, size)
		case *ast.FragmentSpread:
			key := spread{s.Name, size}
			cost, ok := c.fragments[key]
			if !ok {
				cost = c.set(s.Definition.SelectionSet, size)
				c.fragments[key] = cost
			}
			total += cost
		}
		total = min(total, maxCost)
	}
	return total
}

func (c *costing) field(f *ast.Field, above sizing) int {
	w := c.weights.of(f.Definition)
	rows, below := 1, sizing{}
	switch {
	case above.of != nil && slices.Contains(above.of.sized, f.Name):
		rows = above.rows
	case w.list && len(w.sized) > 0:
		below = sizing{w, c.rows(f, w)}
	case w.list:
		rows = c.rows(f, w)
	}
	cost := c.set(f.SelectionSet, below)
	if f.Name == "__schema" || f.Name == "__type" {
		return 1 + cost/introspectionShare
	}
	if cost > maxCost/rows {
		return maxCost
	}
	return min(w.own+cost*rows, maxCost)
}

// rows is how many rows of a list are asked for, at least one.
func (c *costing) rows(f *ast.Field, w *weight) int {
	for _, name := range w.slicing {
		a := f.Arguments.ForName(name)
		if a == nil {
			continue
		}
		value, err := a.Value.Value(c.variables)
		if n, ok := length(value); ok && err == nil {
			return min(max(1, n), maxCost)
		}
	}
	if w.byValue > 0 {
		return w.byValue
	}
	return max(1, w.assumed)
}

// length reads how many rows an argument asks for: a number, or a list of keys.
// What is beyond an Int is no number of rows; the field itself refuses it.
func length(value any) (int, bool) {
	var n int64
	switch v := value.(type) {
	case int:
		n = int64(v)
	case int32:
		n = int64(v)
	case int64:
		n = v
	case float64:
		n = int64(max(math.MinInt64, min(v, math.MaxInt32+1)))
	case json.Number:
		var err error
		if n, err = v.Int64(); err != nil {
			return 0, false
		}
	case []any:
		return len(v), true
	default:
		return 0, false
	}
	return int(n), math.MinInt32 <= n && n <= math.MaxInt32
}
