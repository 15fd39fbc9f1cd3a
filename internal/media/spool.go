package media

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// spooled is an upload on its way: a file of its own, so that its key can be
// made from all of its bytes before the first is kept.
type spooled struct {
	*os.File
	size     int64
	checksum string // SHA-256, hex
}

func (f *spooled) discard() {
	_ = f.Close()
	_ = os.Remove(f.Name()) //nolint:gosec // G703: the name is that of a file made here
}

func (s *Service) spool(body io.Reader) (*spooled, error) {
	f, err := s.spoolFrom(func(w io.Writer) error {
		if _, err := io.Copy(w, body); err != nil {
			return fmt.Errorf("read the upload: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f.size == 0 {
		f.discard()
		return nil, fault.Mistake(fault.Blank, "file", "The file is empty.")
	}
	return f, nil
}

// spoolFrom gives what write writes, at most MaxBytes.
func (s *Service) spoolFrom(write func(w io.Writer) error) (*spooled, error) {
	file, err := os.CreateTemp("", spoolPattern)
	if err != nil {
		slog.Error("make room for an upload", "error", err)
		return nil, notKept(err)
	}
	f, hash := &spooled{File: file}, sha256.New()
	to := &bounded{w: io.MultiWriter(file, hash), left: s.MaxBytes}
	err = write(to)
	if to.failed != nil {
		slog.Error("keep an upload", "error", to.failed)
		err = notKept(to.failed)
	}
	if to.over {
		err = fault.Mistake(fault.TooLong, "file", "The file is larger than %d bytes.", s.MaxBytes)
	}
	if err != nil {
		f.discard()
		return nil, err
	}
	f.size, f.checksum = s.MaxBytes-to.left, hex.EncodeToString(hash.Sum(nil))
	return f, nil
}

// bounded is a writer that takes only so many bytes.
type bounded struct {
	w    io.Writer
	left int64
	over bool
	// failed is why a write failed, to tell the disk from what is written.
	failed error
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		b.over = true
		return 0, io.ErrShortWrite
	}
	n, err := b.w.Write(p)
	b.left -= int64(n)
	b.failed = err
	return n, err
}
