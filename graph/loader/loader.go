// Package loader answers a field for a whole list of parents by one statement.
//
// Objects that were found together are a cohort. The first of them to be asked
// for something makes it load for the whole cohort; the others find it there.
// So the number of statements depends on the shape of a document alone, never
// on the length of lists, and no timer decides what belongs to one batch.
package loader

import (
	"context"
	"sync"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Cohorts remembers which objects of one type were found together.
type Cohorts[T comparable] struct {
	mu sync.Mutex
	of map[T][]T
}

// maxCohort bounds the keys of one statement.
const maxCohort = 500

// Add makes a cohort of objects that were found together.
func (c *Cohorts[T]) Add(objects []T) {
	if len(objects) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[T][]T, len(objects))
	}
	for len(objects) > 0 {
		together := objects[:min(len(objects), maxCohort)]
		for _, o := range together {
			c.of[o] = together
		}
		objects = objects[len(together):]
	}
}

// Of gives the cohort of an object, itself included.
func (c *Cohorts[T]) Of(object T) []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if together, ok := c.of[object]; ok {
		return together
	}
	return []T{object}
}

// Loader loads one field of objects of type T, which are known by keys.
type Loader[T comparable, V any] struct {
	cohorts *Cohorts[T]
	key     func(T) int
	load    func(ctx context.Context, objects []T, keys []int) (map[int]V, error)

	mu      sync.Mutex
	batches map[int]*batch[V] // by key
}

type batch[V any] struct {
	ready  chan struct{}
	values map[int]V
	err    error
}

func newLoader[T comparable, V any](cohorts *Cohorts[T], key func(T) int, load func(context.Context, []T, []int) (map[int]V, error)) *Loader[T, V] {
	return &Loader[T, V]{cohorts: cohorts, key: key, load: load, batches: map[int]*batch[V]{}}
}

// Load gives the value for an object, the zero value where there is none.
func (l *Loader[T, V]) Load(ctx context.Context, object T) (V, error) {
	key := l.key(object)
	l.mu.Lock()
	if b, ok := l.batches[key]; ok {
		l.mu.Unlock()
		return b.wait(ctx, key)
	}
	b := &batch[V]{ready: make(chan struct{})}
	var objects []T
	var keys []int
	for _, o := range l.cohorts.Of(object) {
		k := l.key(o)
		if _, ok := l.batches[k]; !ok {
			l.batches[k] = b
			objects, keys = append(objects, o), append(keys, k)
		}
	}
	l.mu.Unlock()
	defer close(b.ready)
	// Should loading panic, those who wait must not take that for "nothing there".
	b.err = fault.New(fault.Internal, "loading was interrupted")
	b.values, b.err = l.load(ctx, objects, keys)
	return b.values[key], b.err
}

// Prime tells the value for an object that came together with it.
func (l *Loader[T, V]) Prime(object T, value V) {
	key := l.key(object)
	b := &batch[V]{ready: make(chan struct{}), values: map[int]V{key: value}}
	close(b.ready)
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.batches[key]; !ok {
		l.batches[key] = b
	}
}

func (b *batch[V]) wait(ctx context.Context, key int) (V, error) {
	select {
	case <-b.ready:
		return b.values[key], b.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// Keyed keeps a Loader for each set of arguments of a field.
type Keyed[A, T comparable, V any] struct {
	make func(A) *Loader[T, V]

	mu      sync.Mutex
	loaders map[A]*Loader[T, V]
}

func newKeyed[A, T comparable, V any](cohorts *Cohorts[T], key func(T) int, load func(context.Context, A, []int) (map[int]V, error)) *Keyed[A, T, V] {
	return &Keyed[A, T, V]{loaders: map[A]*Loader[T, V]{}, make: func(args A) *Loader[T, V] {
		return newLoader(cohorts, key, func(ctx context.Context, _ []T, keys []int) (map[int]V, error) { return load(ctx, args, keys) })
	}}
}

// With gives the loader for a set of arguments.
func (k *Keyed[A, T, V]) With(args A) *Loader[T, V] {
	k.mu.Lock()
	defer k.mu.Unlock()
	l, ok := k.loaders[args]
	if !ok {
		l = k.make(args)
		k.loaders[args] = l
	}
	return l
}
