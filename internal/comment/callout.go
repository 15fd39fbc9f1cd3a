package comment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/id"
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
	URL      string
	Deadline time.Duration // 0 means two seconds
	Client   *http.Client
	Logger   *slog.Logger
}

// maxVerdict bounds the answer of the service, in bytes.
const maxVerdict = 10_000

func (m *ModerationService) ask(ctx context.Context, d *draft) Verdict {
	verdict, err := m.post(ctx, d)
	if err != nil && m.Logger != nil {
		m.Logger.WarnContext(ctx, "the moderation service gave no verdict", "error", err)
	}
	return verdict
}

func (m *ModerationService) post(ctx context.Context, d *draft) (Verdict, error) {
	deadline := m.Deadline
	if deadline == 0 {
		deadline = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	body, err := json.Marshal(map[string]any{"articleId": id.Encode(id.Article, d.ArticleID), "body": d.Body, "isGuest": !d.isMember})
	if err != nil {
		return NoVerdict, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(body))
	if err != nil {
		return NoVerdict, err
	}
	request.Header.Set("Content-Type", "application/json")
	client := m.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return NoVerdict, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Verdict Verdict `json:"verdict"`
	}
	if response.StatusCode != http.StatusOK {
		return NoVerdict, fmt.Errorf("status %d", response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxVerdict)).Decode(&answer); err != nil {
		return NoVerdict, err
	}
	if answer.Verdict != ApproveVerdict && answer.Verdict != HoldVerdict && answer.Verdict != SpamVerdict {
		return NoVerdict, fmt.Errorf("verdict %.40q", answer.Verdict)
	}
	return answer.Verdict, nil
}
