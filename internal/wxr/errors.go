package wxr

import "fmt"

// Code names a reason, for counting and for translation.
type Code string

// Why an item was rejected or a stream ended early.
const (
	CodeMalformed  Code = "MALFORMED"   // a part of the item is not closed
	CodeTruncated  Code = "TRUNCATED"   // the stream ends within it
	CodeTooLarge   Code = "TOO_LARGE"   // over a limit of Options
	CodeWrongKind  Code = "WRONG_KIND"  // no export of WordPress
	CodeCorrupt    Code = "CORRUPT"     // compressed data fails its own check
	CodeReadFailed Code = "READ_FAILED" // the underlying reader failed
)

// What was mended.
const (
	CodeIllegalCharacter Code = "ILLEGAL_CHARACTER" // forbidden in XML: removed
	CodeEncoding         Code = "ENCODING"          // no UTF-8: taken for Windows-1252
	CodeNestedCDATA      Code = "NESTED_CDATA"      // a section closed twice: joined
	CodeMarkup           Code = "MARKUP_IN_TEXT"    // markup that was not escaped: kept as text
	CodeCut              Code = "CUT"               // a field over its limit
	CodeListCut          Code = "LIST_CUT"          // too many fields, terms …
	CodeNumber           Code = "BAD_NUMBER"        // taken for 0
	CodeDate             Code = "BAD_DATE"          // taken for none
	CodeRoot             Code = "SECOND_ROOT"       // another document after the first: read as well
)

// Problem is something amiss that was mended.
type Problem struct {
	Code     Code
	Position Position
	Message  string
}

// ItemError tells that one item, author or term can't be read. The reader
// goes on with the next.
type ItemError struct {
	Position
	Code Code
	Err  error
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("item %d (line %d, byte %d): %v", e.Index, e.Line, e.Offset, e.Err)
}

func (e *ItemError) Unwrap() error { return e.Err }

// StreamError tells that the stream can't be read any further.
type StreamError struct {
	Position
	Code Code
	Err  error
}

func (e *StreamError) Error() string {
	return fmt.Sprintf("stream ends at line %d, byte %d, before item %d: %v", e.Line, e.Offset, e.Index, e.Err)
}

func (e *StreamError) Unwrap() error { return e.Err }
