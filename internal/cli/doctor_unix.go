//go:build unix

package cli

import "golang.org/x/sys/unix"

// freeBytes is how much room the disk of a folder has for this program.
func freeBytes(dir string) (free int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:unconvert // types differ between systems, and disks are smaller
}
