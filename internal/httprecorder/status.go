package httprecorder

import "net/http"

// StatusWriter passes an answer on, and notes its status.
type StatusWriter struct {
	http.ResponseWriter
	Status int // to begin with, that of an answer whose handler names none
}

// WriteHeader implements http.ResponseWriter.
func (w *StatusWriter) WriteHeader(status int) {
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *StatusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
