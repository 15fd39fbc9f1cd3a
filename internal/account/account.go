// Package account keeps the accounts of readers and staff: who they are, how
// they prove it, and for how long that holds.
package account

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Service keeps accounts. Its exported fields are set before it is used.
type Service struct {
	db        *store.DB
	log       *event.Log
	audit     *audit.Log
	passwords *hasher
	throttle  *throttle.Throttle

	// Now is the clock.
	Now func() time.Time
	// SessionIdle and TokenIdle are how long a session of a browser, or of a
	// program, lasts without being used; SessionLifetime how long at all.
	SessionIdle, TokenIdle, SessionLifetime time.Duration
	// RequireSecondFactor takes their role from staff without a second factor.
	RequireSecondFactor bool
	// Issuer is what authenticators call this site.
	Issuer string
	// Registration says who can sign up.
	Registration Registration
	// Providers are the OpenID providers by which readers sign in and sign up.
	Providers []*Provider
	// DeletionGrace is how long an account stays after its owner asked to remove it.
	DeletionGrace time.Duration
	// Sealer seals the secrets of second factors.
	Sealer secret.Sealer

	post // what sends mails, set by SendBy
}

// New gives the service.
func New(db *store.DB, log *event.Log, record *audit.Log) *Service {
	s := &Service{db: db, log: log, audit: record, passwords: newHasher(),
		Now:         func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		SessionIdle: 12 * time.Hour, TokenIdle: 7 * 24 * time.Hour, SessionLifetime: 30 * 24 * time.Hour, Issuer: "Broadsheet",
		Registration: Open, DeletionGrace: 14 * 24 * time.Hour}
	s.throttle = throttle.New(db, func() time.Time { return s.Now() })
	return s
}

// User is an account as it shall be made.
type User struct {
	Email       string // in any case; it names the account
	DisplayName string
	Role        user.Role // empty: READER
}

var (
	byEmailSQL = store.Maintain(
		`SELECT id, email FROM users WHERE email IN (SELECT jsonb_array_elements_text($1::jsonb))`,
		`SELECT id, email FROM users WHERE email IN (SELECT value FROM json_each($1))`)

	// Two imports that bring the same person must end with one account. SQLite
	// has one writer anyway. The key is "accounts" in ASCII.
	lockSQL = store.Maintain(`SELECT pg_advisory_xact_lock(x'6163636f756e7473'::bigint)`, `SELECT 1`)

	// What anybody may know of an account.
	publicSQL = store.ReadBoth(`SELECT u.id, u.display_name FROM each_id($1) JOIN users u ON u.id = each_id.id`)
)

// EnsureUsers gives the keys of accounts in order, making those that are
// missing, without a password. An account that is there stays as it is.
func (s *Service) EnsureUsers(ctx context.Context, specs ...User) ([]int, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	specs = slices.Clone(specs) // the caller's stay as they are
	for i := range specs {
		if err := check(fmt.Sprintf("users[%d].", i), &specs[i]); err != nil {
			return nil, err
		}
	}
	var found map[string]int
	err := s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) (err error) {
		if found, err = s.byEmail(ctx, specs); err != nil || !anyMissing(specs, found) {
			return err
		}
		// Another import may be making the same ones: look again when alone.
		if _, err := s.db.Exec(ctx, lockSQL); err != nil {
			return fmt.Errorf("lock the accounts: %w", err)
		}
		if found, err = s.byEmail(ctx, specs); err != nil {
			return err
		}
		return s.create(ctx, specs, found)
	})
	if err != nil {
		return nil, fmt.Errorf("ensure accounts: %w", err)
	}
	ids := make([]int, len(specs))
	for i, u := range specs {
		ids[i] = found[u.Email]
	}
	return ids, nil
}

func anyMissing(specs []User, found map[string]int) bool {
	return slices.ContainsFunc(specs, func(u User) bool { return found[u.Email] == 0 })
}

// chunkSize is how many rows go into the database by one statement.
const chunkSize = 500

// create makes the accounts that were not found and notes their keys.
func (s *Service) create(ctx context.Context, specs []User, found map[string]int) error {
	client := s.db.Ent(ctx)
	var builders []*ent.UserCreate
	for _, u := range specs {
		if _, known := found[u.Email]; !known {
			found[u.Email] = 0 // the same person may come twice
			builders = append(builders, client.User.Create().SetEmail(u.Email).SetDisplayName(u.DisplayName).SetRole(u.Role))
		}
	}
	for chunk := range slices.Chunk(builders, chunkSize) {
		rows, err := client.User.CreateBulk(chunk...).Save(ctx)
		if err != nil {
			return err
		}
		events := make([]event.Event, len(rows))
		for i, u := range rows {
			found[u.Email] = u.ID
			events[i] = event.Event{Action: event.Created, Entity: id.User, EntityID: u.ID}
		}
		if err := s.log.Append(ctx, events...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) byEmail(ctx context.Context, specs []User) (map[string]int, error) {
	emails := make([]string, len(specs))
	for i, u := range specs {
		emails[i] = u.Email
	}
	list, err := json.Marshal(emails)
	if err != nil {
		return nil, err
	}
	found := make(map[string]int, len(specs))
	_, err = store.Collect(ctx, s.db, byEmailSQL, func(rows *sql.Rows) (struct{}, error) {
		var id int
		var email string
		err := rows.Scan(&id, &email)
		found[email] = id
		return struct{}{}, err
	}, string(list))
	if err != nil {
		return nil, fmt.Errorf("look for accounts: %w", err)
	}
	return found, nil
}

// UsersByIDs gives the key and display name of each account, all that is
// public of it.
func (s *Service) UsersByIDs(ctx context.Context, ids []int) (map[int]*ent.User, error) {
	users, err := store.Collect(ctx, s.db, publicSQL, func(rows *sql.Rows) (*ent.User, error) {
		u := new(ent.User)
		err := rows.Scan(&u.ID, &u.DisplayName)
		return u, err
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	found := make(map[int]*ent.User, len(users))
	for _, u := range users {
		found[u.ID] = u
	}
	return found, nil
}

// maxDisplayName bounds a name, in bytes.
const maxDisplayName = 200

// Email gives the form in which an address is stored and compared, or a fault.
func Email(address string) (string, error) {
	email, ok := readername.Fold(address)
	if !ok {
		return "", fault.BadInput("email", "This is not an e-mail address.")
	}
	return email, nil
}

func check(field string, u *User) error {
	email, err := Email(u.Email)
	if err != nil {
		return fault.BadInput(field+"email", "This is not an e-mail address.")
	}
	u.Email = email
	u.DisplayName = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(u.DisplayName, " "), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if u.DisplayName == "" || len(u.DisplayName) > maxDisplayName {
		return fault.BadInput(field+"displayName", "A name of at most %d bytes is needed.", maxDisplayName)
	}
	if u.Role == "" {
		u.Role = user.DefaultRole
	}
	if user.RoleValidator(u.Role) != nil {
		return fault.BadInput(field+"role", "There is no role called %.40q.", u.Role)
	}
	return nil
}
