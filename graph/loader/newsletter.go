package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
)

type (
	newsletterRow = ent.Newsletter
	issueRow      = ent.NewsletterIssue
	consentRow    = ent.ConsentRecord
)

// Newsletter is a newsletter in a response.
type Newsletter struct {
	*newsletterRow
	place[ent.Newsletter]
}

// Newsletters are the door for newsletters.
var Newsletters = &Kind[ent.Newsletter, Newsletter]{id.Newsletter, func(n *ent.Newsletter) int { return n.ID },
	func(n *ent.Newsletter, p place[ent.Newsletter]) Newsletter { return Newsletter{n, p} },
	func(ctx context.Context, r *Response, keys []int) (map[int]*ent.Newsletter, error) {
		return r.Newsletters.ByIDs(ctx, keys)
	}}

var subscriberCount = value[ent.Newsletter](func(ctx context.Context, r *Response, keys []int) (map[int]int, error) {
	return r.Newsletters.SubscriberCounts(ctx, keys)
})

// SubscriberCount is the field of the same name.
func (n *Newsletter) SubscriberCount(ctx context.Context) (int, error) {
	return get(ctx, n.place, subscriberCount, none{})
}

// NewsletterIssue is an issue of a newsletter in a response.
type NewsletterIssue struct {
	*issueRow
	place[ent.NewsletterIssue]
}

// NewsletterIssues are the door for issues of newsletters, which only those may
// see who send them.
var NewsletterIssues = &Kind[ent.NewsletterIssue, NewsletterIssue]{id.NewsletterIssue, func(i *ent.NewsletterIssue) int { return i.ID },
	func(i *ent.NewsletterIssue, p place[ent.NewsletterIssue]) NewsletterIssue {
		return NewsletterIssue{i, p}
	},
	func(ctx context.Context, r *Response, keys []int) (map[int]*ent.NewsletterIssue, error) {
		if !access.Of(ctx).Can(access.ManageNewsletters) {
			return nil, nil
		}
		return r.Newsletters.IssuesByIDs(ctx, keys)
	}}

// Stored is the row as services know it.
func (i *NewsletterIssue) Stored() *ent.NewsletterIssue { return i.issueRow }

var (
	issueNewsletter = reference(Newsletters, func(i *ent.NewsletterIssue) *int { return &i.NewsletterID })
	issueProgress   = value[ent.NewsletterIssue](func(ctx context.Context, r *Response, keys []int) (map[int]newsletter.Progress, error) {
		return r.Newsletters.Progress(ctx, keys)
	})
	issuePreview = &field[ent.NewsletterIssue, none, mail.Content]{func(ctx context.Context, c *cohort[ent.NewsletterIssue], _ none) ([]mail.Content, error) {
		return c.response.Newsletters.Previews(ctx, c.rows)
	}}
)

// Newsletter is the field of the same name.
func (i *NewsletterIssue) Newsletter(ctx context.Context) (*Newsletter, error) {
	return get(ctx, i.place, issueNewsletter, none{})
}

// PreviewHTML is the field of the same name.
func (i *NewsletterIssue) PreviewHTML(ctx context.Context) (string, error) {
	content, err := get(ctx, i.place, issuePreview, none{})
	return content.HTML, err
}

// PreviewText is the field of the same name.
func (i *NewsletterIssue) PreviewText(ctx context.Context) (string, error) {
	content, err := get(ctx, i.place, issuePreview, none{})
	return content.Text, err
}

// RecipientCount is the field of the same name.
func (i *NewsletterIssue) RecipientCount(ctx context.Context) (int, error) {
	p, err := get(ctx, i.place, issueProgress, none{})
	return p.Recipients, err
}

// SentCount is the field of the same name.
func (i *NewsletterIssue) SentCount(ctx context.Context) (int, error) {
	p, err := get(ctx, i.place, issueProgress, none{})
	return p.Sent, err
}

// RefusedCount is the field of the same name.
func (i *NewsletterIssue) RefusedCount(ctx context.Context) (int, error) {
	p, err := get(ctx, i.place, issueProgress, none{})
	return p.Refused, err
}

// ConsentRecord is something that somebody agreed to, in a response.
type ConsentRecord struct {
	*consentRow
	place[ent.ConsentRecord]
}

// ConsentRecords are the door for what somebody agreed to.
var ConsentRecords = &Kind[ent.ConsentRecord, ConsentRecord]{"", nil,
	func(c *ent.ConsentRecord, p place[ent.ConsentRecord]) ConsentRecord { return ConsentRecord{c, p} }, nil}
