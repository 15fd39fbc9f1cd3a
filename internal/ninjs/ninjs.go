// Package ninjs reads news items in IPTC's "News in JSON" from a stream of
// any length.
//
// The formats are those of the IPTC's ninjs schemas 3.x (camel case names) and
// 2.x (the same names in lower case); the singular names of 1.x (headline,
// body_html, byline, subject …) are accepted too. A stream may be JSON Lines,
// one array, one array within an object ({"items": […]}), or objects one after
// another, pretty-printed or not, and each of these may be compressed by gzip.
//
// The reader is made for files it has never seen. It holds one item at a time,
// and no more than Options.MaxItemBytes of it. An item it can't read is
// reported as an *ItemError and the next one is read; a field it can't read
// becomes a Problem of its item. Only a stream which can't go on at all (cut
// off, corrupt, or not JSON) ends early, with a *StreamError.
//
//	r := ninjs.NewReader(file, ninjs.Options{})
//	for {
//		item, err := r.Next()
//		if errors.Is(err, io.EOF) {
//			return nil
//		}
//		if bad, ok := errors.AsType[*ninjs.ItemError](err); ok {
//			log(bad)
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		use(item)
//	}
package ninjs

import "time"

// The limits which hold where Options leaves them at zero.
const (
	DefaultMaxItemBytes = 32 << 20
	DefaultMaxDepth     = 128
)

// Bounds which are no options: they keep a small hostile item from becoming a
// large one in memory.
const (
	maxElements = 20_000 // list elements decoded per item, all lists together
	maxProblems = 100    // problems reported per item
	maxUnknown  = 32     // names of unknown fields kept per item
	maxKeyBytes = 128    // of a field name, as reported
	maxShown    = 80     // of a value, as reported, in runes
)

// Options set the limits of a Reader and where it starts. The zero value reads
// everything, with the default limits.
type Options struct {
	// MaxItemBytes bounds the JSON text of one item, in bytes.
	MaxItemBytes int
	// MaxDepth bounds how deep brackets may nest within one item.
	MaxDepth int
	// MaxBytes bounds the uncompressed stream; 0 is no bound. A stream which
	// goes on beyond it ends with a *StreamError.
	MaxBytes int64
	// Location is the time zone of dates which name none. Nil is UTC.
	Location *time.Location
	// StartOffset is a position that Reader.Offset returned for the same
	// stream: reading resumes there. What comes before is read, to find the
	// layout and to count lines, but not decoded.
	StartOffset int64
	// StartIndex is the index of the item at StartOffset.
	StartIndex int
}

func (o Options) withDefaults() Options {
	if o.MaxItemBytes <= 0 {
		o.MaxItemBytes = DefaultMaxItemBytes
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	return o
}
