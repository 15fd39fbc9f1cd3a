package socket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// EventStream is the media type of server-sent events.
const EventStream = "text/event-stream"

// ServeEvents answers a request by the results of the operation that begin begins,
// as server-sent events. What a document is refused for is a result too: a browser
// could not read any other answer.
func (s *Server) ServeEvents(w http.ResponseWriter, r *http.Request, begin func(ctx context.Context) (Stream, json.RawMessage)) {
	leave, status := s.enter(r.Context())
	if leave == nil {
		refuse(w, status)
		return
	}
	defer leave()
	s.eventStreams.Add(1)
	defer s.eventStreams.Add(-1)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	suspect := make(chan struct{}, 1)
	p := &party{server: s, request: slim(r), changed: func() {
		select {
		case suspect <- struct{}{}:
		default:
		}
	}}
	p.be(ctx)
	defer p.leave()

	h := w.Header()
	h.Set("Content-Type", EventStream)
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Accel-Buffering", "no")
	out := eventWriter{w, http.NewResponseController(w), s.opts.SendTimeout}
	w.WriteHeader(http.StatusOK)
	stream, errs := begin(ctx)
	if errs != nil {
		if out.event("next", append(append([]byte(`{"errors":`), errs...), '}')) == nil {
			_ = out.event("complete", nil)
		}
		return
	}
	defer stream.Close()
	s.operations.Add(1)
	defer s.operations.Add(-1)
	if out.write(":\n\n") != nil { // so that the client knows that it is connected
		return
	}
	s.pump(ctx, out, p, stream, suspect)
}

type result struct {
	data json.RawMessage
	err  error
}

// pump sends results until there are no more, or nobody wants them.
func (s *Server) pump(ctx context.Context, out eventWriter, p *party, stream Stream, suspect <-chan struct{}) {
	results := make(chan result)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { // ends with ctx; pump waits for it
		defer close(done)
		for {
			data, err := stream.Next(ctx)
			select {
			case results <- result{data, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() { cancel(); <-done }()
	alive := time.NewTicker(s.opts.KeepAlive)
	defer alive.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-suspect:
			err = p.check(ctx, false)
		case <-alive.C:
			if err = p.check(ctx, false); err == nil {
				err = out.write(":\n\n")
			}
		case r := <-results:
			switch {
			case errors.Is(r.err, io.EOF):
				_ = out.event("complete", nil)
				return
			case r.err != nil: // without complete, so that the client connects again
				return
			}
			if err = p.check(ctx, false); err == nil {
				err = out.event("next", r.data)
			}
		}
		if err != nil {
			return
		}
	}
}

type eventWriter struct {
	w       http.ResponseWriter
	c       *http.ResponseController
	timeout time.Duration
}

func (e eventWriter) event(name string, data []byte) error {
	// JSON has no line breaks but those between its values.
	return e.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, bytes.ReplaceAll(data, []byte("\n"), []byte(" "))))
}

func (e eventWriter) write(text string) error {
	_ = e.c.SetWriteDeadline(time.Now().Add(e.timeout)) // else that of the server holds
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.c.Flush()
}
