// Package broadsheet holds the public contract of the API.
package broadsheet

import _ "embed"

// SDL is the schema as it is written, comments and all.
//
//go:embed schema.graphql
var SDL string
