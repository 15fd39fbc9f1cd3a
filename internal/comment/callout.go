package comment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Verdict is what a moderation service says of a comment.
type Verdict string

// The verdicts. NoVerdict stands for a service that did not answer as it
// should: the comment waits for a moderator.
const (
	ApproveVerdict Verdict = "APPROVE"
	HoldVerdict    Verdict = "HOLD"
	SpamVerdict    Verdict = "SPAM"
	NoVerdict      Verdict = ""
)

func (v Verdict) reasons() []Reason {
	switch v {
	case ApproveVerdict:
		return nil
	case HoldVerdict, SpamVerdict:
		return []Reason{External}
	}
	return []Reason{ServiceDown}
}

// ModerationService is a server that is asked about each comment before it is
// shown: by POST, with a JSON object {"articleId", "body", "isGuest"}. It answers
// {"verdict": "APPROVE" | "HOLD" | "SPAM"} before the deadline, or the comment
// waits for a moderator. It is told neither names nor addresses.
type ModerationService struct {
	url, token string
	deadline   time.Duration
	client     *http.Client
	logger     *slog.Logger
}

// maxAsked is how many comments the service is asked about at once; others wait
// for one of these to end, within their own deadline.
const maxAsked = 16

// NewModerationService gives the service at an address that the operator chose:
// unlike addresses that come from elsewhere it may be one of a private network.
// Redirects are not followed, so no other server can be reached by it. A token is
// sent as "Authorization: Bearer …"; empty: none is.
func NewModerationService(url, token string, deadline time.Duration, logger *slog.Logger) *ModerationService {
	transport := &http.Transport{
		DialContext: (&net.Dialer{Timeout: deadline}).DialContext, TLSHandshakeTimeout: deadline, ForceAttemptHTTP2: true,
		MaxConnsPerHost: maxAsked, MaxIdleConnsPerHost: maxAsked, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10,
	}
	return &ModerationService{url: url, token: token, deadline: deadline, logger: logger, client: &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// question is what the service is asked.
type question struct {
	ArticleID string `json:"articleId"`
	Body      string `json:"body"`
	IsGuest   bool   `json:"isGuest"`
}

// maxVerdict bounds the answer of the service, in bytes.
const maxVerdict = 10_000

func (m *ModerationService) ask(ctx context.Context, q question) Verdict {
	verdict, err := m.post(ctx, q)
	if err != nil {
		m.logger.WarnContext(ctx, "the moderation service gave no verdict: the comment waits for a moderator", "error", err)
	}
	return verdict
}

func (m *ModerationService) post(ctx context.Context, q question) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, m.deadline)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return NoVerdict, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return NoVerdict, err
	}
	request.Header.Set("Content-Type", "application/json")
	if m.token != "" {
		request.Header.Set("Authorization", "Bearer "+m.token)
	}
	response, err := m.client.Do(request)
	if err != nil {
		return NoVerdict, err
	}
	defer func() { _ = response.Body.Close() }() // what was read is all that is wanted
	if response.StatusCode != http.StatusOK {
		return NoVerdict, fmt.Errorf("status %d", response.StatusCode)
	}
	var answer struct {
		Verdict Verdict `json:"verdict"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxVerdict)).Decode(&answer); err != nil {
		return NoVerdict, err
	}
	if answer.Verdict != ApproveVerdict && answer.Verdict != HoldVerdict && answer.Verdict != SpamVerdict {
		return NoVerdict, fmt.Errorf("verdict %.40q", answer.Verdict)
	}
	return answer.Verdict, nil
}
