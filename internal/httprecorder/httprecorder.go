// Package httprecorder keeps the answer of a handler in memory, for those who call one
// themselves, or notes its status.
package httprecorder

import (
	"bytes"
	"net/http"
)

// Recorder is an http.ResponseWriter that keeps what is written to it. The zero
// Recorder is empty.
type Recorder struct {
	Body   bytes.Buffer
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (r *Recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

// WriteHeader implements http.ResponseWriter: the first status counts.
func (r *Recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *Recorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.Body.Write(data)
}

// Status is that of the answer: 0 until something is written.
func (r *Recorder) Status() int { return r.status }
