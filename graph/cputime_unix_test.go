//go:build unix

package graph_test

import (
	"syscall"
	"time"
)

// cpuTime is how long the process has computed, for the program and for the
// kernel.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for the process itself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
