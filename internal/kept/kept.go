// Package kept keeps answers that are the same for everybody in memory, until an event
// says that what they were made from has changed.
package kept

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Answer is an answer as it is sent.
type Answer struct {
	Header http.Header
	Body   []byte
	ETag   string
	// Modified is a moment since which nothing has changed; zero: it is not known to the
	// second.
	Modified time.Time
}

// NewAnswer gives an answer with the tag of its body.
func NewAnswer(header http.Header, body []byte) *Answer {
	return &Answer{Header: header, Body: body, ETag: httpheader.ETag(body)}
}

// Of says what an answer is made from.
type Of int

// What answers are made from.
const (
	// Articles are articles, what they belong to, pages and the settings of the site.
	Articles Of = iota
	// Discussion is all of that, and comments with the names of those who wrote them.
	Discussion
)

// maxAge is how long an answer is kept where nothing changes: the news of two days grow
// old by themselves.
const maxAge = time.Minute

// maxBytes bounds an answer that is kept.
const maxBytes = 512 << 10

// Answers are those of one node, by what was asked for.
type Answers struct {
	name               string
	within             time.Duration
	articles, comments atomic.Int64 // count what happened to them
	answers            *lru.Cache[string, *entry]
	making             singleflight.Group
}

type entry struct {
	*Answer

	made               time.Time
	articles, comments int64 // the counts when it was made; below zero: does not matter
}

// New keeps at most so many answers, each of which is made within a time. The name is
// that of the consumer of events.
func New(name string, most int, within time.Duration) *Answers {
	cache, _ := lru.New[string, *entry](most) // fails for sizes below 1
	return &Answers{name: name, within: within, answers: cache}
}

// Name implements event.Consumer.
func (a *Answers) Name() string { return a.name }

// Consume implements event.Consumer.
func (a *Answers) Consume(_ context.Context, events []event.Event) error {
	for _, e := range events {
		switch e.Entity {
		case id.Comment, id.User:
			a.comments.Add(1)
		case id.Article, id.LiveEntry, id.Category, id.Tag, id.Place, id.Series, id.Author, id.Media, id.Page, id.Redirect, event.Site, "":
			a.articles.Add(1)
		}
	}
	return nil
}

// Get gives a kept answer that is still right; nil when there is none.
func (a *Answers) Get(key string, now time.Time) *Answer {
	e, ok := a.answers.Get(key)
	if !ok || e.articles != a.articles.Load() || e.comments >= 0 && e.comments != a.comments.Load() || now.Sub(e.made) > maxAge {
		return nil
	}
	return e.Answer
}

// Make makes an answer and keeps it. Who asks for the same meanwhile waits for it, unless
// something has happened since it was begun; one that goes away does not end it for the
// others. A nil answer is not kept.
func (a *Answers) Make(ctx context.Context, key string, of Of, now time.Time, build func(ctx context.Context) (*Answer, error)) (*Answer, error) {
	// The counts are taken before reading: what changes meanwhile makes it old.
	e := &entry{made: now, articles: a.articles.Load(), comments: -1}
	if of == Discussion {
		e.comments = a.comments.Load()
	}
	made, err, _ := a.making.Do(fmt.Sprintf("%d %d %s", e.articles, e.comments, key), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.within)
		defer cancel()
		var err error
		if e.Answer, err = build(ctx); err == nil && e.Answer != nil && len(e.Body) <= maxBytes {
			a.answers.Add(key, e)
		}
		return e.Answer, err
	})
	if err != nil {
		return nil, err
	}
	answer, _ := made.(*Answer)
	return answer, nil
}
