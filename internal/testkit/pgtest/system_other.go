//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package pgtest

import "syscall"

// serverAttributes starts a server's process under an account, nil for our own.
// Should the keeper be killed, the server runs until the next test process finds
// it without a keeper.
func serverAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account}
}

// memoryDir finds no folder in memory on these systems.
func memoryDir() (string, bool) { return "", false }
