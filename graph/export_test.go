package graph

import "github.com/broadsheet-cms/broadsheet/graph/generated"

// WithReferenceExecutor makes a handler answer by gqlgen's own executor.
func (o Options) WithReferenceExecutor() Options {
	o.executable = generated.NewExecutableSchema
	return o
}

// WithCohort makes a handler let rows in by so many at a time.
func (o Options) WithCohort(n int) Options {
	o.cohort = n
	return o
}
