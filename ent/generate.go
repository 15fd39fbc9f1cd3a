// Package ent is the storage code of Broadsheet. Only generate.go, schema/ and
// template/ are written by hand; all else is generated from them by
// `make generate` and may be wiped.
package ent

//go:generate go tool ent generate --feature intercept,sql/modifier,sql/lock --template dir=./template ./schema
