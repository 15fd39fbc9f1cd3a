package ninjs

import "fmt"

// Code names a reason, for counting and for translation.
type Code string

// Why an item was rejected.
const (
	CodeMalformed Code = "MALFORMED"  // not JSON
	CodeTruncated Code = "TRUNCATED"  // the line or the stream ends within it
	CodeTooLarge  Code = "TOO_LARGE"  // over Options.MaxItemBytes
	CodeTooDeep   Code = "TOO_DEEP"   // over Options.MaxDepth
	CodeNotObject Code = "NOT_OBJECT" // something else where an item should be
)

// Why a stream ended early; CodeTruncated and CodeTooLarge are used as well.
const (
	CodeWrongKind  Code = "WRONG_KIND"  // XML, a picture, … instead of JSON
	CodeCorrupt    Code = "CORRUPT"     // compressed data fails its own check
	CodeReadFailed Code = "READ_FAILED" // the underlying reader failed
)

// What may be wrong with a field.
const (
	CodeMissingID       Code = "MISSING_ID"        // no usable uri
	CodeWrongType       Code = "WRONG_TYPE"        // another JSON type than the schema's
	CodeUnknownValue    Code = "UNKNOWN_VALUE"     // not one of the schema's values
	CodeOutOfRange      Code = "OUT_OF_RANGE"      // a number beyond the schema's range
	CodeBadDate         Code = "BAD_DATE"          // no date
	CodeDateOutOfRange  Code = "DATE_OUT_OF_RANGE" // a year before 1400 or after 9999
	CodeAssumedZone     Code = "ASSUMED_ZONE"      // a date or time without offset
	CodeDuplicateKey    Code = "DUPLICATE_KEY"     // the first is kept
	CodeInvalidUTF8     Code = "INVALID_UTF8"      // the rest of a character that was cut off: replaced by U+FFFD. Of an item: it is in another encoding
	CodeLoneSurrogate   Code = "LONE_SURROGATE"    // replaced by U+FFFD
	CodeNUL             Code = "NUL"               // removed
	CodeControl         Code = "CONTROL_CHARACTER" // raw within a string, kept
	CodeListCut         Code = "LIST_CUT"          // too many elements, the rest is dropped
	CodeProblemsOmitted Code = "PROBLEMS_OMITTED"  // too many problems, the rest isn't listed
)

// Problem is something amiss in one field of an item which was read all the
// same.
type Problem struct {
	// Field is the path of the field by its name in ninjs 3.x, whatever the
	// file calls it: "versionCreated", "bodies[0].value".
	Field string
	Code  Code
	// Value is the offending value, shortened.
	Value   string
	Message string
	// Repaired tells that the item holds a usable value for the field
	// nevertheless. Otherwise the field is as if it had been absent.
	Repaired bool
}

// String describes the problem in one line.
func (p Problem) String() string {
	if p.Value == "" {
		return p.Field + ": " + p.Message
	}
	return fmt.Sprintf("%s: %s (%q)", p.Field, p.Message, p.Value)
}

// ItemError tells that one item can't be read. The reader goes on with the
// next.
type ItemError struct {
	Index  int   // of the item in the stream, from 0, rejected ones included
	Line   int   // where it starts, from 1
	Offset int64 // where it starts, in bytes of the uncompressed stream
	Code   Code
	Err    error
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("item %d (line %d, byte %d): %v", e.Index, e.Line, e.Offset, e.Err)
}

func (e *ItemError) Unwrap() error { return e.Err }

// StreamError tells that the stream can't be read any further.
type StreamError struct {
	Index  int   // of the item which could not be reached, from 0
	Line   int   // from 1
	Offset int64 // in bytes of the uncompressed stream
	Code   Code
	Err    error
}

func (e *StreamError) Error() string {
	return fmt.Sprintf("stream ends at line %d, byte %d, before item %d: %v", e.Line, e.Offset, e.Index, e.Err)
}

func (e *StreamError) Unwrap() error { return e.Err }
