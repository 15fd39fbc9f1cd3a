package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gocloud.dev/blob"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/backup"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// backupFlags say which newsroom a backup is of.
type backupFlags struct {
	config.Database
	config.Media
	NoMedia bool `help:"Leave the media files out, where other means keep them."`
}

// bucket opens the folder of files; nil where they are left out.
func (f backupFlags) bucket() (*blob.Bucket, func() error, error) {
	if f.NoMedia {
		return nil, func() error { return nil }, nil
	}
	b, err := app.OpenMedia(f.Media)
	if err != nil {
		return nil, nil, err
	}
	return b, b.Close, nil
}

// filled is bucket for what reads the files: a folder that is not there is an error.
func (f backupFlags) filled() (*blob.Bucket, func() error, error) {
	if _, err := os.Stat(f.MediaDir); err != nil && !f.NoMedia && f.MediaStore == "" { // a new folder would have nothing to read
		return nil, nil, fmt.Errorf("the folder of media files: %w. Name it with --media-dir, or leave files out with --no-media", err)
	}
	return f.bucket()
}

type backupCommand struct {
	backupFlags
	File string `arg:"" help:"The new file."`
}

// Run makes a backup, and changes nothing in the database.
func (c *backupCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openUnchanged(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	bucket, end, err := c.filled()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	m, err := backup.Create(access.AsSystem(ctx), db, bucket, c.File, rowProgress(s))
	if err != nil {
		return err
	}
	return tellBackup(s, "wrote", m)
}

// openUnchanged opens a database that has the schema of this program already.
func openUnchanged(ctx context.Context, d config.Database) (*store.DB, error) {
	db, err := store.Open(ctx, d.Database, store.Options{Existing: true, StatementTimeout: -1})
	if err != nil {
		return nil, err
	}
	have, want, err := db.SchemaVersion(ctx)
	if err == nil && have != want {
		err = fmt.Errorf("the database has the schema version %d, this program has %d: use the version of broadsheet that serves it", have, want)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func tellBackup(s *streams, did string, m *backup.Manifest) error {
	files := fmt.Sprintf("%d files (%d bytes)", m.Files, m.Bytes)
	if m.NoMedia {
		files = "no media files"
	}
	_, err := fmt.Fprintf(s.out, "%s %d rows of %d tables and %s\n", did, m.Rows(), len(m.Tables), files)
	if err == nil && m.Vanished > 0 {
		_, err = fmt.Fprintf(s.out, "%d files were removed meanwhile and are not in it\n", m.Vanished)
	}
	if err == nil && m.Missing > 0 {
		_, err = fmt.Fprintf(s.out, "%d files that rows name are not in it: they were removed meanwhile, or --media-dir is another folder\n", m.Missing)
	}
	return err
}

type restoreCommand struct {
	backupFlags
	File string `arg:"" help:"The backup." type:"existingfile"`
}

// Run verifies a backup and restores it.
func (c *restoreCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.Database.Database, store.Options{StatementTimeout: -1, Relaxed: c.Relaxed()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	bucket, end, err := c.bucket()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	ctx = access.AsSystem(ctx)
	m, err := backup.Restore(ctx, c.File, db, bucket, rowProgress(s), app.NewServices(db, nil).Search.Rebuild)
	if err != nil {
		return err
	}
	return tellBackup(s, "restored", m)
}

type verifyBackupCommand struct {
	File    string `arg:"" help:"The backup." type:"existingfile"`
	Against string `help:"Compare the rows with those of this database as well: sqlite:PATH or postgres://…" placeholder:"URL"`
}

// Run fails when the backup is not whole, or when the database has other rows.
func (c *verifyBackupCommand) Run(ctx context.Context, s *streams) (err error) {
	m, err := backup.Verify(ctx, c.File, rowProgress(s))
	if err != nil {
		return err
	}
	if err := tellBackup(s, "verified", m); err != nil || c.Against == "" {
		return err
	}
	db, err := openUnchanged(ctx, config.Database{Database: c.Against})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := store.Compare(access.AsSystem(ctx), db, &m.Dumped)
	if err != nil {
		return err
	}
	for _, d := range found {
		if _, err := fmt.Fprintf(s.out, "%s differs: %d rows in the backup, %d in the database\n", d.Table, d.Want, d.Got); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return errReported
	}
	_, err = fmt.Fprintln(s.out, "the database has the same rows")
	return err
}
