package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

type probeCommand struct {
	URL     string        `arg:"" help:"Address to ask." default:"http://localhost:8080/readyz"`
	Timeout time.Duration `help:"How long it may take." default:"3s"`
}

// maxProbe bounds what is read of an answer, in bytes.
const maxProbe = 1000

// Run asks, and fails unless the answer is 200.
func (c *probeCommand) Run(ctx context.Context, s *streams) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return fmt.Errorf("%q: %w", c.URL, err)
	}
	// The certificate is for the name that clients know, not for localhost.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}} //nolint:gosec // G402: nothing is told to the server, and nothing believed but a status
	w, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(w.Body, maxProbe))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if w.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", c.URL, w.StatusCode, strings.TrimSpace(string(text)))
	}
	_, err = fmt.Fprintf(s.out, "%s\n", strings.TrimSpace(string(text)))
	return err
}
