package comment

import (
	"database/sql"
	"net/netip"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
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
