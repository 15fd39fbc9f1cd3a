package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// File names an input and tells it from others.
type File struct {
	Name     string
	Size     int64  // bytes; 0: unknown
	Identity string // of path, size and beginning; empty: none, as of a pipe
}

// identityBytes is how much of a file goes into its identity.
const identityBytes = 1 << 20

// Identify describes a file that can be read again. It leaves the file at its
// beginning. Pipes and devices get no identity.
func Identify(f *os.File) (File, error) {
	info, err := f.Stat()
	if err != nil {
		return File{}, fmt.Errorf("identify the file: %w", err)
	}
	if info.IsDir() {
		return File{}, fmt.Errorf("%s is a folder", f.Name())
	}
	if !info.Mode().IsRegular() {
		return File{Name: f.Name()}, nil
	}
	path, err := filepath.Abs(f.Name())
	if err != nil {
		return File{}, fmt.Errorf("identify the file: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%d\x00", path, info.Size())
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, identityBytes)); err != nil {
		return File{}, fmt.Errorf("identify %s: %w", f.Name(), err)
	}
	return File{Name: f.Name(), Size: info.Size(), Identity: hex.EncodeToString(h.Sum(nil))}, nil
}

// counter counts the bytes that were read through it.
type counter struct {
	io.Reader
	bytes int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.bytes += int64(n)
	return n, err
}

// errNoIdentity says that an input cannot be resumed.
var errNoIdentity = errors.New("only a file can be resumed, not a pipe")
