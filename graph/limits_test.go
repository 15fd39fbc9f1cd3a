package graph_test

import (
	"math"

	"github.com/broadsheet-cms/broadsheet/graph/document"
)

// unlimited is for tests that ask for everything at once.
var unlimited = document.Limits{Bytes: 1 << 24, Tokens: math.MaxInt32, Depth: math.MaxInt32, Aliases: math.MaxInt32, Directives: math.MaxInt32,
	RootFields: math.MaxInt32, Mutations: math.MaxInt32, Fragments: math.MaxInt32, Selections: math.MaxInt32, Cost: math.MaxInt32}
