package document

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
)

// cache keeps documents by their text, those used last, within a number of
// bytes.
type cache struct {
	mu        sync.Mutex
	most      int
	bytes     int
	documents *simplelru.LRU[string, kept]
}

type kept struct {
	doc   *ast.QueryDocument
	bytes int
}

func newCache(most int) *cache {
	c := &cache{most: most}
	// Each entry takes more than a byte, so this many never fit.
	c.documents, _ = simplelru.NewLRU(max(1, most), func(_ string, k kept) { c.bytes -= k.bytes }) // fails for sizes below 1
	return c
}

func (c *cache) get(text string) (*ast.QueryDocument, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.documents.Get(text)
	return k.doc, ok
}

// add keeps a document unless it would take an eighth of the cache by itself.
func (c *cache) add(text string, doc *ast.QueryDocument, bytes int) {
	if bytes > c.most/8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.documents.Contains(text) {
		return
	}
	c.documents.Add(text, kept{doc, bytes})
	for c.bytes += bytes; c.bytes > c.most; {
		c.documents.RemoveOldest()
	}
}
