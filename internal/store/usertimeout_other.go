//go:build !linux

package store

import "syscall"

// setUserTimeout does nothing where there is no such option: keepalives and our
// own deadlines end a connection that died silently.
func setUserTimeout(_, _ string, _ syscall.RawConn) error { return nil }
