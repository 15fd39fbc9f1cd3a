package backup

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gocloud.dev/blob"

	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Restore verifies a backup and brings it into an empty database, of either kind,
// which gets the schema of this program. Files come first: a failure leaves the
// database empty, and the restore can be begun again; but what fails while a backup
// of an older schema is migrated leaves its rows, in a database to remove. Cursors
// of partners end. Without a bucket files are left
// out. finish makes the search index, in the transaction that writes the rows where the
// backup has the schema of this program.
func Restore(ctx context.Context, path string, db *store.DB, bucket *blob.Bucket, progress Progress, finish func(context.Context) error) (*Manifest, error) {
	m, err := Verify(ctx, path, func(what string, n int) { progress("verify "+what, n) })
	if err != nil {
		return nil, err
	}
	if err := db.Empty(ctx); err != nil { // before its schema is touched
		return nil, fmt.Errorf("restore: %w: name a new database; to replace one, remove it first", err)
	}
	if _, err := db.MigrateTo(ctx, m.Schema); err != nil {
		return nil, fmt.Errorf("make the schema of the backup: %w", err)
	}
	if bucket != nil && !m.NoMedia {
		if err := read(path, func(r *reader) error { return r.files(ctx, bucket, progress) }); err != nil {
			return nil, explain(err)
		}
	}
	_, newest, err := db.SchemaVersion(ctx)
	if err != nil {
		return nil, err
	}
	within, after := finish, func(context.Context) error { return nil }
	if m.Schema != newest {
		within, after = after, finish
	}
	err = read(path, func(r *reader) error {
		_, err := store.Load(ctx, &source{r: r, manifest: m}, db, progress, func(ctx context.Context) error {
			if err := db.EndCursors(ctx); err != nil { // they may be of events that are not there any more
				return err
			}
			return within(ctx)
		})
		return err
	})
	if err != nil {
		return nil, explain(fmt.Errorf("restore: %w", err))
	}
	if _, err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	return m, after(ctx)
}

// files brings the files of a verified backup into a bucket.
func (r *reader) files(ctx context.Context, bucket *blob.Bucket, progress Progress) error {
	for n := 0; ; {
		h, _, err := r.next()
		if err != nil || h.Name == manifestName {
			return err
		}
		key, is := strings.CutPrefix(h.Name, mediaFolder)
		if !is {
			continue
		}
		if !media.Kept(key) { // nothing outside the folder, whoever made the file
			return damaged(h.Name, errors.New("no name of a file of this program"))
		}
		if err := bucket.Upload(ctx, key, r.tar, &blob.WriterOptions{ContentType: "application/octet-stream"}); err != nil {
			return fmt.Errorf("file %s: %w", key, err)
		}
		if n++; n%100 == 0 {
			progress("media", n)
		}
	}
}

// source gives the rows of a verified backup to the store.
type source struct {
	r        *reader
	manifest *Manifest
	at       *tar.Header // read already: the first entry after a table's
}

// Dialect implements store.Source.
func (s *source) Dialect() store.Dialect { return s.manifest.From }

// Tables implements store.Source.
func (s *source) Tables(context.Context) (names []string, err error) {
	for _, t := range s.manifest.Tables {
		names = append(names, t.Name)
	}
	return names, nil
}

// Last implements store.Source.
func (s *source) Last(_ context.Context, table string) (int64, error) {
	i := slices.IndexFunc(s.manifest.Tables, func(t store.DumpedTable) bool { return t.Name == table })
	return s.manifest.Tables[i].Last, nil
}

// Positions implements store.Source.
func (s *source) Positions(context.Context) (map[string]int64, error) {
	return s.manifest.Positions, nil
}

// Rows implements store.Source. Tables are asked for in their order.
func (s *source) Rows(ctx context.Context, table string, columns []store.Column, row func([]any) error) error {
	h := s.at
	if h == nil {
		var err error
		if h, _, err = s.r.next(); err != nil {
			return err
		}
	}
	if h.Name != rowsFolder+table+"/"+columnsName {
		return damaged(h.Name, fmt.Errorf("the table %s belongs here", table))
	}
	text, err := s.r.content(h)
	if err != nil {
		return err
	}
	var have []store.Column
	if err := json.Unmarshal(text, &have); err != nil {
		return damaged(h.Name, err)
	}
	if !slices.EqualFunc(have, columns, func(a, b store.Column) bool { return a.Name == b.Name }) {
		return fmt.Errorf("%s has the columns %v in the backup and %v in the database", table, have, columns)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, _, err := s.r.next()
		if errors.Is(err, io.EOF) {
			return ErrIncomplete
		}
		if err != nil {
			return err
		}
		if !strings.HasPrefix(h.Name, rowsFolder+table+"/") {
			s.at = h
			return nil
		}
		if err := s.r.part(h, columns, row); err != nil {
			return err
		}
	}
}
