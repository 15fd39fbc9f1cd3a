package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Verify reads a backup to its end: every checksum, every row, every file, and their
// numbers. It says what the backup holds.
func Verify(ctx context.Context, path string, progress Progress) (*Manifest, error) {
	var m *Manifest
	err := read(path, func(r *reader) (err error) {
		m, err = r.verify(ctx, progress)
		return err
	})
	return m, err
}

// read opens a backup.
func read(path string, do func(*reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer func() { _ = file.Close() }()
	r := &reader{file: file, sum: &summing{from: bufio.NewReaderSize(file, 256<<10), hash: sha256.New()}}
	r.tar = tar.NewReader(r.sum)
	if err := r.header(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := do(r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// summing sums up what is read.
type summing struct {
	from *bufio.Reader
	hash hash.Hash
}

func (s *summing) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	_, _ = s.hash.Write(p[:n]) // never fails
	return n, err
}

// reader reads a backup entry by entry.
type reader struct {
	file *os.File
	sum  *summing
	tar  *tar.Reader
}

// next gives the name of the next entry, and io.EOF at the end. before is the checksum
// of all bytes in front of it.
func (r *reader) next() (h *tar.Header, before string, err error) {
	// What is left of the last entry and its padding would be read with the header.
	if _, err := io.Copy(io.Discard, r.tar); err != nil {
		return nil, "", broken(err)
	}
	before = hexSum(r.sum.hash)
	h, err = r.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, before, io.EOF
	}
	if err != nil {
		return nil, "", broken(err)
	}
	return h, before, nil
}

// broken tells a file that ends too early from one that is damaged.
func broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrIncomplete
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// content reads an entry whole.
func (r *reader) content(h *tar.Header) ([]byte, error) {
	if h.Size > entryBytes {
		return nil, damaged(h.Name, fmt.Errorf("it has %d bytes", h.Size))
	}
	text, err := io.ReadAll(r.tar)
	if err != nil {
		return nil, broken(err)
	}
	return text, nil
}

func (r *reader) header() error {
	begin, err := r.sum.from.Peek(len(headerName))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !strings.HasPrefix(headerName, string(begin)) { // shorter than that: cut off
		return errors.New("this is no backup of broadsheet: give a file that broadsheet backup made")
	}
	h, _, err := r.next()
	if errors.Is(err, io.EOF) {
		return ErrIncomplete
	}
	if err != nil {
		return err
	}
	var first header
	text, err := r.content(h)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &first); err != nil || h.Name != headerName {
		return damaged(h.Name, err)
	}
	if first.Format != format {
		return fmt.Errorf("the backup has the format %d, this program reads %d: use the version of broadsheet that made it, or a newer one", first.Format, format)
	}
	return nil
}

// verify reads to the end.
func (r *reader) verify(ctx context.Context, progress Progress) (*Manifest, error) {
	var got Manifest
	var files []listed
	var m *Manifest
	var rows *store.RowSum
	var columns []store.Column
	endTable := func() {
		if rows != nil {
			last := &got.Tables[len(got.Tables)-1]
			last.Rows, last.Sum = rows.Rows, rows.String()
		}
		rows = nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		h, before, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil, ErrIncomplete
		}
		if err != nil {
			return nil, err
		}
		table, part, isRows := strings.Cut(strings.TrimPrefix(h.Name, rowsFolder), "/")
		switch {
		case strings.HasPrefix(h.Name, rowsFolder) && isRows && part == columnsName:
			endTable()
			text, err := r.content(h)
			if err != nil {
				return nil, err
			}
			if columns = nil; json.Unmarshal(text, &columns) != nil || len(columns) == 0 {
				return nil, damaged(h.Name, errors.New("no columns"))
			}
			rows = store.NewRowSum(table, columns)
			got.Tables = append(got.Tables, store.DumpedTable{Name: table})
		case strings.HasPrefix(h.Name, rowsFolder) && isRows && rows != nil && got.Tables[len(got.Tables)-1].Name == table:
			err := r.part(h, columns, func(values []any) error {
				if rows.Add(values); rows.Rows%1000 == 0 {
					progress(table, rows.Rows)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		case strings.HasPrefix(h.Name, mediaFolder):
			sum := sha256.New()
			n, err := io.Copy(sum, r.tar)
			if err != nil {
				return nil, broken(err)
			}
			if files = append(files, listed{strings.TrimPrefix(h.Name, mediaFolder), n, hexSum(sum)}); len(files) > listFiles {
				return nil, damaged(h.Name, errors.New("too many files without a list"))
			}
			got.Bytes += n
			if got.Files++; got.Files%100 == 0 {
				progress("media", got.Files)
			}
		case strings.HasPrefix(h.Name, mediaList):
			if err := r.list(h, files); err != nil {
				return nil, err
			}
			files = files[:0]
		case h.Name == manifestName && m == nil:
			endTable()
			text, err := r.content(h)
			if err != nil {
				return nil, err
			}
			m = new(Manifest)
			if err := json.Unmarshal(text, m); err != nil {
				return nil, damaged(h.Name, err)
			}
		case h.Name == sumName && m != nil:
			text, err := r.content(h)
			if err != nil {
				return nil, err
			}
			if string(text) != before+"\n" {
				return nil, damaged(h.Name, errors.New("the checksum of the file is another"))
			}
			return m, agree(m, &got, files)
		default:
			return nil, damaged(h.Name, errors.New("unexpected here"))
		}
	}
}

// agree compares a manifest with what was read.
func agree(m, got *Manifest, unlisted []listed) error {
	if len(unlisted) > 0 || m.Files != got.Files || m.Bytes != got.Bytes {
		return damaged(manifestName, fmt.Errorf("%d files of %d bytes, where %d of %d belong", got.Files, got.Bytes, m.Files, m.Bytes))
	}
	if len(m.Tables) != len(got.Tables) {
		return damaged(manifestName, fmt.Errorf("%d tables, where %d belong", len(got.Tables), len(m.Tables)))
	}
	for i, want := range m.Tables {
		if have := got.Tables[i]; have.Name != want.Name || have.Rows != want.Rows || have.Sum != want.Sum {
			return damaged(want.Name, fmt.Errorf("%d rows of %s, where %d belong, or others", have.Rows, have.Name, want.Rows))
		}
	}
	return nil
}

// list compares a list with the files in front of it.
func (r *reader) list(h *tar.Header, files []listed) error {
	text, err := r.content(h)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	for _, f := range files {
		var want listed
		if err := d.Decode(&want); err != nil {
			return damaged(h.Name, err)
		}
		if want != f {
			return damaged(mediaFolder+f.Key, errors.New("the file is not as it was written"))
		}
	}
	if d.More() {
		return damaged(h.Name, errors.New("files are missing"))
	}
	return nil
}

// part gives the rows of an entry.
func (r *reader) part(h *tar.Header, columns []store.Column, row func([]any) error) error {
	z, err := gzip.NewReader(r.tar)
	if err != nil {
		return damaged(h.Name, err)
	}
	lines := bufio.NewReader(z)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return damaged(h.Name, err)
		}
		values, err := store.DecodeRow(line, columns)
		if err != nil {
			return damaged(fmt.Sprintf("%s, line %d", h.Name, n), err)
		}
		if err := row(values); err != nil {
			return err
		}
	}
}

// readLine reads a line of bounded length.
func readLine(from *bufio.Reader) (line []byte, err error) {
	for {
		some, err := from.ReadSlice('\n')
		line = append(line, some...)
		if len(line) > rowBytes {
			return nil, fmt.Errorf("a row of more than %d bytes", rowBytes)
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			return line, io.ErrUnexpectedEOF
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
