package ninjs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// windowBytes is how much of the stream is looked at together, and how far
// ahead the layout is looked for.
const windowBytes = 64 << 10

// errTooLong stands for Options.MaxBytes.
var errTooLong = errors.New("the stream is longer than the limit")

// source is the uncompressed stream with a position.
type source struct {
	r      *bufio.Reader
	offset int64
	line   int
	limit  int64 // 0 is none
}

// open looks through gzip and a byte order mark.
func (s *source) open(r io.Reader) error {
	s.line = 1
	s.r = bufio.NewReaderSize(r, windowBytes)
	if head, _ := s.r.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(s.r)
		if err != nil {
			return fmt.Errorf("reading gzip: %w", err)
		}
		s.r = bufio.NewReaderSize(z, windowBytes)
	}
	if head, _ := s.r.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		s.advance(len(byteOrderMark))
	}
	return nil
}

const byteOrderMark = "\ufeff"

// window returns the bytes at hand, at least one, or an error. They stay valid
// until the next call of a method.
func (s *source) window() ([]byte, error) {
	if s.limit > 0 && s.offset >= s.limit {
		return nil, errTooLong
	}
	if _, err := s.r.Peek(1); err != nil {
		return nil, err
	}
	return s.r.Peek(s.r.Buffered())
}

// more returns the window again, and larger than before if it can: it can't
// when the stream ends or the window has its full size. It grows in proportion,
// lest a stream which comes byte by byte be looked at as often.
func (s *source) more(before int) (w []byte, larger bool) {
	if before < windowBytes {
		_, err := s.r.Peek(min(before+before/8+1, windowBytes))
		larger = err == nil
	}
	w, _ = s.r.Peek(s.r.Buffered())
	return w, larger
}

// advance moves on by n bytes of the window.
func (s *source) advance(n int) {
	w, _ := s.r.Peek(n)
	s.line += bytes.Count(w, []byte{'\n'})
	s.offset += int64(n)
	s.r.Discard(n) //nolint:errcheck // n bytes are buffered
}

// seek moves on to an offset.
func (s *source) seek(offset int64) error {
	for s.offset < offset {
		w, err := s.window()
		if err != nil {
			return err
		}
		s.advance(int(min(int64(len(w)), offset-s.offset)))
	}
	return nil
}

// skipLine moves on to the end of the line, before its line feed.
func (s *source) skipLine() error {
	for {
		w, err := s.window()
		if err != nil {
			return err
		}
		if i := bytes.IndexByte(w, '\n'); i >= 0 {
			s.advance(i)
			return nil
		}
		s.advance(len(w))
	}
}

// skipSpace moves on to the next byte which is part of a value, and returns it.
// Between items it passes over what some writers leave there: commas, record
// separators (RFC 7464), NUL bytes and byte order marks of files joined together.
func (s *source) skipSpace() (byte, error) {
	for {
		w, err := s.window()
		if err != nil {
			return 0, err
		}
		for i, c := range w {
			switch c {
			case ' ', '\t', '\r', '\n', ',', 0, 0x1e:
				continue
			}
			s.advance(i)
			if c != byteOrderMark[0] {
				return c, nil
			}
			if bom, _ := s.r.Peek(len(byteOrderMark)); string(bom) != byteOrderMark {
				return c, nil
			}
			s.advance(len(byteOrderMark))
			w = nil
			break
		}
		if w != nil {
			s.advance(len(w))
		}
	}
}

// signatures are the first bytes of files that are offered by mistake.
var signatures = []struct{ prefix, name string }{
	{"\x1f\x8b", "data compressed twice by gzip"},
	{"PK\x03\x04", "a ZIP archive"},
	{"PK\x05\x06", "an empty ZIP archive"},
	{"BZh", "data compressed by bzip2"},
	{"\xfd7zXZ\x00", "data compressed by xz"},
	{"\x28\xb5\x2f\xfd", "data compressed by Zstandard"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"%PDF", "a PDF document"},
	{"\x89PNG", "a PNG picture"},
	{"\xff\xd8\xff", "a JPEG picture"},
	{"GIF8", "a GIF picture"},
	{"RIFF", "a WebP picture or a sound file"},
	{"SQLite format 3", "an SQLite database"},
	{"\xff\xfe", "UTF-16 text, where JSON is UTF-8"},
	{"\xfe\xff", "UTF-16 text, where JSON is UTF-8"},
	{"{\x00", "UTF-16 text, where JSON is UTF-8"},
	{"[\x00", "UTF-16 text, where JSON is UTF-8"},
	{"\x00{", "UTF-16 text, where JSON is UTF-8"},
	{"\x00[", "UTF-16 text, where JSON is UTF-8"},
}

// signatureOf names the kind of file which starts like that, or "".
func signatureOf(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.prefix)) {
			return s.name
		}
	}
	return ""
}

// kindOf says what a stream looks like that holds no items, by its beginning.
func kindOf(head []byte) string {
	start := bytes.ToLower(bytes.TrimLeft(head, " \t\r\n"))
	switch {
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")):
		return "an HTML page"
	case bytes.HasPrefix(start, []byte("<?xml")) && bytes.Contains(start, []byte("<rss")):
		return "an RSS feed or a WordPress export (XML)"
	case bytes.HasPrefix(start, []byte("<")):
		return "XML or HTML"
	}
	for _, c := range head {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			return "binary data"
		}
	}
	if !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) {
		return "binary data or text which is not UTF-8"
	}
	if len(start) > 0 && (start[0] == '"' || start[0] >= '0' && start[0] <= '9') {
		return "a single JSON value or CSV"
	}
	return "plain text"
}
