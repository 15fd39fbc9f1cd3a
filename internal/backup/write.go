package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Create writes a backup to a new file. Until it is complete it has another name
// beside it, so a file of the given name is a whole one; what fails leaves neither.
// Without a bucket files are left out.
func Create(ctx context.Context, db *store.DB, bucket *blob.Bucket, path string, progress Progress) (*Manifest, error) {
	return create(ctx, db, bucket, path, progress, func(file io.Writer) io.Writer { return file })
}

func create(ctx context.Context, db *store.DB, bucket *blob.Bucket, path string, progress Progress, disk func(io.Writer) io.Writer) (*Manifest, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("there is a file %s already: remove it, or name another", path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".partial-*") // for its owner alone
	if err != nil {
		return nil, fmt.Errorf("make the backup: %w", explain(err))
	}
	done := false
	defer func() {
		_ = file.Close()
		if !done {
			_ = os.Remove(file.Name())
		}
	}()
	m, err := Write(ctx, db, bucket, disk(file), progress)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = file.Close()
	}
	if err == nil {
		err = publish(file.Name(), path)
	}
	if err != nil {
		return nil, fmt.Errorf("make the backup: %w", explain(err))
	}
	done = true
	return m, syncFolder(filepath.Dir(path))
}

// publish gives a complete file its name, unless there is a file of that name by now.
func publish(partial, path string) error {
	if err := os.Link(partial, path); err == nil {
		return os.Remove(partial)
	} else if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a file %s already: remove it, or name another", path)
	}
	return os.Rename(partial, path) // a file system without links
}

// syncFolder makes a new name in a folder survive a power failure, where the system
// offers that.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the folder of the backup: %w", err)
	}
	defer func() { _ = folder.Close() }()
	_ = folder.Sync() // not all systems can
	return nil
}

// Write writes a backup.
func Write(ctx context.Context, db *store.DB, bucket *blob.Bucket, to io.Writer, progress Progress) (*Manifest, error) {
	all := sha256.New()
	w := &writer{tar: tar.NewWriter(io.MultiWriter(to, all)), made: time.Now().UTC().Truncate(time.Second), progress: progress, named: map[string]bool{}}
	if err := w.json(headerName, header{Format: format, Made: w.made, Program: "broadsheet"}); err != nil {
		return nil, err
	}
	dumped, err := store.Dump(ctx, db, w)
	if err == nil {
		err = w.part()
	}
	if err != nil {
		return nil, err
	}
	m := &Manifest{Dumped: *dumped, NoMedia: bucket == nil}
	if bucket != nil {
		// After the rows: what they name was there before.
		if err := w.media(ctx, bucket, m); err != nil {
			return nil, err
		}
		m.Missing = len(w.named)
	}
	if err := w.json(manifestName, m); err != nil {
		return nil, err
	}
	// Before the padding of the manifest, which is read with the next header.
	if err := w.entry(sumName, []byte(hexSum(all)+"\n")); err != nil {
		return nil, err
	}
	return m, w.tar.Close()
}

// writer is the store's sink.
type writer struct {
	tar      *tar.Writer
	made     time.Time
	progress Progress
	fileKey  int             // the column of the table that names a file; -1: none
	named    map[string]bool // files that rows name and that are not written yet

	table       string
	parts, rows int
	buffer      bytes.Buffer
}

func (w *writer) entry(name string, content []byte) error {
	if err := w.begin(name, int64(len(content))); err != nil {
		return err
	}
	_, err := w.tar.Write(content)
	return err
}

func (w *writer) begin(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.made})
}

func (w *writer) json(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.entry(name, append(text, '\n'))
}

// Table implements store.Sink.
func (w *writer) Table(name string, columns []store.Column) error {
	if err := w.part(); err != nil {
		return err
	}
	w.table, w.parts, w.rows = name, 0, 0
	w.fileKey = -1
	if name == "media" {
		w.fileKey = slices.IndexFunc(columns, func(c store.Column) bool { return c.Name == "blob_key" })
	}
	return w.json(rowsFolder+name+"/"+columnsName, columns)
}

// Row implements store.Sink.
func (w *writer) Row(values []any) error {
	text, err := store.EncodeRow(values)
	if err != nil {
		return err
	}
	if len(text) > rowBytes { // which could not be read back
		return fmt.Errorf("a row of %s has %d bytes, more than the %d that a backup takes", w.table, len(text), rowBytes)
	}
	if w.fileKey >= 0 {
		if key, ok := values[w.fileKey].(string); ok && key != "" {
			w.named[key] = true
		}
	}
	_, _ = w.buffer.Write(text) // never fails
	if w.rows++; w.rows%1000 == 0 {
		w.progress(w.table, w.rows)
	}
	if w.buffer.Len() >= partBytes {
		return w.part()
	}
	return nil
}

// part writes the rows that wait.
func (w *writer) part() error {
	if w.buffer.Len() == 0 {
		return nil
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := z.Write(w.buffer.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.buffer.Reset()
	w.parts++
	return w.entry(fmt.Sprintf("%s%s/%06d.jsonl.gz", rowsFolder, w.table, w.parts), packed.Bytes())
}

// media writes the files of items.
func (w *writer) media(ctx context.Context, bucket *blob.Bucket, m *Manifest) error {
	var list []listed
	lists := 0
	write := func() error {
		if len(list) == 0 {
			return nil
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		for _, l := range list {
			if err := e.Encode(l); err != nil {
				return err
			}
		}
		list = list[:0]
		lists++
		return w.entry(fmt.Sprintf("%s%06d.jsonl", mediaList, lists), text.Bytes())
	}
	for objects := bucket.List(nil); ; {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return write()
		}
		if err != nil {
			return fmt.Errorf("list the files: %w", err)
		}
		if object.IsDir || !media.Kept(object.Key) {
			continue
		}
		l, err := w.file(ctx, bucket, object.Key)
		if gcerrors.Code(err) == gcerrors.NotFound {
			m.Vanished++
			continue
		}
		if err != nil {
			return fmt.Errorf("file %s: %w", object.Key, err)
		}
		delete(w.named, object.Key)
		m.Bytes += l.Size
		if m.Files++; m.Files%100 == 0 {
			w.progress("media", m.Files)
		}
		if list = append(list, l); len(list) == listFiles {
			if err := write(); err != nil {
				return err
			}
		}
	}
}

// file writes one file.
func (w *writer) file(ctx context.Context, bucket *blob.Bucket, key string) (listed, error) {
	from, err := bucket.NewReader(ctx, key, nil)
	if err != nil {
		return listed{}, err
	}
	defer func() { _ = from.Close() }()
	if err := w.begin(mediaFolder+key, from.Size()); err != nil {
		return listed{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, sum), from)
	if err != nil {
		return listed{}, err
	}
	return listed{key, n, hexSum(sum)}, nil
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
