package pgtest

import "syscall"

// serverAttributes starts a server's process under an account, nil for our own,
// and has the kernel end it (SIGQUIT: at once) should the keeper be killed.
func serverAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Pdeathsig: syscall.SIGQUIT}
}

// memoryDir returns a folder in memory for the shared cluster, if there is one
// with room. A new database is some 300 new files: 10 ms there, and up to 200 ms
// on a disk.
func memoryDir() (string, bool) {
	const (
		dir   = "/dev/shm"
		tmpfs = 0x01021994
		least = 2 << 30 // bytes; containers have 64 MB, which is not enough
	)
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil || fs.Type != tmpfs {
		return "", false
	}
	if fs.Bavail < least/uint64(fs.Bsize) || syscall.Access(dir, 2) != nil {
		return "", false
	}
	return dir, true
}
