package graph_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// What hangs on an article, made for a question of the table of permissions.

func (r *room) blog(t *testing.T, a *ent.Article) *ent.Article {
	t.Helper()
	system := access.AsSystem(t.Context())
	return r.DB.Ent(system).Article.UpdateOneID(a.ID).SetKind(article.KindLiveBlog).SaveX(system)
}

func (r *room) entry(t *testing.T, a *ent.Article) string {
	t.Helper()
	system := access.AsSystem(t.Context())
	return r.DB.Ent(system).LiveEntry.Create().SetArticleID(r.blog(t, a).ID).SetTitle("It rains").SetBlocks([]richtext.Block{}).
		SetPublishedAt(r.Newsroom.Now()).SaveX(system).PublicID()
}

func (r *room) note(t *testing.T, a *ent.Article) string {
	t.Helper()
	return r.DB.Ent(t.Context()).ArticleNote.Create().SetArticleID(a.ID).SetText("Who says so?").SaveX(t.Context()).PublicID()
}

func (r *room) token(t *testing.T, a *ent.Article) string {
	t.Helper()
	return r.DB.Ent(t.Context()).PreviewToken.Create().SetArticleID(a.ID).SetTokenHash(fmt.Sprint(a.ID)).
		SetExpiresAt(r.Newsroom.Now().Add(time.Hour)).SaveX(t.Context()).PublicID()
}

func (r *room) locked(t *testing.T, by access.Viewer, a *ent.Article) *ent.Article {
	t.Helper()
	if by.UserID != 0 {
		r.DB.Ent(t.Context()).ArticleLock.Create().SetArticleID(a.ID).SetUserID(by.UserID).SetExpiresAt(r.Newsroom.Now().Add(time.Minute)).ExecX(t.Context())
	}
	return a
}

func (r *room) related(t *testing.T, a *ent.Article, pinned bool) string {
	t.Helper()
	other := r.article(t, r.other, permission{status: article.StatusPublished})
	if pinned {
		r.DB.Ent(t.Context()).RelatedPin.Create().SetArticleID(a.ID).SetRelatedID(other.ID).SetPosition(0).ExecX(t.Context())
	}
	return other.PublicID()
}
