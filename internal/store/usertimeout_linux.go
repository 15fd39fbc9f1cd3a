package store

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// setUserTimeout ends a connection whose packets nobody acknowledges.
func setUserTimeout(network, _ string, raw syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return nil
	}
	return raw.Control(func(fd uintptr) {
		// An old kernel without it still has keepalives and our own deadlines.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(lostPackets.Milliseconds()))
	})
}
