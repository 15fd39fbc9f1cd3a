package wxr

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/html/charset"
)

// windowBytes is how much of the stream is looked at together.
const windowBytes = 64 << 10

// declared finds the encoding in an XML declaration.
var declared = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)

// open looks through gzip, a byte order mark and the encoding that the file
// declares, and gives the stream as UTF-8. What declares to be UTF-8 may yet
// hold other bytes: see clean.
func open(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, windowBytes)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("read gzip: %w", err)
		}
		in = bufio.NewReaderSize(z, windowBytes)
	}
	head, _ := in.Peek(512)
	label := ""
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = in.Discard(3) // they were peeked at
		return in, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("<\x00")):
		label = "utf-16le"
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\x00<")):
		label = "utf-16be"
	default:
		if m := declared.FindSubmatch(head); m != nil {
			label = strings.ToLower(string(m[1]))
		}
	}
	if label == "" || label == "utf-8" || label == "utf8" || strings.HasPrefix(label, "utf-16") && !bytes.Contains(head, []byte{0}) {
		return in, nil
	}
	decoded, err := charset.NewReaderLabel(label, in)
	if err != nil {
		return in, nil //nolint:nilerr // an unknown name is no reason to stop: the bytes will show
	}
	in = bufio.NewReaderSize(decoded, windowBytes)
	if head, _ := in.Peek(3); string(head) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	return in, nil
}

// signatures are the first bytes of files that are offered by mistake.
var signatures = []struct{ prefix, name string }{
	{"\x1f\x8b", "data compressed twice by gzip"},
	{"PK\x03\x04", "a ZIP archive; unpack it first"},
	{"BZh", "data compressed by bzip2"},
	{"\xfd7zXZ\x00", "data compressed by xz"},
	{"\x28\xb5\x2f\xfd", "data compressed by Zstandard"},
	{"%PDF", "a PDF document"},
	{"SQLite format 3", "an SQLite database"},
	{"{", "JSON"},
	{"[", "JSON"},
	{"-- ", "an SQL dump, not an export"},
}

func signatureOf(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.prefix)) {
			return s.name
		}
	}
	return ""
}

// codeOf names what stopped a stream.
func codeOf(err error) (Code, error) {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return CodeCorrupt, fmt.Errorf("the compressed data is damaged: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return CodeTruncated, errors.New("the stream is cut off")
	}
	return CodeReadFailed, err
}
