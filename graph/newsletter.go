package graph

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
)

type (
	newsletterResolver      struct{ *Resolver }
	newsletterIssueResolver struct{ *Resolver }
)

// Newsletters is the field of the same name of Query.
func (r *queryResolver) Newsletters(ctx context.Context) ([]*ent.Newsletter, error) {
	all, err := r.Resolver.Newsletters.All(ctx)
	return orEmptyList(all), err
}

// NewsletterPreferences is the field of the same name of Query.
func (r *queryResolver) NewsletterPreferences(ctx context.Context, token string) (*newsletter.Preferences, error) {
	return r.Resolver.Newsletters.Preferences(ctx, token)
}

// NewsletterIssues is the field of the same name of Query.
func (r *queryResolver) NewsletterIssues(ctx context.Context, newsletterID *string, first *int32, after *string, last *int32, before *string) (*relay.Connection[*ent.NewsletterIssue], error) {
	key := 0
	if newsletterID != nil {
		var err error
		if key, err = decodeID("newsletterId", id.Newsletter, *newsletterID); err != nil {
			return nil, err
		}
		if key == 0 {
			return nil, nil
		}
	}
	read := func(ctx context.Context, w keyset.Window) ([]*ent.NewsletterIssue, error) {
		return r.Resolver.Newsletters.Issues(ctx, key, w)
	}
	list := relay.List[*ent.NewsletterIssue]{
		Name:   listName("newsletterIssues", key),
		Key:    newsletter.IssueKey,
		Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) {
			return r.Resolver.Newsletters.CountIssues(ctx, key, limit)
		},
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read)
}

// NewsletterSubscriptions is the field of the same name of Viewer.
func (r *viewerResolver) NewsletterSubscriptions(ctx context.Context, v *model.Viewer) ([]*newsletter.Choice, error) {
	return r.Newsletters.OfAddress(access.With(ctx, v.As), v.Email)
}

// SubscriberCount is the field of the same name of Newsletter.
func (r *newsletterResolver) SubscriberCount(ctx context.Context, n *ent.Newsletter) (int32, error) {
	count, err := r.Newsletters.SubscriberCount(ctx, n.ID)
	return int32(count), err
}

// Newsletter is the field of the same name of NewsletterIssue.
func (r *newsletterIssueResolver) Newsletter(ctx context.Context, i *ent.NewsletterIssue) (*ent.Newsletter, error) {
	return r.Newsletters.ByID(ctx, i.NewsletterID)
}

// PreviewHTML is the field of the same name of NewsletterIssue.
func (r *newsletterIssueResolver) PreviewHTML(ctx context.Context, i *ent.NewsletterIssue) (string, error) {
	content, err := r.Newsletters.Preview(ctx, i)
	return content.HTML, err
}

// PreviewText is the field of the same name of NewsletterIssue.
func (r *newsletterIssueResolver) PreviewText(ctx context.Context, i *ent.NewsletterIssue) (string, error) {
	content, err := r.Newsletters.Preview(ctx, i)
	return content.Text, err
}

// RecipientCount is the field of the same name of NewsletterIssue.
func (r *newsletterIssueResolver) RecipientCount(ctx context.Context, i *ent.NewsletterIssue) (int32, error) {
	p, err := r.Newsletters.Progress(ctx, i.ID)
	return int32(p.Recipients), err
}

// SentCount is the field of the same name of NewsletterIssue.
func (r *newsletterIssueResolver) SentCount(ctx context.Context, i *ent.NewsletterIssue) (int32, error) {
	p, err := r.Newsletters.Progress(ctx, i.ID)
	return int32(p.Sent), err
}

// RefusedCount is the field of the same name of NewsletterIssue.
func (r *newsletterIssueResolver) RefusedCount(ctx context.Context, i *ent.NewsletterIssue) (int32, error) {
	p, err := r.Newsletters.Progress(ctx, i.ID)
	return int32(p.Refused), err
}

// newsletterKeys are the keys of ids; one of nothing is NOT_FOUND.
func newsletterKeys(ids []string) ([]int, error) {
	if len(ids) > maxNodes {
		return nil, fault.Mistake(fault.TooLong, "newsletterIds", "At most %d newsletters are chosen at once.", maxNodes)
	}
	keys := make([]int, len(ids))
	for i, publicID := range ids {
		key, err := decodeID(fmt.Sprintf("newsletterIds[%d]", i), id.Newsletter, publicID)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}

// SubscribeToNewsletter is the field of the same name of Mutation.
func (r *mutationResolver) SubscribeToNewsletter(ctx context.Context, in model.SubscribeToNewsletterInput) (*model.SubscribeToNewsletterPayload, error) {
	keys, err := newsletterKeys(in.NewsletterIds)
	if err == nil {
		err = r.Newsletters.Subscribe(ctx, newsletter.Subscribe{Newsletters: keys, Email: in.Email, ConsentVersion: in.ConsentVersion, Place: text(in.Place),
			Language: text(in.Language), Website: text(in.Website)})
	}
	wrong, err := mistakes(err)
	return &model.SubscribeToNewsletterPayload{UserErrors: wrong}, err
}

// ConfirmNewsletterSubscription is the field of the same name of Mutation.
func (r *mutationResolver) ConfirmNewsletterSubscription(ctx context.Context, in model.ConfirmNewsletterSubscriptionInput) (*model.ConfirmNewsletterSubscriptionPayload, error) {
	p, token, err := r.Newsletters.Confirm(ctx, in.Token)
	wrong, err := mistakes(err)
	return &model.ConfirmNewsletterSubscriptionPayload{Preferences: p, PreferencesToken: shownOnce(token), UserErrors: wrong}, err
}

// UpdateNewsletterPreferences is the field of the same name of Mutation.
func (r *mutationResolver) UpdateNewsletterPreferences(ctx context.Context, in model.UpdateNewsletterPreferencesInput) (*model.UpdateNewsletterPreferencesPayload, error) {
	keys, err := newsletterKeys(in.NewsletterIds)
	var p *newsletter.Preferences
	if err == nil {
		p, err = r.Newsletters.SetPreferences(ctx, in.Token, keys, text(in.ConsentVersion))
	}
	wrong, err := mistakes(err)
	return &model.UpdateNewsletterPreferencesPayload{Preferences: p, UserErrors: wrong}, err
}

// UnsubscribeFromNewsletter is the field of the same name of Mutation.
func (r *mutationResolver) UnsubscribeFromNewsletter(ctx context.Context, in model.UnsubscribeFromNewsletterInput) (*model.UnsubscribeFromNewsletterPayload, error) {
	p, err := r.Newsletters.Unsubscribe(ctx, in.Token)
	wrong, err := mistakes(err)
	return &model.UnsubscribeFromNewsletterPayload{Preferences: p, UserErrors: wrong}, err
}

// SubmitContactMessage is the field of the same name of Mutation.
func (r *mutationResolver) SubmitContactMessage(ctx context.Context, in model.SubmitContactMessageInput) (*model.SubmitContactMessagePayload, error) {
	wrong, err := mistakes(r.Newsletters.SubmitContact(ctx, newsletter.Contact{Name: in.Name, Email: in.Email, Subject: in.Subject, Message: in.Message,
		Website: text(in.Website), SecondsOnPage: int(in.SecondsOnPage)}))
	return &model.SubmitContactMessagePayload{UserErrors: wrong}, err
}

// CreateNewsletter is the field of the same name of Mutation.
func (r *mutationResolver) CreateNewsletter(ctx context.Context, in model.CreateNewsletterInput) (*model.CreateNewsletterPayload, error) {
	made, wrong, err := once(ctx, r.Repeats, creation{"createNewsletter", in.IdempotencyKey}, func(ctx context.Context) (*ent.Newsletter, error) {
		return r.Newsletters.Create(ctx, newsletter.Newsletter{Name: in.Name, Slug: text(in.Slug), Description: text(in.Description), Language: in.Language, Frequency: in.Frequency})
	}, r.Newsletters.ByID)
	return &model.CreateNewsletterPayload{Newsletter: made, UserErrors: wrong}, err
}

// UpdateNewsletter is the field of the same name of Mutation.
func (r *mutationResolver) UpdateNewsletter(ctx context.Context, in model.UpdateNewsletterInput) (*model.UpdateNewsletterPayload, error) {
	key, err := decodeID("id", id.Newsletter, in.ID)
	var saved *ent.Newsletter
	if err == nil {
		saved, err = r.Newsletters.Update(ctx, key, newsletter.Change{Name: in.Name.Value(), Description: in.Description.Value(), Frequency: in.Frequency.Value(), IsOpen: in.IsOpen.Value()})
	}
	wrong, err := mistakes(err)
	return &model.UpdateNewsletterPayload{Newsletter: saved, UserErrors: wrong}, err
}

// CreateNewsletterIssue is the field of the same name of Mutation.
func (r *mutationResolver) CreateNewsletterIssue(ctx context.Context, in model.CreateNewsletterIssueInput) (*model.CreateNewsletterIssuePayload, error) {
	issue, err := issueOf(in)
	if err != nil {
		wrong, err := mistakes(err)
		return &model.CreateNewsletterIssuePayload{UserErrors: wrong}, err
	}
	made, wrong, err := once(ctx, r.Repeats, creation{"createNewsletterIssue", in.IdempotencyKey}, func(ctx context.Context) (*ent.NewsletterIssue, error) {
		return r.Newsletters.CreateIssue(ctx, issue)
	}, r.Newsletters.IssueByID)
	return &model.CreateNewsletterIssuePayload{Issue: made, UserErrors: wrong}, err
}

// issueOf decodes an issue.
func issueOf(in model.CreateNewsletterIssueInput) (issue newsletter.Issue, err error) {
	issue = newsletter.Issue{Subject: in.Subject, Intro: text(in.Intro), Source: in.Source, Count: int(in.ArticleCount)}
	if issue.Newsletter, err = decodeID("newsletterId", id.Newsletter, in.NewsletterID); err != nil {
		return issue, err
	}
	if of := in.CategoryID.Value(); of != nil {
		if issue.Category, err = decodeID("categoryId", id.Category, *of); err == nil && issue.Category == 0 {
			err = fault.Mistake(fault.Missing, "categoryId", "There is no such section.")
		}
		if err != nil {
			return issue, err
		}
	}
	ids := in.ArticleIds.Value()
	if len(ids) > maxNodes {
		return issue, fault.Mistake(fault.TooLong, "articleIds", "An issue has at most 50 articles.")
	}
	for i, publicID := range ids {
		key, err := decodeID(fmt.Sprintf("articleIds[%d]", i), id.Article, publicID)
		if err != nil {
			return issue, err
		}
		issue.Articles = append(issue.Articles, key)
	}
	return issue, nil
}

// DeleteNewsletterIssue is the field of the same name of Mutation.
func (r *mutationResolver) DeleteNewsletterIssue(ctx context.Context, in model.NewsletterIssueInput) (*model.DeleteNewsletterIssuePayload, error) {
	key, err := decodeID("id", id.NewsletterIssue, in.ID)
	if err == nil {
		err = r.Newsletters.DeleteIssue(ctx, key)
	}
	wrong, err := mistakes(err)
	payload := &model.DeleteNewsletterIssuePayload{UserErrors: wrong}
	if err == nil && len(wrong) == 0 {
		payload.DeletedID = &in.ID
	}
	return payload, err
}

// SendNewsletterIssue is the field of the same name of Mutation.
func (r *mutationResolver) SendNewsletterIssue(ctx context.Context, in model.NewsletterIssueInput) (*model.SendNewsletterIssuePayload, error) {
	key, err := decodeID("id", id.NewsletterIssue, in.ID)
	var issue *ent.NewsletterIssue
	if err == nil {
		issue, err = r.Newsletters.SendIssue(ctx, key)
	}
	wrong, err := mistakes(err)
	if len(wrong) > 0 {
		issue = nil
	}
	return &model.SendNewsletterIssuePayload{Issue: issue, UserErrors: wrong}, err
}
