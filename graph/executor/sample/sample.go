// Package sample holds the objects of a small schema whose fields have every
// shape that the executor knows. The tests run it beside gqlgen's own executor.
package sample

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Named is an interface of the schema.
type Named interface{ IsNamed() }

// Either is a union of the schema.
type Either interface{ IsEither() }

// Thing is an object with values, methods and resolvers.
type Thing struct {
	ID     string
	Name   string
	Note   *string
	Weight *float64
	Count  int32
	Flag   bool
	At     time.Time
	Words  []string
	Gaps   []*string
	Part   Part   // a value, not a pointer
	Parts  []Part // never null
}

// Part is an object that belongs to a Thing.
type Part struct {
	ID   string
	Name string
}

// IsNamed implements Named.
func (*Thing) IsNamed() {}

// IsEither implements Either.
func (*Thing) IsEither() {}

// IsNamed implements Named.
func (Part) IsNamed() {}

// IsEither implements Either.
func (Part) IsEither() {}

// Method is a field that a method answers.
func (t *Thing) Method() string { return "method of " + t.ID }

// MethodOrError is a field whose method may fail.
func (t *Thing) MethodOrError(context.Context) (*Part, error) {
	switch len(t.ID) % 3 {
	case 0:
		return nil, errors.New("the method failed")
	case 1:
		return nil, nil
	}
	return &Part{ID: t.ID + "m", Name: "part " + strconv.Itoa(len(t.ID))}, nil
}
