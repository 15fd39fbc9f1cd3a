package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// mistakes parts the error of a mutation's service in two: what the user can
// mend, for the payload's userErrors, and what ends the field, such as a
// missing capability or a failure of ours.
//
//	article, err := r.Newsroom.Publish(ctx, …)
//	wrong, err := mistakes(err)
//	if err != nil {
//		return nil, err
//	}
//	return &model.PublishArticlePayload{Article: article, UserErrors: wrong}, nil
func mistakes(err error) ([]model.UserError, error) {
	wrong, ok := appendUserErrors([]model.UserError{}, err)
	if !ok {
		return nil, err
	}
	return wrong, nil
}

// appendUserErrors adds what the user can mend of err to wrong; it fails on anything
// else.
func appendUserErrors(wrong []model.UserError, err error) ([]model.UserError, bool) {
	if err == nil {
		return wrong, true
	}
	if conflict, ok := errors.AsType[*newsroom.ConflictError](err); ok {
		return append(wrong, model.VersionConflict{Message: conflict.Error(), Field: []string{"expectedVersion"}, Code: fault.VersionConflict,
			CurrentVersion: conflict.Current.Version, Current: conflict.Current}), true
	}
	if held, ok := errors.AsType[*newsroom.LockedError](err); ok {
		return append(wrong, model.ArticleLocked{Message: held.Error(), Field: []string{"id"}, Code: fault.Locked, Held: held.Lock}), true
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // errors.Join makes lists, which nothing wraps
		for _, one := range joined.Unwrap() {
			if wrong, ok = appendUserErrors(wrong, one); !ok {
				return nil, false
			}
		}
		return wrong, true
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.ReasonOf() == "" {
		return nil, false
	}
	return append(wrong, model.InputError{Message: f.Message, Field: fieldPath(f.Field), Code: f.ReasonOf()}), true
}

// fieldPath splits a path such as blocks[2].html into its steps.
func fieldPath(path string) []string {
	if path == "" {
		return []string{}
	}
	return strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
}

// Article is the field of the same name of VersionConflict.
func (r *versionConflictResolver) Article(ctx context.Context, c *model.VersionConflict) (*loader.Article, error) {
	if c.Shown != nil {
		return c.Shown, nil
	}
	return loader.Articles.One(ctx, c.Current), nil
}

// Lock is the field of the same name of ArticleLocked.
func (r *articleLockedResolver) Lock(ctx context.Context, l *model.ArticleLocked) (*loader.Lock, error) {
	if l.Shown != nil {
		return l.Shown, nil
	}
	return loader.Locks.One(ctx, l.Held), nil
}

// showTogether has the articles and locks that several payloads refuse a change
// for enter the response together, so that their fields are read by one statement.
func showTogether(ctx context.Context, payloads []*model.ArticlePayload) {
	var articles []*ent.Article
	var locks []*ent.ArticleLock
	each := func(conflict func(*model.VersionConflict), locked func(*model.ArticleLocked)) {
		for _, p := range payloads {
			for i, e := range p.UserErrors {
				switch e := e.(type) {
				case model.VersionConflict:
					conflict(&e)
					p.UserErrors[i] = e
				case model.ArticleLocked:
					locked(&e)
					p.UserErrors[i] = e
				}
			}
		}
	}
	each(func(c *model.VersionConflict) { articles = append(articles, c.Current) }, func(l *model.ArticleLocked) { locks = append(locks, l.Held) })
	shownArticles, shownLocks := loader.Articles.Rows(ctx, articles), loader.Locks.Rows(ctx, locks)
	each(func(c *model.VersionConflict) { c.Shown, shownArticles = shownArticles[0], shownArticles[1:] },
		func(l *model.ArticleLocked) { l.Shown, shownLocks = shownLocks[0], shownLocks[1:] })
}
