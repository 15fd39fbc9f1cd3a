package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// ErrNoSession says that a token opens no session, or none any more.
var ErrNoSession = errors.New("no such session")

// tokenPrefix tells people and scanners of source code what they look at.
const tokenPrefix = "bst_"

const (
	maxSessions = 50 // of one account; the one unused for longest ends first
	maxLabel    = 100
	maxAgent    = 300
	// seenEvery is how exactly the last use of a session is known.
	seenEvery = time.Minute
	// noteWithin is how long a request waits for noting that.
	noteWithin = 200 * time.Millisecond
)

var (
	// authenticateSQL is all that a request with a token costs.
	authenticateSQL = store.ReadBoth(sessionText + `s.token_hash = $1`)
	sessionSQL      = store.ReadBoth(sessionText + `s.id = $1`)
	seenSQL         = store.MaintainBoth(`UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2`)
)

const sessionText = `SELECT s.id, s.kind, s.seen_at, s.expires_at, u.id, u.display_name, u.role, u.status, u.totp_confirmed_at IS NOT NULL
	FROM sessions s JOIN users u ON u.id = s.user_id WHERE `

// opened is a session with its account.
type opened struct {
	viewer       access.Viewer
	kind         session.Kind
	status       user.Status
	seen, ends   time.Time
	secondFactor bool
}

// look finds a session that is still open.
func (s *Service) look(ctx context.Context, statement *store.Statement, by any) (opened, error) {
	found, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (o opened, err error) {
		err = rows.Scan(&o.viewer.SessionID, &o.kind, &o.seen, &o.ends, &o.viewer.UserID, &o.viewer.Name, &o.viewer.Role, &o.status, &o.secondFactor)
		return o, err
	}, by)
	if err != nil {
		return opened{}, fmt.Errorf("look for a session: %w", err)
	}
	now := s.Now()
	if len(found) == 0 || found[0].status != user.StatusActive || !now.Before(found[0].ends) || !now.Before(found[0].seen.Add(s.idle(found[0].kind))) {
		return opened{}, ErrNoSession
	}
	return found[0], nil
}

// Refresh gives a viewer as they are now, after something was done: nobody, when
// their session has ended meanwhile.
func (s *Service) Refresh(ctx context.Context, v access.Viewer) (access.Viewer, error) {
	if v.SessionID == 0 {
		return v, nil
	}
	o, err := s.look(ctx, sessionSQL, v.SessionID)
	switch {
	case errors.Is(err, ErrNoSession):
		return access.Viewer{Preview: v.Preview}, nil
	case err != nil:
		return access.Viewer{}, err
	}
	o.viewer.Preview = v.Preview
	return s.reduced(o.viewer, o.secondFactor), nil
}

// Authenticate gives who a token was given to, as they are now: what changed
// for the account since, such as its role, holds. The error is ErrNoSession
// for a token that opens no session of this kind.
func (s *Service) Authenticate(ctx context.Context, token string, kind session.Kind) (access.Viewer, error) {
	if !strings.HasPrefix(token, tokenPrefix) || len(token) > 100 {
		return access.Viewer{}, ErrNoSession
	}
	o, err := s.look(ctx, authenticateSQL, secret.Hash(token))
	if err != nil {
		return access.Viewer{}, err
	}
	if o.kind != kind {
		return access.Viewer{}, ErrNoSession
	}
	now := s.Now()
	if now.Sub(o.seen) >= seenEvery {
		// A busy database costs the session at most its note.
		note, cancel := context.WithTimeout(ctx, noteWithin)
		defer cancel()
		if _, err := s.db.Exec(note, seenSQL, o.viewer.SessionID, now); err != nil {
			slog.WarnContext(ctx, "the use of a session was not noted", "error", err)
		}
	}
	return s.reduced(o.viewer, o.secondFactor), nil
}

// reduced takes the role from staff who must have a second factor and have
// none: they can do nothing but set one up.
func (s *Service) reduced(v access.Viewer, secondFactor bool) access.Viewer {
	if s.RequireSecondFactor && !secondFactor && v.Role.Staff() {
		v.Role = access.Reader
	}
	return v
}

// idle is how long a session lasts without being used.
func (s *Service) idle(kind session.Kind) time.Duration {
	if kind == session.KindBearer {
		return s.TokenIdle
	}
	return s.SessionIdle
}

// open makes a session for an account, in the transaction of ctx, and gives
// its token.
func (s *Service) open(ctx context.Context, u *ent.User, kind session.Kind, label string) (*ent.Session, string, error) {
	origin, now, token := access.OriginOf(ctx), s.Now(), secret.New(tokenPrefix)
	client := s.db.Ent(ctx)
	made, err := client.Session.Create().SetUserID(u.ID).SetTokenHash(secret.Hash(token)).SetKind(kind).SetLabel(clip(label, maxLabel)).
		SetAddress(origin.Address).SetUserAgent(clip(origin.UserAgent, maxAgent)).SetCreatedAt(now).SetSeenAt(now).SetExpiresAt(now.Add(s.SessionLifetime)).Save(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("open a session: %w", err)
	}
	old, err := client.Session.Query().Where(session.UserID(u.ID)).Order(ent.Desc(session.FieldSeenAt, session.FieldID)).Offset(maxSessions).IDs(ctx)
	if err == nil && len(old) > 0 {
		_, err = client.Session.Delete().Where(session.IDIn(old...)).Exec(ctx)
	}
	if err != nil {
		return nil, "", fmt.Errorf("end the oldest sessions: %w", err)
	}
	return made, token, nil
}

// clip makes text fit to be stored: valid, in one line, of at most n bytes.
func clip(text string, n int) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")), " ")
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// SignOut ends the session that the viewer came with.
func (s *Service) SignOut(ctx context.Context) error {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return err
	}
	viewer := access.Of(ctx)
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.db.Ent(ctx).Session.Delete().Where(session.ID(viewer.SessionID), session.UserID(viewer.UserID)).Exec(ctx); err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		if err := s.sessionEnded(ctx, viewer.UserID, viewer.SessionID); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "signOut", Entity: id.Session, EntityID: viewer.SessionID})
	})
	if err == nil {
		drop(ctx)
	}
	return err
}

// Sessions are those of the viewer that have not ended, the one used last
// first.
func (s *Service) Sessions(ctx context.Context) ([]*ent.Session, error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return nil, err
	}
	all, err := s.db.Ent(ctx).Session.Query().Where(session.UserID(access.Of(ctx).UserID)).Order(ent.Desc(session.FieldSeenAt, session.FieldID)).Limit(maxSessions).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	now, live := s.Now(), []*ent.Session{}
	for _, one := range all {
		if now.Before(one.ExpiresAt) && now.Before(one.SeenAt.Add(s.idle(one.Kind))) {
			live = append(live, one)
		}
	}
	return live, nil
}

// SessionsByIDs gives those of some sessions that are the viewer's.
func (s *Service) SessionsByIDs(ctx context.Context, keys []int) (map[int]*ent.Session, error) {
	found := map[int]*ent.Session{}
	if access.Of(ctx).UserID == 0 {
		return found, nil
	}
	own, err := s.Sessions(ctx)
	for _, one := range own {
		if slices.Contains(keys, one.ID) {
			found[one.ID] = one
		}
	}
	return found, err
}

// RevokeSession ends one of the viewer's sessions. Those of others answer like
// those that do not exist.
func (s *Service) RevokeSession(ctx context.Context, key int) error {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return err
	}
	viewer := access.Of(ctx)
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		n, err := s.db.Ent(ctx).Session.Delete().Where(session.ID(key), session.UserID(viewer.UserID)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		if n == 0 {
			return fault.Mistake(fault.Missing, "sessionId", "There is no such session.")
		}
		if err := s.sessionEnded(ctx, viewer.UserID, key); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "revokeSession", Entity: id.Session, EntityID: key})
	})
	if err == nil && key == viewer.SessionID {
		drop(ctx)
	}
	return err
}

// RevokeOtherSessions ends all sessions of the viewer but the one they came
// with, and tells how many.
func (s *Service) RevokeOtherSessions(ctx context.Context) (n int, err error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return 0, err
	}
	viewer := access.Of(ctx)
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if n, err = s.endSessions(ctx, viewer.UserID, viewer.SessionID); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "revokeOtherSessions", Entity: id.User, EntityID: viewer.UserID, After: map[string]int{"ended": n}})
	})
	return n, err
}

// endSessions ends all sessions of an account but one, 0 for none.
func (s *Service) endSessions(ctx context.Context, userID, but int) (int, error) {
	n, err := s.db.Ent(ctx).Session.Delete().Where(session.UserID(userID), session.IDNEQ(but)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.sessionEnded(ctx, userID, 0)
}

// sessionEnded appends the event by which nodes end what a session still has open,
// such as subscriptions; key is 0 where several ended.
func (s *Service) sessionEnded(ctx context.Context, userID, key int) error {
	return s.log.Append(ctx, event.Event{Action: event.Deleted, Entity: id.Session, EntityID: key, Detail: event.Detail{UserID: userID}})
}

// Jar keeps the token of a browser's session. HTTP puts one into the context of
// requests that may be given a cookie.
type Jar interface {
	Keep(token string, until time.Time)
	Drop()
}

type jarKey struct{}

// WithJar gives a context of a request whose browser keeps cookies in j.
func WithJar(ctx context.Context, j Jar) context.Context { return context.WithValue(ctx, jarKey{}, j) }

func jarOf(ctx context.Context) Jar {
	j, _ := ctx.Value(jarKey{}).(Jar)
	return j
}

func drop(ctx context.Context) {
	if j := jarOf(ctx); j != nil {
		j.Drop()
	}
}
