package graph

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/broadsheet-cms/broadsheet/graph/cache"
	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

// persisted finds the documents that requests name in place of sending them: those
// that were registered before, and those that a request registered with its hash.
//
// Sources: GraphQL over HTTP, appendix on persisted documents, working draft;
// Apollo's protocol of automatic persisted queries, version 1.
type persisted struct {
	registered *trusted.Store
	only       bool       // whether no other document is answered
	automatic  *textCache // nil: requests register none
}

// maxAutomaticBytes bounds the documents that requests registered.
const maxAutomaticBytes = 8 << 20

// restricted reports whether who sends a request may execute registered documents
// only: by the settings, or by the API key.
func (p persisted) restricted(ctx context.Context) bool {
	return p.only || restrictedByKey(ctx)
}

func restrictedByKey(ctx context.Context) bool {
	key := partner.Of(ctx)
	return key != nil && key.TrustedDocumentsOnly
}

// find puts the document of a request in its place.
func (p persisted) find(ctx context.Context, q *request) *refusal {
	hash, refused := hashOf(q.Extensions)
	switch {
	case refused != nil:
		return refused
	case q.hasQuery && q.documentID != "":
		return refuse(http.StatusBadRequest, `send "query" or "documentId", not both`)
	case q.hasQuery && hash != "" && trusted.Hash(q.Query) != hash:
		return refuse(http.StatusBadRequest, "the hash of the persisted query is not that of the document")
	case q.hasQuery && !p.restricted(ctx):
		q.register = hash
		return nil
	case q.hasQuery:
		return p.allow(ctx, q)
	case hash == "" && q.documentID == "":
		return refuse(http.StatusBadRequest, `the request has no "query"`)
	}
	named := trusted.ID(q.documentID)
	if named == "" {
		named = hash
	}
	return p.named(ctx, q, named, hash)
}

// named finds the document of an id or hash.
func (p persisted) named(ctx context.Context, q *request, id, hash string) *refusal {
	if hash != "" && p.automatic != nil {
		if text, ok := p.automatic.get(hash); ok && !p.restricted(ctx) {
			q.Query = text
			return nil
		}
	}
	text, there, refused := p.text(ctx, id)
	switch {
	case refused != nil:
		return refused
	case there:
		q.Query = text
		return nil
	case q.documentID == "" && p.automatic == nil && !p.restricted(ctx):
		// The words are those that Apollo's clients look for.
		return because(http.StatusBadRequest, fault.PersistedQueryNotSupported, "PersistedQueryNotSupported")
	}
	return because(http.StatusBadRequest, fault.PersistedQueryNotFound, "PersistedQueryNotFound")
}

// allow refuses a document that was not registered.
func (p persisted) allow(ctx context.Context, q *request) *refusal {
	_, there, refused := p.text(ctx, trusted.Hash(q.Query))
	if refused == nil && !there {
		refused = because(http.StatusForbidden, fault.DocumentNotTrusted, "only documents that were registered are answered: by this site, or for this key")
	}
	return refused
}

func (p persisted) text(ctx context.Context, id string) (string, bool, *refusal) {
	if p.registered == nil {
		return "", false, nil
	}
	text, there, err := p.registered.Text(ctx, id)
	if there {
		cache.Named(ctx, id)
	}
	if err != nil {
		return "", false, because(http.StatusServiceUnavailable, fault.TryAgain, "the document cannot be looked up at the moment: try again later")
	}
	return text, there, nil
}

// memory is what the cache of answers asks of the endpoint.
type memory struct {
	persisted persisted
	observed  func(Observed)
}

// Unread implements cache.Endpoint. What was answered to others may be a document
// that a restricted key must not send.
func (m memory) Unread(ctx context.Context) bool { return !restrictedByKey(ctx) }

// Registered implements cache.Endpoint.
func (m memory) Registered(ctx context.Context, id string) bool {
	_, there, refused := m.persisted.text(ctx, id)
	return refused == nil && there
}

// Answered implements cache.Endpoint.
func (m memory) Answered(name string, took time.Duration) {
	if m.observed != nil {
		m.observed(Observed{Name: name, Type: "query", FromMemory: true, Took: took})
	}
}

// hashOf gives the hash of extensions.persistedQuery, empty when there is none.
func hashOf(extensions map[string]any) (string, *refusal) {
	given, ok := extensions["persistedQuery"]
	if !ok || given == nil {
		return "", nil
	}
	query, ok := given.(map[string]any)
	if !ok {
		return "", refuse(http.StatusBadRequest, "extensions.persistedQuery must be an object")
	}
	hash, ok := query["sha256Hash"].(string)
	if !ok || len(hash) != 64 {
		return "", refuse(http.StatusBadRequest, "extensions.persistedQuery.sha256Hash must be a SHA-256 in hexadecimal digits")
	}
	if version, given := query["version"]; given && !isOne(version) {
		return "", refuse(http.StatusBadRequest, "extensions.persistedQuery.version must be 1")
	}
	return hash, nil
}

func isOne(value any) bool {
	n, ok := value.(interface{ Int64() (int64, error) }) // a json.Number
	if !ok {
		return false
	}
	v, err := n.Int64()
	return err == nil && v == 1
}

// textCache keeps documents by their hash, those used last, within a number of
// bytes.
type textCache struct {
	mu    sync.Mutex
	bytes int
	texts *simplelru.LRU[string, string]
}

func newTextCache() *textCache {
	c := &textCache{}
	c.texts, _ = simplelru.NewLRU(maxAutomaticBytes, func(hash, text string) { c.bytes -= len(hash) + len(text) }) // fails for sizes below 1
	return c
}

func (c *textCache) get(hash string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.texts.Get(hash)
}

// add keeps a document. Documents are far smaller than what is kept.
func (c *textCache) add(hash, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts.Contains(hash) {
		return
	}
	c.texts.Add(hash, text)
	for c.bytes += len(hash) + len(text); c.bytes > maxAutomaticBytes; {
		c.texts.RemoveOldest()
	}
}

// Documents checks documents against the schema, as the endpoint does.
func Documents(limits document.Limits) *document.Store {
	return document.NewStore(offered(), document.Options{Limits: limits})
}
