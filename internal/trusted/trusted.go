// Package trusted keeps the GraphQL documents that clients registered before they
// send them: a request names one by its id, and a site may answer no others.
package trusted

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Bounds of what is kept.
const (
	MaxDocuments = 50_000
	MaxIDBytes   = 200
	maxKnown     = 1_000       // documents and absences in memory
	knownFor     = time.Minute // so long a node may answer a document that was removed
)

// Document is a document with the id that clients name it by.
type Document struct {
	ID   string
	Text string
	At   time.Time // when it was registered
}

// Hash is the SHA-256 of a document's text in hexadecimal digits, which is one of
// its ids.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ID is the id that a request means: the prefix of the draft, "sha256:", is left
// out.
func ID(named string) string { return strings.TrimPrefix(named, "sha256:") }

// Store keeps the documents of one database.
type Store struct {
	db  *store.DB
	now func() time.Time

	included map[string]string // by id; of this program, not of the database

	mu    sync.Mutex
	known *simplelru.LRU[string, known]
}

// Include adds documents that belong to the program itself, by their ids and their
// hashes, before anything is asked for.
func (s *Store) Include(documents map[string]string) {
	s.included = make(map[string]string, 2*len(documents))
	for id, text := range documents {
		s.included[id], s.included[Hash(text)] = text, text
	}
}

// known is what was read of an id.
type known struct {
	text  string
	there bool
	until time.Time
}

// New gives the documents of a database.
func New(db *store.DB) *Store {
	s := &Store{db: db, now: time.Now}
	s.known, _ = simplelru.NewLRU[string, known](maxKnown, nil) // fails for sizes below 1
	return s
}

var (
	textSQL  = store.MaintainBoth(`SELECT text FROM trusted_documents WHERE document_id = $1`)
	nextSQL  = store.MaintainBoth(`SELECT document_id, text, created_at FROM trusted_documents WHERE document_id > $1 ORDER BY document_id LIMIT $2`)
	countSQL = store.MaintainBoth(`SELECT count(*) FROM trusted_documents`)
	addSQL   = store.MaintainBoth(`INSERT INTO trusted_documents (document_id, text, created_at) VALUES ($1, $2, $3)`)
	dropSQL  = store.MaintainBoth(`DELETE FROM trusted_documents WHERE document_id = $1`)
)

// Text gives the document of an id. What it answers may be a minute old.
func (s *Store) Text(ctx context.Context, id string) (text string, there bool, err error) {
	if !valid(id) {
		return "", false, nil
	}
	if text, there := s.included[id]; there {
		return text, true, nil
	}
	now := s.now()
	s.mu.Lock()
	k, ok := s.known.Get(id)
	s.mu.Unlock()
	if ok && now.Before(k.until) {
		return k.text, k.there, nil
	}
	found, err := store.Collect(ctx, s.db, textSQL, store.ScanText, id)
	if err != nil {
		return "", false, fmt.Errorf("look up a document: %w", err)
	}
	k = known{there: len(found) > 0, until: now.Add(knownFor)}
	if k.there {
		k.text = found[0]
	}
	s.mu.Lock()
	s.known.Add(id, k)
	s.mu.Unlock()
	return k.text, k.there, nil
}

// Push stores documents, each also under its hash, all or none. It gives how many
// ids are new. An id stays with its text: another text for it is a mistake.
func (s *Store) Push(ctx context.Context, documents ...Document) (added int, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		added = 0
		for _, d := range documents {
			for _, id := range []string{d.ID, Hash(d.Text)} {
				isNew, err := s.put(ctx, id, d.Text)
				if err != nil {
					return err
				}
				added += isNew
			}
		}
		counts, err := store.Collect(ctx, s.db, countSQL, store.ScanInt)
		if err == nil && counts[0] > MaxDocuments {
			err = fault.Mistake(fault.LimitReached, "", "There can be %d ids of documents at most.", MaxDocuments)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store documents: %w", err)
	}
	s.forget()
	return added, nil
}

func (s *Store) put(ctx context.Context, id, text string) (added int, err error) {
	if !valid(id) {
		return 0, fault.Mistake(fault.Invalid, "id", "The id %.40q of a document must have 1 to %d letters, digits and characters of . _ : / -", id, MaxIDBytes)
	}
	found, err := store.Collect(ctx, s.db, textSQL, store.ScanText, id)
	switch {
	case err != nil:
		return 0, err
	case len(found) > 0 && found[0] != text:
		return 0, fault.Mistake(fault.Taken, "id", "The id %s names another document: an id stays with its text.", id)
	case len(found) > 0:
		return 0, nil
	}
	_, err = s.db.Exec(ctx, addSQL, id, text, s.now().UTC())
	return 1, err
}

// Remove takes ids away and gives how many were there.
func (s *Store) Remove(ctx context.Context, ids ...string) (removed int, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		removed = 0
		for _, id := range ids {
			result, err := s.db.Exec(ctx, dropSQL, ID(id))
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			removed += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("remove documents: %w", err)
	}
	s.forget()
	return removed, nil
}

// Each calls do with every document, in the order of their ids.
func (s *Store) Each(ctx context.Context, do func(Document) error) error {
	const page = 100
	for after := ""; ; {
		rows, err := store.Collect(ctx, s.db, nextSQL, func(rows *sql.Rows) (d Document, err error) {
			return d, rows.Scan(&d.ID, &d.Text, &d.At)
		}, after, page)
		if err != nil {
			return fmt.Errorf("read documents: %w", err)
		}
		for _, d := range rows {
			if err := do(d); err != nil {
				return err
			}
			after = d.ID
		}
		if len(rows) < page {
			return nil
		}
	}
}

func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.Purge()
}

// valid reports whether an id can name a document.
func valid(id string) bool {
	return id != "" && len(id) <= MaxIDBytes && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("._:/-", r)
	})
}
