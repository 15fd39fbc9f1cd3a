package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases.
var version = ""

type versionCommand struct{}

// Run says which version this is.
func (versionCommand) Run(s *streams) error {
	v := version
	if v == "" {
		v = "development"
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, setting := range info.Settings {
				if setting.Key == "vcs.revision" {
					v += " " + setting.Value
				}
			}
		}
	}
	_, err := fmt.Fprintf(s.out, "broadsheet %s (%s, %s/%s)\n", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
