// Package partner lets other sites keep a copy of the newsroom's content: keys
// with what each is entitled to, the feed of changes, and the record of what a
// partner carries.
package partner

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Prefix is what every key begins with, so that people and scanners of source
// code know one when they see it.
const Prefix = "bsk_"

// Scope is something that a key may be used for.
type Scope string

// The scopes.
const (
	Published Scope = "PUBLISHED" // read what is published
	Embargoed Scope = "EMBARGOED" // read what is under embargo, ahead of its moment
	Changes   Scope = "CHANGES"   // follow the feed of changes
	Webhooks  Scope = "WEBHOOKS"  // be told of changes by webhooks
	Comments  Scope = "COMMENTS"  // read comments, and be told of them
)

// Scopes lists all of them.
func Scopes() []Scope { return []Scope{Published, Embargoed, Changes, Webhooks, Comments} }

// Entitlement is which articles a key may have. Conditions add up; an empty one
// lets everything pass.
type Entitlement struct {
	// Categories, with all sections below them, and Tags: an article in any of
	// either passes.
	Categories []int          `json:"categories,omitempty"`
	Tags       []int          `json:"tags,omitempty"`
	Kinds      []article.Kind `json:"kinds,omitempty"`
	Languages  []string       `json:"languages,omitempty"`
	// OwnRights lets only articles pass whose rights are the newsroom's own: no
	// text of agencies.
	OwnRights bool `json:"ownRights,omitempty"`
}

// Key is the access of one partner.
type Key struct {
	ID          int
	Name        string // of the partner
	Scopes      []Scope
	Entitlement Entitlement
	// Addresses are the networks that may use it; none: all.
	Addresses []netip.Prefix
	// QuotaMinute and QuotaDay bound its requests; 0 means the default.
	QuotaMinute, QuotaDay int
	// TrustedDocumentsOnly says that it executes only documents that were registered.
	TrustedDocumentsOnly bool
	// ContactEmail is where its partner is written to; empty: nowhere.
	ContactEmail string
	CreatedAt    time.Time
	ExpiresAt    *time.Time
	RevokedAt    *time.Time
	LastUsedAt   *time.Time
	// Hints are the beginnings of its secrets that are valid.
	Hints []string

	cursorSecret string
}

// PublicID is its id in the API.
func (k *Key) PublicID() string { return id.Encode(id.APIKey, k.ID) }

// IsNode marks types that node(id:) finds.
func (*Key) IsNode() {}

// Has reports whether the key has a scope.
func (k *Key) Has(s Scope) bool { return slices.Contains(k.Scopes, s) }

// The quotas of a key that names none.
const (
	DefaultQuotaMinute = 600
	DefaultQuotaDay    = 100_000
)

// Service keeps the keys of one database and answers them.
type Service struct {
	db       *store.DB
	log      *event.Log
	articles *content.Service
	dir      *directory.Directory
	comments *comment.Service
	audit    *audit.Log
	ways     []Reminding
	mails    *byMail // nil: none are sent
	// ServerURL is where this server is reached from outside, for links in mails.
	ServerURL string
	// Now is the clock, for tests.
	Now func() time.Time
	// Sealer seals what the cursors of keys are signed by.
	Sealer secret.Sealer
}

// New gives the service.
func New(db *store.DB, log *event.Log, articles *content.Service, comments *comment.Service, dir *directory.Directory, record *audit.Log) *Service {
	return &Service{db: db, log: log, articles: articles, comments: comments, dir: dir, audit: record, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// Bounds of a key.
const (
	maxName    = 200
	maxEntries = 200
	maxQuota   = 1_000_000_000
)

func (k *Key) check(now time.Time) error {
	var wrong []error
	refuse := func(reason fault.Reason, field, format string, args ...any) {
		wrong = append(wrong, fault.Mistake(reason, field, format, args...))
	}
	k.Name = strings.TrimSpace(k.Name)
	switch {
	case k.Name == "":
		refuse(fault.Blank, "name", "Name the partner that the key is for.")
	case len(k.Name) > maxName:
		refuse(fault.TooLong, "name", "The name is longer than %d bytes.", maxName)
	}
	if len(k.Scopes) == 0 {
		refuse(fault.Blank, "scopes", "A key needs at least one scope.")
	}
	for i, s := range k.Scopes {
		if !slices.Contains(Scopes(), s) {
			refuse(fault.Invalid, fmt.Sprintf("scopes[%d]", i), "%.40q is no scope: choose from %v.", s, Scopes())
		}
	}
	if n := len(k.Entitlement.Categories) + len(k.Entitlement.Tags) + len(k.Entitlement.Languages); n > maxEntries || len(k.Addresses) > maxEntries {
		refuse(fault.LimitReached, "entitlement", "At most %d sections, tags and languages, and as many addresses, can be listed.", maxEntries)
	}
	for i, kind := range k.Entitlement.Kinds {
		if err := article.KindValidator(kind); err != nil {
			refuse(fault.Invalid, fmt.Sprintf("entitlement.kinds[%d]", i), "%.40q is no kind of article.", kind)
		}
	}
	if k.QuotaMinute < 0 || k.QuotaDay < 0 || k.QuotaMinute > maxQuota || k.QuotaDay > maxQuota {
		refuse(fault.Invalid, "quotaPerDay", "A quota is between 1 and %d.", maxQuota)
	}
	if email, err := contact(k.ContactEmail); err != nil {
		wrong = append(wrong, err)
	} else {
		k.ContactEmail = email
	}
	if k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
		refuse(fault.Invalid, "expiresAt", "The key would expire before it is made.")
	}
	return errors.Join(wrong...)
}

// contact checks where a partner is written to; empty: nowhere.
func contact(email string) (string, error) {
	if email = strings.TrimSpace(email); email == "" {
		return "", nil
	}
	return account.MailAddress("contactEmail", email)
}

var (
	addKeySQL = store.MaintainBoth(`INSERT INTO api_keys (name, scopes, entitlement, addresses, quota_minute, quota_day, cursor_secret, created_by, created_at, expires_at, contact_email, trusted_documents_only)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`)
	updateKeySQL = store.MaintainBoth(`UPDATE api_keys SET contact_email = $2 WHERE id = $1`)
	addSecretSQL = store.MaintainBoth(`INSERT INTO api_key_secrets (key_id, hash, hint, created_at) VALUES ($1, $2, $3, $4)`)
	endOthersSQL = store.MaintainBoth(`UPDATE api_key_secrets SET expires_at = $2 WHERE key_id = $1 AND (expires_at IS NULL OR expires_at > $2)`)
	revokeSQL    = store.MaintainBoth(`UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`)
)

const keyColumns = `k.id, k.name, k.scopes, k.entitlement, k.addresses, k.quota_minute, k.quota_day, k.cursor_secret, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.contact_email, k.trusted_documents_only`

var (
	keysSQL  = store.MaintainBoth(`SELECT ` + keyColumns + ` FROM api_keys k ORDER BY k.name, k.id LIMIT 1000`)
	byIDsSQL = store.MaintainBoth(`SELECT ` + keyColumns + ` FROM each_id($1) JOIN api_keys k ON k.id = each_id.id`)
	hintsSQL = store.MaintainBoth(`SELECT s.key_id, s.hint FROM api_key_secrets s WHERE s.key_id IN (SELECT id FROM each_id($1)) AND (s.expires_at IS NULL OR s.expires_at > $2) ORDER BY s.id`)
	// An expired secret is found, so that its owner can be told so.
	bySecretSQL = store.MaintainBoth(`SELECT ` + keyColumns + `, s.expires_at FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id WHERE s.hash = $1`)
)

func (s *Service) scan(k *Key, rows *sql.Rows, more ...any) (err error) {
	var scopes string
	var entitlement, addresses []byte
	into := []any{&k.ID, &k.Name, &scopes, &entitlement, &addresses, &k.QuotaMinute, &k.QuotaDay, &k.cursorSecret, &k.CreatedAt, &k.ExpiresAt, &k.RevokedAt, &k.LastUsedAt, &k.ContactEmail, &k.TrustedDocumentsOnly}
	if err := rows.Scan(append(into, more...)...); err != nil {
		return err
	}
	if k.cursorSecret, err = s.Sealer.Open(k.cursorSecret); err != nil {
		return err
	}
	for scope := range strings.SplitSeq(scopes, " ") {
		k.Scopes = append(k.Scopes, Scope(scope))
	}
	return errors.Join(json.Unmarshal(entitlement, &k.Entitlement), json.Unmarshal(addresses, &k.Addresses))
}

func (s *Service) scanKey(rows *sql.Rows) (*Key, error) {
	k := new(Key)
	return k, s.scan(k, rows)
}

// Create makes a key and gives its secret, which is shown this once.
func (s *Service) Create(ctx context.Context, k Key) (made *Key, token string, err error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, "", err
	}
	now := s.Now()
	if err := k.check(now); err != nil {
		return nil, "", err
	}
	if k.QuotaMinute == 0 {
		k.QuotaMinute = DefaultQuotaMinute
	}
	if k.QuotaDay == 0 {
		k.QuotaDay = DefaultQuotaDay
	}
	entitlement, err := json.Marshal(k.Entitlement)
	if err != nil {
		return nil, "", err
	}
	if k.Addresses == nil {
		k.Addresses = []netip.Prefix{}
	}
	addresses, err := json.Marshal(k.Addresses)
	if err != nil {
		return nil, "", err
	}
	scopes := make([]string, len(k.Scopes))
	for i, scope := range k.Scopes {
		scopes[i] = string(scope)
	}
	sign := make([]byte, 32)
	_, _ = rand.Read(sign) // never fails
	sealed, err := s.Sealer.Seal(hex.EncodeToString(sign))
	if err != nil {
		return nil, "", err
	}
	by := sql.NullInt64{Int64: int64(access.Of(ctx).UserID), Valid: access.Of(ctx).UserID != 0}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		keys, err := store.Collect(ctx, s.db, addKeySQL, store.ScanInt, k.Name, strings.Join(scopes, " "), string(entitlement), string(addresses), k.QuotaMinute, k.QuotaDay,
			sealed, by, now, k.ExpiresAt, k.ContactEmail, k.TrustedDocumentsOnly)
		if err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
		if token, err = s.addSecret(ctx, keys[0], now); err != nil {
			return err
		}
		if made, err = s.byID(ctx, keys[0]); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "createApiKey", Entity: id.APIKey, EntityID: made.ID,
			After: map[string]any{"name": made.Name, "scopes": made.Scopes, "entitlement": made.Entitlement, "trustedDocumentsOnly": made.TrustedDocumentsOnly}})
	})
	return made, token, err
}

// Update changes where the partner of a key is written to; nil leaves it as it is.
func (s *Service) Update(ctx context.Context, key int, contactEmail *string) (changed *Key, err error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	email := ""
	if contactEmail != nil {
		if email, err = contact(*contactEmail); err != nil {
			return nil, err
		}
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		before, err := s.byID(ctx, key)
		if err != nil {
			return err
		}
		if contactEmail == nil {
			email = before.ContactEmail
		}
		if _, err := s.db.Exec(ctx, updateKeySQL, key, email); err != nil {
			return fmt.Errorf("change a key: %w", err)
		}
		if changed, err = s.byID(ctx, key); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "updateApiKey", Entity: id.APIKey, EntityID: key,
			Before: map[string]any{"hasContact": before.ContactEmail != ""}, After: map[string]any{"hasContact": email != ""}})
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// hintLength is how much of a secret is shown to recognise it by.
const hintLength = len(Prefix) + 8

func (s *Service) addSecret(ctx context.Context, key int, now time.Time) (string, error) {
	token := secret.New(Prefix)
	if _, err := s.db.Exec(ctx, addSecretSQL, key, secret.Hash(token), token[:hintLength], now); err != nil {
		return "", fmt.Errorf("keep the secret of a key: %w", err)
	}
	return token, nil
}

// maxOverlap bounds how long old secrets stay valid after a rotation.
const maxOverlap = 90 * 24 * time.Hour

// Rotate gives a key another secret. The old ones stay valid for the overlap.
func (s *Service) Rotate(ctx context.Context, key int, overlap time.Duration) (rotated *Key, token string, err error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, "", err
	}
	if overlap < 0 || overlap > maxOverlap {
		return nil, "", fault.Mistake(fault.Invalid, "overlapHours", "Old secrets can stay valid for up to %d hours.", int(maxOverlap.Hours()))
	}
	now := s.Now()
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		k, err := s.byID(ctx, key)
		if err != nil {
			return err
		}
		if k.RevokedAt != nil {
			return fault.Mistake(fault.Invalid, "id", "The key is revoked: make another one.")
		}
		if _, err := s.db.Exec(ctx, endOthersSQL, key, now.Add(overlap)); err != nil {
			return fmt.Errorf("end the secrets of a key: %w", err)
		}
		if token, err = s.addSecret(ctx, key, now); err != nil {
			return err
		}
		if rotated, err = s.byID(ctx, key); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "rotateApiKey", Entity: id.APIKey, EntityID: key})
	})
	return rotated, token, err
}

// Revoke ends a key at once. What its partner carries stays on record.
func (s *Service) Revoke(ctx context.Context, key int) (revoked *Key, err error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.byID(ctx, key); err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, revokeSQL, key, s.Now()); err != nil {
			return fmt.Errorf("revoke a key: %w", err)
		}
		if revoked, err = s.byID(ctx, key); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "revokeApiKey", Entity: id.APIKey, EntityID: key})
	})
	return revoked, err
}

// Keys lists all keys, by name.
func (s *Service) Keys(ctx context.Context) ([]*Key, error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	keys, err := store.Collect(ctx, s.db, keysSQL, s.scanKey)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, s.addHints(ctx, keys)
}

// ByIDs gives keys by their own key to those who may manage them, and none to
// others.
func (s *Service) ByIDs(ctx context.Context, ids []int) (map[int]*Key, error) {
	if !access.Of(ctx).Can(access.ManagePartners) {
		return nil, nil
	}
	keys, err := store.Collect(ctx, s.db, byIDsSQL, s.scanKey, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find keys: %w", err)
	}
	found := make(map[int]*Key, len(keys))
	for _, k := range keys {
		found[k.ID] = k
	}
	return found, s.addHints(ctx, keys)
}

func (s *Service) byID(ctx context.Context, key int) (*Key, error) {
	keys, err := store.Collect(ctx, s.db, byIDsSQL, s.scanKey, s.db.IDs([]int{key}))
	if err != nil {
		return nil, fmt.Errorf("find a key: %w", err)
	}
	if len(keys) == 0 {
		return nil, fault.Mistake(fault.Missing, "id", "There is no such key.")
	}
	return keys[0], s.addHints(ctx, keys)
}

func (s *Service) addHints(ctx context.Context, keys []*Key) error {
	byID := make(map[int]*Key, len(keys))
	ids := make([]int, len(keys))
	for i, k := range keys {
		byID[k.ID], ids[i] = k, k.ID
	}
	_, err := store.Collect(ctx, s.db, hintsSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var key int
		var hint string
		if err := rows.Scan(&key, &hint); err != nil {
			return none, err
		}
		byID[key].Hints = append(byID[key].Hints, hint)
		return none, nil
	}, s.db.IDs(ids), s.Now())
	return err
}
