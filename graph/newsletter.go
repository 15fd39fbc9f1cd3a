package graph

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
)

// Newsletters is the field of the same name of Query.
func (r *queryResolver) Newsletters(ctx context.Context) ([]*loader.Newsletter, error) {
	all, err := r.Resolver.Newsletters.All(ctx)
	if err != nil {
		return nil, err
	}
	return loader.Newsletters.List(ctx, loader.Dependency{List: "newsletters"}, all), nil
}

// NewsletterPreferences is the field of the same name of Query.
func (r *queryResolver) NewsletterPreferences(ctx context.Context, token string) (*model.NewsletterPreferences, error) {
	found, err := r.Resolver.Newsletters.Preferences(ctx, token)
	return preferences(ctx, found), err
}

// NewsletterIssues is the field of the same name of Query.
func (r *queryResolver) NewsletterIssues(ctx context.Context, newsletterID *string, first *int32, after *string, last *int32, before *string) (*model.NewsletterIssueConnection, error) {
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
	list := relay.List[*loader.NewsletterIssue]{
		Name:   listName("newsletterIssues", key),
		Key:    func(i *loader.NewsletterIssue) keyset.Key { return newsletter.IssueKey(i.Stored()) },
		Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) {
			return r.Resolver.Newsletters.CountIssues(ctx, key, limit)
		},
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read,
		func(found []*ent.NewsletterIssue) []*loader.NewsletterIssue {
			return loader.NewsletterIssues.Rows(ctx, found)
		})
}

// NewsletterSubscriptions is the field of the same name of Viewer.
func (r *viewerResolver) NewsletterSubscriptions(ctx context.Context, v *model.Viewer) ([]*model.NewsletterSubscription, error) {
	choices, err := r.Newsletters.OfAddress(access.With(ctx, v.As), v.Email)
	return subscriptions(ctx, choices), err
}

// subscriptions are what an address gets, in a response.
func subscriptions(ctx context.Context, choices []*newsletter.Choice) []*model.NewsletterSubscription {
	rows := make([]*ent.Newsletter, len(choices))
	for i, c := range choices {
		rows[i] = c.Newsletter
	}
	shown := make([]*model.NewsletterSubscription, len(choices))
	for i, n := range loader.Newsletters.Rows(ctx, rows) {
		shown[i] = &model.NewsletterSubscription{Newsletter: n, IsSubscribed: choices[i].IsSubscribed}
	}
	return shown
}

// preferences are what a preference page shows, in a response.
func preferences(ctx context.Context, p *newsletter.Preferences) *model.NewsletterPreferences {
	if p == nil {
		return nil
	}
	return &model.NewsletterPreferences{MaskedEmail: p.MaskedEmail, Subscriptions: subscriptions(ctx, p.Choices)}
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
	return &model.ConfirmNewsletterSubscriptionPayload{Preferences: preferences(ctx, p), PreferencesToken: shownOnce(token), UserErrors: wrong}, err
}

// UpdateNewsletterPreferences is the field of the same name of Mutation.
func (r *mutationResolver) UpdateNewsletterPreferences(ctx context.Context, in model.UpdateNewsletterPreferencesInput) (*model.UpdateNewsletterPreferencesPayload, error) {
	keys, err := newsletterKeys(in.NewsletterIds)
	var p *newsletter.Preferences
	if err == nil {
		p, err = r.Newsletters.SetPreferences(ctx, in.Token, keys, text(in.ConsentVersion))
	}
	wrong, err := mistakes(err)
	return &model.UpdateNewsletterPreferencesPayload{Preferences: preferences(ctx, p), UserErrors: wrong}, err
}

// UnsubscribeFromNewsletter is the field of the same name of Mutation.
func (r *mutationResolver) UnsubscribeFromNewsletter(ctx context.Context, in model.UnsubscribeFromNewsletterInput) (*model.UnsubscribeFromNewsletterPayload, error) {
	p, err := r.Newsletters.Unsubscribe(ctx, in.Token)
	wrong, err := mistakes(err)
	return &model.UnsubscribeFromNewsletterPayload{Preferences: preferences(ctx, p), UserErrors: wrong}, err
}

// StopDigest is the field of the same name of Mutation.
func (r *mutationResolver) StopDigest(ctx context.Context, in model.StopDigestInput) (*model.StopDigestPayload, error) {
	wrong, err := mistakes(r.Digests.Stop(ctx, in.Token))
	return &model.StopDigestPayload{UserErrors: wrong}, err
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
	return &model.CreateNewsletterPayload{Newsletter: loader.Newsletters.One(ctx, made), UserErrors: wrong}, err
}

// UpdateNewsletter is the field of the same name of Mutation.
func (r *mutationResolver) UpdateNewsletter(ctx context.Context, in model.UpdateNewsletterInput) (*model.UpdateNewsletterPayload, error) {
	key, err := decodeID("id", id.Newsletter, in.ID)
	var saved *ent.Newsletter
	if err == nil {
		saved, err = r.Newsletters.Update(ctx, key, newsletter.Change{Name: in.Name.Value(), Description: in.Description.Value(), Frequency: in.Frequency.Value(), IsOpen: in.IsOpen.Value()})
	}
	wrong, err := mistakes(err)
	return &model.UpdateNewsletterPayload{Newsletter: loader.Newsletters.One(ctx, saved), UserErrors: wrong}, err
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
	return &model.CreateNewsletterIssuePayload{Issue: loader.NewsletterIssues.One(ctx, made), UserErrors: wrong}, err
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
	return &model.SendNewsletterIssuePayload{Issue: loader.NewsletterIssues.One(ctx, issue), UserErrors: wrong}, err
}
