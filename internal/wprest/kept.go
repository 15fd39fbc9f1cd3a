package wprest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Bounds of what is kept in memory, and for how long where nothing changes.
const (
	keepAnswers = 100
	keepBytes   = 512 << 10
	keepFor     = time.Minute
	buildWithin = 10 * time.Second
)

// answered is an answer as it is sent.
type answered struct {
	header http.Header // X-WP-Total, X-WP-TotalPages, Link
	body   []byte
	etag   string
	made   time.Time
	change int64 // the count of changes when it was made
}

// kept are answers that were made, until an event says that they may be out of date:
// they are the same for everybody.
type kept struct {
	changes atomic.Int64
	answers *lru.Cache[string, *answered]
	making  singleflight.Group
}

func newKept() *kept {
	cache, _ := lru.New[string, *answered](keepAnswers) // fails for sizes below 1
	return &kept{answers: cache}
}

// Name implements event.Consumer.
func (k *kept) Name() string { return "wordpress" }

// Consume implements event.Consumer.
func (k *kept) Consume(_ context.Context, events []event.Event) error {
	for _, e := range events {
		switch e.Entity {
		case id.Comment, id.Article, id.LiveEntry, id.Category, id.Tag, id.Place, id.Series, id.Author, id.Media, id.Page, event.Site, id.User, "":
			k.changes.Add(1)
		}
	}
	return nil
}

// keptAnswer gives an answer that was made, if it is still right, or makes it.
func (s *Service) keptAnswer(ctx context.Context, r *http.Request) (*answered, error) {
	key := r.URL.Path + "?" + r.URL.RawQuery
	if parsed, err := url.ParseQuery(r.URL.RawQuery); err == nil {
		key = r.URL.Path + "?" + parsed.Encode()
	}
	if a, ok := s.kept.answers.Get(key); ok && a.change == s.kept.changes.Load() && time.Since(a.made) < keepFor {
		return a, nil
	}
	// Who asks meanwhile waits for the same; one that goes away must not end it for the
	// others.
	made, err, _ := s.kept.making.Do(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buildWithin)
		defer cancel()
		// The count is taken before reading: what changes meanwhile makes it old.
		a := &answered{header: http.Header{}, made: time.Now(), change: s.kept.changes.Load()}
		value, err := s.answer(ctx, a.header, r)
		if err != nil {
			return nil, err
		}
		if a.body, err = json.Marshal(value); err != nil {
			return nil, fmt.Errorf("write an answer: %w", err)
		}
		sum := sha256.Sum256(a.body)
		a.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
		if len(a.body) <= keepBytes {
			s.kept.answers.Add(key, a)
		}
		return a, nil
	})
	if err != nil {
		return nil, err
	}
	a, _ := made.(*answered)
	return a, nil
}
