//go:build unix

package store

import "golang.org/x/sys/unix"

// mayWrite tells why this process cannot write to a file. The file is not opened:
// closing it would give up the locks that SQLite holds on it.
func mayWrite(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}
