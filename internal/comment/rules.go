package comment

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Rules are the rules for comments of the whole site, with the defaults filled in.
type Rules struct {
	Mode            article.CommentPolicy
	Before          bool // comments wait for a moderator before they are shown
	CloseAfterDays  int  // 0: never
	MaxDepth        int
	MaxLength       int // characters
	MaxLinks        int
	EditFor         time.Duration
	MinTime         time.Duration // on the page, of guests, before they send a comment
	HeldWords       []string
	RefusedWords    []string
	BlockedNetworks []netip.Prefix
}

// RulesOf fills the defaults into the stored settings, which may be nil.
func RulesOf(s *schema.CommentSettings) Rules {
	r := Rules{Mode: article.CommentPolicyOpen, MaxDepth: 4, MaxLength: 5_000, MaxLinks: 2, EditFor: 15 * time.Minute, MinTime: 3 * time.Second}
	if s == nil {
		return r
	}
	if s.Mode != "" {
		r.Mode = article.CommentPolicy(s.Mode)
	}
	r.Before, r.CloseAfterDays = s.Moderation == string(article.CommentModerationBefore), s.CloseAfterDays
	if s.MaxDepth > 0 {
		r.MaxDepth = s.MaxDepth
	}
	if s.MaxLength > 0 {
		r.MaxLength = s.MaxLength
	}
	if s.MaxLinks != nil {
		r.MaxLinks = *s.MaxLinks
	}
	if s.EditMinutes != nil {
		r.EditFor = time.Duration(*s.EditMinutes) * time.Minute
	}
	if s.MinSeconds != nil {
		r.MinTime = time.Duration(*s.MinSeconds) * time.Second
	}
	r.HeldWords, r.RefusedWords = s.HeldWords, s.RefusedWords
	for _, text := range s.BlockedNetworks {
		if p, err := netip.ParsePrefix(text); err == nil { // UpdateSettings refuses others
			r.BlockedNetworks = append(r.BlockedNetworks, p)
		}
	}
	return r
}

// Policy is who may comment on one article, and how.
type Policy struct {
	Mode     article.CommentPolicy // the stricter of the site's and the article's
	ClosesAt *time.Time            // nil: never
	Before   bool
}

var strictness = []article.CommentPolicy{article.CommentPolicyOpen, article.CommentPolicyRegistered, article.CommentPolicyClosed}

// PolicyOf gives the policy of an article under the rules of the site.
func (r Rules) PolicyOf(mode article.CommentPolicy, moderation article.CommentModeration, closesAt, publishedAt *time.Time) Policy {
	p := Policy{Mode: mode, ClosesAt: closesAt, Before: r.Before}
	if slices.Index(strictness, r.Mode) > slices.Index(strictness, mode) {
		p.Mode = r.Mode
	}
	if moderation == article.CommentModerationBefore || moderation == article.CommentModerationAfter {
		p.Before = moderation == article.CommentModerationBefore
	}
	if r.CloseAfterDays > 0 && publishedAt != nil {
		if end := publishedAt.AddDate(0, 0, r.CloseAfterDays); p.ClosesAt == nil || end.Before(*p.ClosesAt) {
			p.ClosesAt = &end
		}
	}
	return p
}

// scanPolicy reads the policy, moderation, end of comments and moment of publication
// of an article.
func (r Rules) scanPolicy(rows *sql.Rows) (Policy, error) {
	var mode article.CommentPolicy
	var moderation article.CommentModeration
	var closes, out *time.Time
	err := rows.Scan(&mode, &moderation, &closes, &out)
	return r.PolicyOf(mode, moderation, closes, out), err
}

// OpenAt reports whether anybody may comment at a moment.
func (p Policy) OpenAt(now time.Time) bool {
	return p.Mode != article.CommentPolicyClosed && (p.ClosesAt == nil || now.Before(*p.ClosesAt))
}

// refuse refuses a comment where none are taken at a moment, or none of guests. field
// names what is commented on.
func (p Policy) refuse(field string, now time.Time, member bool) error {
	switch {
	case !p.OpenAt(now):
		return fault.Mistake(fault.Closed, field, "Comments on this article are closed.")
	case p.Mode == article.CommentPolicyRegistered && !member:
		return fault.Mistake(fault.Denied, field, "Sign in to comment on this article.")
	}
	return nil
}

const maxListed = 1_000 // words, and networks

var (
	settingsSQL    = store.ReadBoth(`SELECT s.comment_settings FROM sites s ORDER BY s.id LIMIT 1`)
	siteKeySQL     = store.MaintainBoth(`SELECT id FROM sites ORDER BY id LIMIT 1`)
	setSettingsSQL = store.MaintainBoth(`UPDATE sites SET comment_settings = $2 WHERE id = $1`)
)

// rules reads the rules of the site.
func (s *Service) rules(ctx context.Context) (Rules, error) {
	found, err := store.Collect(ctx, s.db, settingsSQL, scanSettings)
	if err != nil {
		return Rules{}, fmt.Errorf("read the rules for comments: %w", err)
	}
	if len(found) == 0 {
		return RulesOf(nil), nil
	}
	return RulesOf(found[0]), nil
}

func scanSettings(rows *sql.Rows) (*schema.CommentSettings, error) {
	var text []byte
	if err := rows.Scan(&text); err != nil || len(text) == 0 {
		return nil, err
	}
	return decodeSettings(text)
}

func decodeSettings(text []byte) (*schema.CommentSettings, error) {
	s := new(schema.CommentSettings)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read the settings for comments: %w", err)
	}
	return s, nil
}

// Settings are the rules for comments as they are stored.
func (m *Moderator) Settings(ctx context.Context) (*schema.CommentSettings, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	found, err := store.Collect(ctx, m.s.db, settingsSQL, scanSettings)
	if err != nil {
		return nil, fmt.Errorf("read the settings for comments: %w", err)
	}
	if len(found) == 0 || found[0] == nil {
		return &schema.CommentSettings{}, nil
	}
	return found[0], nil
}

// UpdateSettings changes the rules for comments of the whole site.
func (m *Moderator) UpdateSettings(ctx context.Context, change func(*schema.CommentSettings)) (set *schema.CommentSettings, err error) {
	if err := access.Require(ctx, access.ManageSite); err != nil {
		return nil, err
	}
	err = m.s.db.Tx(ctx, func(ctx context.Context) error {
		before, err := m.Settings(ctx)
		if err != nil {
			return err
		}
		next := *before
		change(&next)
		if err := checkSettings(&next); err != nil {
			return err
		}
		sites, err := store.Collect(ctx, m.s.db, siteKeySQL, store.ScanInt)
		if err != nil {
			return err
		}
		if len(sites) == 0 {
			return fault.Mistake(fault.Missing, "", "Set the name of the site first, with updateSite.")
		}
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if _, err := m.s.db.Exec(ctx, setSettingsSQL, sites[0], string(text)); err != nil {
			return err
		}
		set = &next
		if err := m.s.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Site, EntityID: sites[0]}); err != nil {
			return err
		}
		return m.audit.Record(ctx, audit.Entry{Action: "updateCommentSettings", Entity: event.Site, EntityID: sites[0], Before: before, After: next})
	})
	if err != nil {
		return nil, fmt.Errorf("set the rules for comments: %w", err)
	}
	return set, nil
}

func checkSettings(s *schema.CommentSettings) error {
	for field, bounds := range map[string]struct{ value, most int }{
		"closeAfterDays": {s.CloseAfterDays, 3650}, "maxDepth": {s.MaxDepth, 20}, "maxLength": {s.MaxLength, 20_000},
		"maxLinks": {valueOf(s.MaxLinks), 100}, "editMinutes": {valueOf(s.EditMinutes), 7 * 24 * 60}, "minSeconds": {valueOf(s.MinSeconds), 3600},
		"heldWords": {len(s.HeldWords), maxListed}, "refusedWords": {len(s.RefusedWords), maxListed}, "blockedNetworks": {len(s.BlockedNetworks), maxListed},
	} {
		if bounds.value < 0 || bounds.value > bounds.most {
			return fault.Mistake(fault.Invalid, field, "%s goes from 0 to %d.", field, bounds.most)
		}
	}
	for i, text := range s.BlockedNetworks {
		p, err := netip.ParsePrefix(text)
		if ip, bad := netip.ParseAddr(text); err != nil && bad == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return fault.Mistake(fault.Invalid, fmt.Sprintf("blockedNetworks[%d]", i), "Give an address or a network, such as 192.0.2.7 or 192.0.2.0/24.")
		}
		s.BlockedNetworks[i] = p.Masked().String()
	}
	return nil
}

func valueOf(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
