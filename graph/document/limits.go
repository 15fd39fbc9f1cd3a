// Package document turns the text of a request into a document that is safe to
// execute: parsed, measured, validated and weighed. Every limit is checked before
// the work that it bounds, so a request that is refused costs little.
package document

// Limits bound one document. The zero value of a field means its default.
type Limits struct {
	Bytes      int // of the text
	Tokens     int // of the text
	Depth      int // fields inside one another, through fragments
	Aliases    int // fields that are renamed
	Directives int // in the whole document
	RootFields int // of a query or subscription
	Mutations  int // root fields of a mutation
	Fragments  int // fragment definitions and operations
	Selections int // fields and fragments, each fragment counted wherever it is spread
	Cost       int // see Weights
	CacheBytes int // memory for documents that were checked before
}

// The defaults of Limits.
const (
	DefaultBytes      = 128 << 10
	DefaultTokens     = 10_000
	DefaultDepth      = 20
	DefaultAliases    = 200
	DefaultDirectives = 200
	DefaultRootFields = 50
	DefaultMutations  = 10
	DefaultFragments  = 200
	DefaultSelections = 20_000
	DefaultCost       = 25_000
	DefaultCacheBytes = 16 << 20
)

// Bounds that no honest document meets, so they are no settings.
const (
	maxName      = 128 // bytes of a name
	maxArguments = 64  // of one field or directive
	maxVariables = 500 // of one document
	maxErrors    = 20  // mistakes that validation reports of one document
)

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	for _, f := range []struct {
		limit     *int
		byDefault int
	}{
		{&l.Bytes, DefaultBytes}, {&l.Tokens, DefaultTokens}, {&l.Depth, DefaultDepth}, {&l.Aliases, DefaultAliases},
		{&l.Directives, DefaultDirectives}, {&l.RootFields, DefaultRootFields}, {&l.Mutations, DefaultMutations},
		{&l.Fragments, DefaultFragments}, {&l.Selections, DefaultSelections}, {&l.Cost, DefaultCost}, {&l.CacheBytes, DefaultCacheBytes},
	} {
		if *f.limit == 0 {
			*f.limit = f.byDefault
		}
	}
	return l
}
