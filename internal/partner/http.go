package partner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
)

// Authenticate answers a request that brings an API key: it looks the key up,
// counts the request against its quota and says in RateLimit headers what is
// left. Whatever comes next finds the key with Of.
func (s *Service) Authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		k, quota, err := s.Use(r.Context(), strings.TrimSpace(token), access.OriginOf(r.Context()).Address)
		w.Header().Set("Cache-Control", "private, no-store")
		switch {
		case errors.Is(err, ErrUnknownKey), errors.Is(err, ErrExpiredKey), errors.Is(err, ErrRevokedKey):
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			refuse(w, http.StatusUnauthorized, fault.Unauthenticated, err.Error())
			return
		case errors.Is(err, ErrAddress):
			refuse(w, http.StatusForbidden, fault.Forbidden, err.Error())
			return
		case err != nil:
			refuse(w, http.StatusServiceUnavailable, fault.Internal, "The key cannot be looked up at the moment: try again.")
			return
		}
		reset := strconv.Itoa(int(quota.Reset.Seconds()))
		w.Header().Set("RateLimit-Limit", strconv.Itoa(quota.Limit))
		w.Header().Set("RateLimit-Remaining", strconv.Itoa(quota.Remaining))
		w.Header().Set("RateLimit-Reset", reset)
		if quota.Exceeded {
			w.Header().Set("Retry-After", reset)
			refuse(w, http.StatusTooManyRequests, fault.RateLimited, "The quota of the key is used up: try again after the time in Retry-After.")
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), k)))
	})
}

// refuse answers with an error, in the form of GraphQL's.
func refuse(w http.ResponseWriter, status int, code fault.Code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}}}) // the client may be gone
}

// statusOf are the HTTP statuses of faults; 500 for all else.
var statusOf = map[fault.Code]int{
	fault.BadUserInput: http.StatusBadRequest, fault.CursorInvalid: http.StatusBadRequest, fault.CursorExpired: http.StatusGone,
	fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound, fault.Unauthenticated: http.StatusUnauthorized,
}

func fail(w http.ResponseWriter, err error) {
	f, ok := errors.AsType[*fault.Error](err)
	switch status := statusOf[fault.CodeOf(err)]; {
	case ok && status != 0:
		refuse(w, status, fault.CodeOf(err), f.Message)
	default:
		refuse(w, http.StatusInternalServerError, fault.Internal, "internal error")
	}
}

// Handler answers what is below /partner/ to requests with a key, and the links of
// mails to everybody who has one.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /partner/changes", s.serveChanges)
	mux.HandleFunc("GET /partner/snapshot", s.serveSnapshot)
	mux.HandleFunc("GET /partner/articles/{id}", s.serveArticle)
	mux.HandleFunc("GET /partner/articles/{id}/comments", s.serveComments)
	mux.HandleFunc("GET /partner/comments/{id}", s.serveComment)
	mux.HandleFunc("POST /partner/acknowledgements", s.serveAcknowledgement)
	confirmations := mail.Unlisted(http.HandlerFunc(s.serveConfirmation))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, confirmPath):
			confirmations.ServeHTTP(w, r)
		case strings.Contains(r.URL.RawQuery, Prefix):
			refuse(w, http.StatusBadRequest, fault.BadUserInput, "A key has no place in an address, which is logged on its way: send it as Authorization: Bearer, and rotate this one.")
		case Of(r.Context()) == nil:
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, fault.Unauthenticated, "Send an API key as Authorization: Bearer.")
		default:
			if !known(mux, r) {
				refuse(w, http.StatusNotFound, fault.NotFound, "There is nothing at this address.")
				return
			}
			mux.ServeHTTP(w, r)
		}
	})
}

// known reports whether there is something at the address of a request, for whatever
// method: of that, the mux says what methods there are.
func known(mux *http.ServeMux, r *http.Request) bool {
	if _, pattern := mux.Handler(r); pattern != "" {
		return true
	}
	other := r.Clone(r.Context())
	for _, other.Method = range []string{http.MethodGet, http.MethodPost} {
		if _, pattern := mux.Handler(other); pattern != "" {
			return true
		}
	}
	return false
}

type changeJSON struct {
	Cursor    string          `json:"cursor"`
	Type      ChangeType      `json:"type"`
	Reason    Reason          `json:"reason,omitempty"`
	At        time.Time       `json:"at"`
	ArticleID string          `json:"articleId"`
	Article   json.RawMessage `json:"article"`
}

type pageJSON struct {
	Changes []changeJSON `json:"changes"`
	Next    string       `json:"next"`
	HasMore bool         `json:"hasMore"`
}

// maxWait bounds how long a request for changes waits for the first, in seconds;
// writeWithin is how long the answer may take then.
const (
	maxWait     = 60
	writeWithin = 30 * time.Second
)

// number reads a parameter of the query; 0 when it is left out.
func number(r *http.Request, name string, least, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fault.BadInput(name, "%q is no number between %d and %d", name, least, most)
	}
	return n, nil
}

func (s *Service) serveChanges(w http.ResponseWriter, r *http.Request) {
	k, query := Of(r.Context()), r.URL.Query()
	first, err := number(r, "first", 1, MaxPage)
	if err != nil {
		fail(w, err)
		return
	}
	wait, err := number(r, "wait", 0, maxWait)
	if err != nil {
		fail(w, err)
		return
	}
	if wait > 0 { // longer than the server otherwise lets an answer take
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Duration(wait)*time.Second + writeWithin)) // not supported: the usual one
	}
	var types []ChangeType
	for t := range strings.SplitSeq(query.Get("types"), ",") {
		if t != "" {
			types = append(types, ChangeType(t))
		}
	}
	page, err := s.waitForChanges(r.Context(), k, query.Get("after"), first, types, time.Duration(wait)*time.Second)
	if err != nil {
		fail(w, err)
		return
	}
	out := pageJSON{Changes: make([]changeJSON, len(page.Changes)), Next: page.Next, HasMore: page.HasMore}
	for i, c := range page.Changes {
		out.Changes[i] = changeJSON{c.Cursor, c.Type, c.Reason, c.At, id.Encode(id.Article, c.ArticleID), nil}
		if c.Story != nil {
			if out.Changes[i].Article, err = ninjs.Encode(c.Story.Item); err != nil {
				fail(w, err)
				return
			}
		}
	}
	write(w, r, "application/json", out)
}

// waitForChanges asks for changes, and while there are none again whenever
// something was committed, until the time is up.
func (s *Service) waitForChanges(ctx context.Context, k *Key, after string, first int, types []ChangeType, wait time.Duration) (*Page, error) {
	if end, ok := ctx.Deadline(); ok { // of the server for any request: leave time to answer
		wait = max(0, min(wait, time.Until(end)-time.Second))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	// An event that an older transaction holds back comes without a wake.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		woken := s.log.Woken()
		page, err := s.Changes(ctx, k, after, first, types)
		if err != nil || len(page.Changes) > 0 || wait == 0 {
			return page, err
		}
		after = page.Next
		if page.HasMore {
			continue
		}
		select {
		case <-ctx.Done():
			return page, ctx.Err()
		case <-timer.C:
			return page, nil
		case <-woken:
		case <-tick.C:
		}
	}
}

// End gives the cursor of what has not happened yet.
func (s *Service) End(ctx context.Context, k *Key) (string, error) {
	head, err := s.log.Head(access.AsSystem(ctx))
	if err != nil {
		return "", err
	}
	return k.changesAt(head), nil
}

// CheckChanges refuses a key, cursor or types that Follow could not begin with.
func (s *Service) CheckChanges(ctx context.Context, k *Key, after string, types []ChangeType) error {
	_, err := s.from(ctx, k, after, types)
	return err
}

// Follow tells of the changes after a cursor, as Changes gives them, until ctx ends
// or told fails. Pages without changes are not told.
func (s *Service) Follow(ctx context.Context, k *Key, after string, types []ChangeType, told func(*Page) error) error {
	for {
		page, err := s.waitForChanges(ctx, k, after, DefaultPage, types, followAtOnce)
		if err != nil {
			return err
		}
		after = page.Next
		if len(page.Changes) == 0 {
			continue
		}
		if err := told(page); err != nil {
			return err
		}
	}
}

// followAtOnce is how long Follow waits before it begins to wait again.
const followAtOnce = time.Hour

func (s *Service) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	first, err := number(r, "first", 1, MaxPage)
	if err != nil {
		fail(w, err)
		return
	}
	page, err := s.Snapshot(r.Context(), Of(r.Context()), r.URL.Query().Get("after"), first)
	if err != nil {
		fail(w, err)
		return
	}
	out := struct {
		Articles []json.RawMessage `json:"articles"`
		Next     string            `json:"next,omitempty"`
		Changes  string            `json:"changes"`
	}{Articles: make([]json.RawMessage, len(page.Stories)), Next: page.Next, Changes: page.Changes}
	for i, story := range page.Stories {
		if out.Articles[i], err = ninjs.Encode(story.Item); err != nil {
			fail(w, err)
			return
		}
	}
	write(w, r, "application/json", out)
}

func (s *Service) serveArticle(w http.ResponseWriter, r *http.Request) {
	prefix, key, err := id.Decode(r.PathValue("id"))
	if err != nil || prefix != id.Article {
		fail(w, fault.New(fault.NotFound, "There is no such article."))
		return
	}
	k := Of(r.Context())
	stories, err := s.Available(r.Context(), k, []int{key})
	switch {
	case err != nil:
		fail(w, err)
		return
	case stories[key] == nil:
		fail(w, fault.New(fault.NotFound, "There is no such article."))
		return
	}
	if err := s.remember(r.Context(), k, map[int]copyRow{key: {Article: key, Version: stories[key].Version}}); err != nil {
		fail(w, err)
		return
	}
	text, err := ninjs.Encode(stories[key].Item)
	if err != nil {
		fail(w, err)
		return
	}
	write(w, r, "application/json", json.RawMessage(text))
}

func (s *Service) serveAcknowledgement(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Cursor string `json:"cursor"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Cursor == "" {
		fail(w, fault.BadInput("cursor", `send {"cursor": "…"}, the cursor of the change that took the article away`))
		return
	}
	if err := s.Acknowledge(r.Context(), Of(r.Context()), in.Cursor); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// write answers with JSON and an ETag, or 304 when the client has it.
func write(w http.ResponseWriter, r *http.Request, contentType string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		fail(w, fmt.Errorf("write an answer: %w", err))
		return
	}
	etag := httpheader.ETag(text)
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Add("Vary", "Authorization")
	if httpheader.HasETag(r.Header["If-None-Match"], etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(text) // the client may be gone
}
