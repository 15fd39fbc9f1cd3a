// Package backup keeps a whole newsroom, its rows and its files, in one file, and
// restores it into an empty database of either kind.
//
// The file is a tar archive, in this order:
//
//	backup.json                     format, version of the schema, moment
//	rows/TABLE/columns.json         for each table
//	rows/TABLE/000001.jsonl.gz …    its rows, one array of JSON a line
//	media/KEY …                     the files as they are
//	media.000001.jsonl …            after every thousand of them: sizes and checksums
//	manifest.json                   rows and sums of each table, files, bytes
//	SHA256                          the checksum of all bytes before it
//
// A file without its last entry is not complete.
package backup

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// format is the version of the layout.
const format = 1

// Names in the archive.
const (
	headerName   = "backup.json"
	rowsFolder   = "rows/"
	columnsName  = "columns.json"
	mediaFolder  = "media/"
	mediaList    = "media."
	manifestName = "manifest.json"
	sumName      = "SHA256"
)

// Bounds of what is in memory: rows of a part before they are compressed, one row,
// entries that are read whole, and files between two lists.
const (
	partBytes  = 1 << 20
	rowBytes   = 256 << 20
	entryBytes = 512 << 20
	listFiles  = 1000
)

type header struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	Program string    `json:"program"` // broadsheet
}

// Manifest says what a backup holds.
type Manifest struct {
	store.Dumped
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`   // of the files
	NoMedia bool  `json:"noMedia"` // files were left out
	// Vanished are files that were removed while the backup was made.
	Vanished int `json:"vanished"`
	// Missing are files that rows name and that are not in the backup.
	Missing int `json:"missing"`
}

// Rows counts the rows of all tables.
func (m *Manifest) Rows() (n int) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// listed is a line of a list of files.
type listed struct {
	Key    string `json:"key"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Progress is told of what is done: a table or "media", and how many rows or files of
// it.
type Progress func(what string, n int)

// ErrIncomplete says that a file ends too early, as what is left of a backup that was
// interrupted.
var ErrIncomplete = errors.New("the backup is not complete: use another, or make a new one")

// ErrDamaged says that a file is not as it was written.
var ErrDamaged = errors.New("the backup is damaged: use another, or make a new one")

// explain says what to do about errors of the disk.
func explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w. The disk is full: free some space, or name a file on another disk", err)
	}
	return err
}

func damaged(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, ErrDamaged, err)
}
