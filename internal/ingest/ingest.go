// Package ingest brings the content of other systems in, through the same
// services that editors use.
//
// A reader of the other format gives items one after another; each is put into
// the words of this system as a story (story.go, and ninjs_*.go for the news
// items of ninjs). The writer (writer.go) stores stories in batches, one
// transaction each: it compares a story with what is stored under its source
// URI, makes the sections, tags, places, authors and media that are missing,
// saves the article, and notes in the same transaction how far the file has
// been read (run.go). A batch that fails is tried again item by item, so that
// one bad item costs no other. What became of every item is told by the Report.
//
// A WordPress site is more than its stories: pages, comments, menus and
// redirects come with them. Its import (wxr.go) goes by the same rules.
package ingest

import (
	"net/url"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// Services are what an import writes through.
type Services struct {
	DB        *store.DB
	Log       *event.Log
	Directory *directory.Directory
	Content   *content.Service
	Taxonomy  *taxonomy.Service
}

// Options of an import. The zero value imports the whole stream and keeps no
// progress.
type Options struct {
	// File names and identifies the input, for the report and for Resume; see
	// Identify. Without an identity no progress is kept.
	File File
	// DryRun does everything and takes it back: the report is that of an
	// import, the database stays as it was.
	DryRun bool
	// Resume goes on behind the last committed batch of an earlier import of
	// the same file that did not come to its end. Where there is none, it
	// starts at the beginning.
	Resume bool
	// Location is the time zone of dates that name none. Nil is UTC; embargoes
	// without a zone are then kept until they have ended in every zone.
	Location *time.Location
	// Base makes relative links and addresses of pictures in bodies absolute,
	// where the item itself has no address on the web.
	Base *url.URL
	// MaxItemBytes bounds one item; 0 is the reader's default.
	MaxItemBytes int
	// Progress is called after each batch, on the goroutine of the import.
	Progress func(Progress)

	batchItems int // for tests; 0: maxBatchItems
}

// Progress tells how far an import has come.
type Progress struct {
	Items   int           // read so far
	Bytes   int64         // of the input as it is stored, compressed or not
	Size    int64         // of the whole input; 0: unknown
	Elapsed time.Duration // since the start of this run
	Rate    float64       // items of this run a second
}

// Bounds on what is held in memory and on what one transaction does.
const (
	maxBatchItems = 150
	maxBatchBytes = 8 << 20 // of the items as they were read
	maxSeen       = 1 << 20 // URIs remembered to tell duplicates within one file
)
