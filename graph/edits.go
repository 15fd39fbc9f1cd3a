package graph

import (
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// edits are the changes that an input asks of a thing: what was given, and
// nothing else. They are decoded before the service is called and applied by it
// to the thing as it is then.
type edits[S any] struct {
	steps []func(*S)
	wrong []error // what in the input has not the right form
}

func (e *edits[S]) apply(thing *S) {
	for _, step := range e.steps {
		step(thing)
	}
}

// given changes a value that was given; null makes it the zero value.
func given[S, T any](e *edits[S], value graphql.Omittable[*T], into func(*S) *T) {
	if !value.IsSet() {
		return
	}
	var v T
	if p := value.Value(); p != nil {
		v = *p
	}
	e.steps = append(e.steps, func(s *S) { *into(s) = v })
}

// givenInt is given for whole numbers.
func givenInt[S any](e *edits[S], value graphql.Omittable[*int32], into func(*S) *int) {
	if !value.IsSet() {
		return
	}
	v := 0
	if p := value.Value(); p != nil {
		v = int(*p)
	}
	e.steps = append(e.steps, func(s *S) { *into(s) = v })
}

// givenOptional is given for values that a thing may lack: null takes them away.
func givenOptional[S, T any](e *edits[S], value graphql.Omittable[*T], into func(*S) **T) {
	if value.IsSet() {
		e.steps = append(e.steps, func(s *S) { *into(s) = value.Value() })
	}
}

// givenID is givenOptional for the ids of things of one type.
func givenID[S any](e *edits[S], field, prefix string, value graphql.Omittable[*string], into func(*S) **int) {
	if !value.IsSet() {
		return
	}
	var key *int
	if p := value.Value(); p != nil {
		k, err := decodeID(field, prefix, *p)
		if err != nil {
			e.wrong = append(e.wrong, err)
		}
		key = &k
	}
	e.steps = append(e.steps, func(s *S) { *into(s) = key })
}

// givenLabels changes what a thing is called in other languages, all of it.
func givenLabels[S any](e *edits[S], value graphql.Omittable[[]*model.LabelInput], into func(*S) *schema.Labels) {
	if !value.IsSet() {
		return
	}
	labels, err := decodeLabels("labels", value.Value())
	if err != nil {
		e.wrong = append(e.wrong, err)
	}
	e.steps = append(e.steps, func(s *S) { *into(s) = labels })
}

func decodeLabels(field string, in []*model.LabelInput) (schema.Labels, error) {
	labels := make(schema.Labels, len(in))
	for i, l := range in {
		if _, twice := labels[l.Language]; twice {
			return nil, fault.Mistake(fault.Taken, fmt.Sprintf("%s[%d].language", field, i), "There is another label in this language.")
		}
		labels[l.Language] = schema.Label{Name: l.Name, Description: orEmpty(l.Description.Value())}
	}
	return labels, nil
}

// decodeIDs is decodeID for a list.
func decodeIDs(field, prefix string, in []string) ([]int, error) {
	keys := make([]int, len(in))
	var wrong []error
	for i, s := range in {
		var err error
		if keys[i], err = decodeID(fmt.Sprintf("%s[%d]", field, i), prefix, s); err != nil {
			wrong = append(wrong, err)
		}
	}
	return keys, errors.Join(wrong...)
}

// result parts what a service answered into what a payload holds: the thing, or
// what is wrong with the input.
func result[R any](thing R, err error) (R, []model.UserError, error) {
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		var none R
		return none, wrong, err
	}
	return thing, wrong, nil
}

// payload gives a payload unless its field failed.
func payload[P any](p *P, err error) (*P, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
