package pgtest

import "syscall"

// serverAttributes starts a server's process under an account, nil for our own,
// and has the kernel end it (SIGQUIT: at once) should the keeper be killed.
func serverAttributes(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Pdeathsig: syscall.SIGQUIT}
}
