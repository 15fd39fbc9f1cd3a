package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// TestLostConnectionsAreTriedAgain: however a connection breaks, the client is told
// to try again.
func TestLostConnectionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, &net.OpError{Op: "read", Err: errors.New("reset by peer")}} {
		err := withTryAgain(context.Background(), fmt.Errorf("look for a session: %w", lost))
		if fault.CodeOf(err) != fault.TryAgain {
			t.Errorf("%v: %s", lost, fault.CodeOf(err))
		}
	}
	if err := withTryAgain(context.Background(), errors.New("no such column")); fault.CodeOf(err) != fault.Internal {
		t.Errorf("a mistake of ours: %s", fault.CodeOf(err))
	}
}
