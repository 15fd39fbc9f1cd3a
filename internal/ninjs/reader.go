package ninjs

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Reader reads the items of a stream one after another. It must not be used
// by two goroutines at once.
type Reader struct {
	opts Options
	in   io.Reader
	src  source
	err  error // what every further call of Next returns

	layout  Layout
	inArray bool
	index   int   // of the next item
	offset  int64 // behind the last item

	text    []byte // of an item that spans windows, reused
	nesting nesting
	dec     decoder
}

// NewReader returns a reader of the items in r. It reads nothing before the
// first call of Next.
func NewReader(r io.Reader, opts Options) *Reader {
	opts = opts.withDefaults()
	return &Reader{
		opts:    opts,
		in:      r,
		src:     source{limit: opts.MaxBytes, line: 1},
		index:   opts.StartIndex,
		offset:  opts.StartOffset,
		nesting: newNesting(opts.MaxDepth),
		dec:     decoder{loc: opts.Location},
	}
}

// Layout tells how the stream holds its items, once Next was called.
func (r *Reader) Layout() Layout { return r.layout }

// Offset is where reading goes on, in bytes of the uncompressed stream: behind
// the item or *ItemError which Next returned last. With it as Options.StartOffset another
// reader of the same stream returns the items which are still to come.
func (r *Reader) Offset() int64 { return r.offset }

// Index is the index of the next item, for Options.StartIndex.
func (r *Reader) Index() int { return r.index }

// Next returns the next item. At the end of the stream the error is io.EOF. An
// *ItemError stands for an item which can't be read: call Next again for the
// one after it. A *StreamError is the end: nothing after it can be read.
func (r *Reader) Next() (Item, error) {
	if r.err != nil {
		return Item{}, r.err
	}
	it, err := r.next()
	if err == nil {
		r.index++
		return it, nil
	}
	if bad, ok := errors.AsType[*ItemError](err); ok {
		r.index++
		return Item{}, bad
	}
	if err != io.EOF { //nolint:errorlint // a wrapped io.EOF is no end of the stream
		err = r.streamError(err)
	}
	r.err = err
	return Item{}, r.err
}

func (r *Reader) next() (Item, error) {
	if r.layout == UnknownLayout {
		if err := r.begin(); err != nil {
			return Item{}, err
		}
	}
	c, err := r.toItem()
	if err != nil {
		return Item{}, err
	}
	it := Item{Index: r.index, Line: r.src.line, Offset: r.src.offset}
	text, err := r.scanItem(c)
	r.offset = r.src.offset
	if err == nil {
		it.RawBytes = len(text)
		err = r.dec.decode(text, &it)
	}
	if why, ok := errors.AsType[*rejection](err); ok {
		return Item{}, &ItemError{Index: it.Index, Line: it.Line, Offset: it.Offset, Code: why.code, Err: why}
	}
	return it, err
}

// begin finds out what the stream is and moves to where reading starts.
func (r *Reader) begin() error {
	if err := r.src.open(r.in); err != nil {
		return err
	}
	head, err := r.src.window()
	if err != nil {
		return err
	}
	if len(head) < 4 {
		head, _ = r.src.more(3)
	}
	if name := signatureOf(head); name != "" {
		return &fatal{CodeWrongKind, fmt.Errorf("this is not ninjs: it looks like %s", name)}
	}
	if _, err := r.src.skipSpace(); err != nil {
		return err
	}
	head, err = r.src.window()
	if err != nil {
		return err
	}
	layout, start, known := layoutOf(head, false)
	for !known {
		var larger bool
		head, larger = r.src.more(len(head))
		layout, start, known = layoutOf(head, !larger)
	}
	if layout == UnknownLayout {
		return &fatal{CodeWrongKind, fmt.Errorf("this is not ninjs: it looks like %s", kindOf(head))}
	}
	r.layout = layout
	r.inArray = layout == Array || layout == Wrapped
	r.src.advance(start)
	return r.src.seek(r.opts.StartOffset)
}

// toItem moves to the next item and returns its first byte.
func (r *Reader) toItem() (byte, error) {
	for {
		c, err := r.src.skipSpace()
		switch {
		case err == io.EOF && r.inArray: //nolint:errorlint // as in Next
			return 0, &fatal{CodeTruncated, errors.New("the array is not closed: the stream is cut off")}
		case err != nil:
			return 0, err
		case r.inArray && c == ']':
			r.src.advance(1)
			r.inArray = false
			if r.layout == Wrapped {
				if err := r.scanWrapperEnd(); err != nil {
					return 0, err
				}
			}
		case !r.inArray && r.layout == Array && c == '[':
			r.src.advance(1)
			r.inArray = true
		default:
			return c, nil
		}
	}
}

// rejection is why an item can't be had.
type rejection struct {
	code Code
	err  error
}

func (e *rejection) Error() string { return e.err.Error() }
func (e *rejection) Unwrap() error { return e.err }

// fatal is why the rest of the stream can't be had.
type fatal struct {
	code Code
	err  error
}

func (e *fatal) Error() string { return e.err.Error() }

func reject(code Code, format string, args ...any) *rejection {
	return &rejection{code, fmt.Errorf(format, args...)}
}

func (r *Reader) streamError(err error) *StreamError {
	e := &StreamError{Index: r.index, Line: r.src.line, Offset: r.src.offset, Code: CodeReadFailed, Err: err}
	var corrupt flate.CorruptInputError
	if fatal, ok := errors.AsType[*fatal](err); ok {
		e.Code, e.Err = fatal.code, fatal.err
		return e
	}
	switch {
	case errors.Is(err, io.EOF):
		e.Err = errors.New(err.Error()) // wrapped, it must not pass for the end
	case errors.Is(err, errTooLong):
		e.Code = CodeTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Code = CodeTruncated
		e.Err = fmt.Errorf("the stream is cut off: %w", err)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		e.Code = CodeCorrupt
		e.Err = fmt.Errorf("the compressed data is damaged: %w", err)
	}
	return e
}
