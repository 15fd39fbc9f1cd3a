// Package purego stands in for a module of the same name, which opens libraries of
// the machine it runs on. The WebP encoder would take the machine's own libwebp in
// place of the one it brings, and a program with that module in it needs the
// machine's dynamic loader. This one opens nothing, so that the program is whole in
// one file and makes the same pictures everywhere (docs/decisions/0064).
package purego

import "errors"

// Flags of Dlopen.
const (
	RTLD_NOW    = 2
	RTLD_GLOBAL = 0x100
)

var errNone = errors.New("libraries of the machine are not used")

// Dlopen refuses.
func Dlopen(string, int) (uintptr, error) { return 0, errNone }

// RegisterLibFunc is never reached, for no library opens.
func RegisterLibFunc(any, uintptr, string) {}

// NewCallback is never reached either.
func NewCallback(any) uintptr { return 0 }
