package newsroom

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Statuses by their short names, for the table below.
const (
	draft       = article.StatusDraft
	inReview    = article.StatusInReview
	approved    = article.StatusApproved
	scheduled   = article.StatusScheduled
	embargoed   = article.StatusEmbargoed
	published   = article.StatusPublished
	unpublished = article.StatusUnpublished
	archived    = article.StatusArchived
	killed      = article.StatusKilled
)

// Step is a step of an article on its way; its name is that of the mutation.
type Step string

// The steps.
const (
	Submit         Step = "submitArticleForReview"
	RequestChanges Step = "requestChanges"
	Approve        Step = "approveArticle"
	Reopen         Step = "reopenArticle"
	Schedule       Step = "scheduleArticle"
	Unschedule     Step = "unscheduleArticle"
	Embargo        Step = "embargoArticle"
	LiftEmbargo    Step = "liftEmbargo"
	Publish        Step = "publishArticle"
	Unpublish      Step = "unpublishArticle"
	Archive        Step = "archiveArticle"
	Kill           Step = "killArticle"
)

// rule says from where a step leads to where, and who may take it: whoever has
// the capability any, with all articles; whoever has own, with their own ones,
// from fewer statuses.
type rule struct {
	to      article.Status
	from    []article.Status
	any     access.Capability
	own     access.Capability // empty: nobody
	ownFrom []article.Status
}

// rules are the whole workflow.
var rules = map[Step]rule{
	Submit:         {to: inReview, from: of(draft), any: access.EditArticles, own: access.WriteArticles, ownFrom: of(draft)},
	RequestChanges: {to: draft, from: of(inReview, approved, scheduled), any: access.ReviewArticles},
	Approve:        {to: approved, from: of(draft, inReview), any: access.ReviewArticles},
	Reopen: {to: draft, from: of(inReview, approved, unpublished, archived), any: access.EditArticles,
		own: access.WriteArticles, ownFrom: of(inReview, unpublished)},
	Schedule: {to: scheduled, from: of(draft, inReview, approved, scheduled, unpublished), any: access.PublishArticles,
		own: access.PublishOwnArticles, ownFrom: of(approved, scheduled)},
	Unschedule: {to: approved, from: of(scheduled, embargoed), any: access.PublishArticles,
		own: access.PublishOwnArticles, ownFrom: of(scheduled)},
	Embargo:     {to: embargoed, from: of(draft, inReview, approved, scheduled, embargoed), any: access.PublishArticles},
	LiftEmbargo: {to: published, from: of(embargoed), any: access.PublishArticles},
	Publish: {to: published, from: of(draft, inReview, approved, scheduled, unpublished, archived), any: access.PublishArticles,
		own: access.PublishOwnArticles, ownFrom: of(approved, scheduled)},
	Unpublish: {to: unpublished, from: of(published), any: access.PublishArticles, own: access.PublishOwnArticles, ownFrom: of(published)},
	Archive:   {to: archived, from: of(draft, inReview, approved, unpublished, published), any: access.PublishArticles},
	Kill: {to: killed, from: of(draft, inReview, approved, scheduled, embargoed, published, unpublished, archived),
		any: access.WithdrawArticles},
}

func of(statuses ...article.Status) []article.Status { return statuses }

// isPublic reports whether readers see an article of a status, or will at its moment.
func isPublic(s article.Status) bool { return s == scheduled || s == embargoed || s == published }

// needs is the least that a viewer must be able to do for a step.
func (r rule) needs() access.Capability {
	if r.own != "" {
		return r.own
	}
	return r.any
}

// check refuses a step that the viewer may not take, or that does not start
// where the article is.
func (r rule) check(step Step, w *working) error {
	from := r.from
	switch {
	case w.viewer.Can(r.any):
	case w.own && r.own != "" && w.viewer.Can(r.own):
		if from = r.ownFrom; slices.Contains(r.from, w.row.Status) && !slices.Contains(from, w.row.Status) {
			return fault.New(fault.Forbidden, "Your role allows %s only with articles that are %s; this one is %s. %s", step, list(from), w.row.Status, r.instead())
		}
	default:
		return access.Forbidden()
	}
	if !slices.Contains(from, w.row.Status) {
		return fault.Mistake(fault.IllegalTransition, "id", "%s does not go with an article that is %s.", step, w.row.Status)
	}
	return nil
}

// instead says what the owner of an article, who may not take a step yet, does.
func (r rule) instead() string {
	if slices.Contains(r.ownFrom, approved) && slices.Contains(r.from, draft) {
		return "Hand it in with submitArticleForReview: an editor then approves it."
	}
	return "Ask an editor to do it."
}

func list(statuses []article.Status) string {
	words := make([]string, len(statuses))
	for i, s := range statuses {
		words[i] = string(s)
	}
	return strings.Join(words, " or ")
}

// Steps lists all steps in the order of an article's way.
func Steps() []Step {
	return []Step{Submit, RequestChanges, Approve, Reopen, Schedule, Unschedule, Embargo, LiftEmbargo, Publish, Unpublish, Archive, Kill}
}

// StepInput is a step with the input that it needs.
type StepInput struct {
	Article  int
	Expected *int       // version that the caller knows; nil: any
	Note     string     // for the newsroom, kept with the revision
	At       *time.Time // with Schedule the moment of publication, with Embargo its end
	// UnpublishAt takes the article back at that moment; with Schedule, Embargo
	// and Publish. Nil: it stays.
	UnpublishAt *time.Time
	// Notice and Reason are those of a withdrawal, with Kill.
	Notice, Reason string
}

// Step takes an article one step on its way.
func (s *Service) Step(ctx context.Context, step Step, t StepInput) (*ent.Article, error) {
	r, known := rules[step]
	if !known {
		return nil, fault.Mistake(fault.Invalid, "", "There is no step %q.", step)
	}
	c := change{action: string(step), needs: r.needs(), expected: t.Expected, note: t.Note}
	c.may = func(w *working) error { return r.check(step, w) }
	c.apply = func(ctx context.Context, w *working) (*content.Move, error) {
		m := &content.Move{ID: t.Article, Status: r.to, At: w.now, UnpublishAt: w.row.UnpublishAt}
		if err := s.plan(step, t, w, m); err != nil {
			return nil, err
		}
		if isPublic(r.to) {
			return m, s.passes(ctx, t.Article)
		}
		return m, nil
	}
	if step == Kill {
		c.after = func(ctx context.Context, w *working, _ *ent.Article, _ int) error { return s.withdraw(ctx, w, t) }
	}
	return s.change(ctx, t.Article, c)
}

// plan sets the times of a step.
func (s *Service) plan(step Step, t StepInput, w *working, m *content.Move) error {
	switch step {
	case Schedule, Embargo:
		if t.At == nil {
			return fault.Mistake(fault.Blank, "at", "A moment is needed.")
		}
		if !t.At.After(w.now) {
			return fault.Mistake(fault.InThePast, "at", "The moment is over: %s.", t.At.UTC().Format(time.RFC3339))
		}
		if step == Schedule {
			m.ScheduledAt = t.At
		} else {
			m.EmbargoUntil = t.At
		}
	case Unschedule, Unpublish, Archive, Kill, Reopen, RequestChanges:
		m.UnpublishAt = nil
	}
	if t.UnpublishAt != nil {
		from := w.now
		if t.At != nil {
			from = *t.At
		}
		if !t.UnpublishAt.After(from) {
			return fault.Mistake(fault.InThePast, "unpublishAt", "The article would be taken back before it is published.")
		}
		m.UnpublishAt = t.UnpublishAt
	}
	if t.At != nil && m.UnpublishAt != nil && !m.UnpublishAt.After(*t.At) {
		return fault.Mistake(fault.InThePast, "unpublishAt", "The article is still to be taken back at %s, before it is published.",
			m.UnpublishAt.UTC().Format(time.RFC3339))
	}
	if m.Status == published && m.UnpublishAt != nil && !m.UnpublishAt.After(w.now) {
		m.UnpublishAt = nil // planned for a publication that is over
	}
	return nil
}
