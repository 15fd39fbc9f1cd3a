package media

import (
	"context"
	"errors"
	"syscall"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// notKept says that a file could not be stored: the disk is full, or the store does not
// answer. The client may try again.
func notKept(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.New(fault.TryAgain, "The server has no room for files at the moment: try again later, or tell its operator.").WithCause(err)
	}
	return fault.New(fault.TryAgain, "The server cannot store files at the moment: try again later.").WithCause(err)
}
