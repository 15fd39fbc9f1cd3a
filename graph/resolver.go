// Package graph answers GraphQL: it decodes what a field asks for, calls one
// service and encodes what comes back. Rules live in the services, visibility
// below them.
//
// Each file holds the query and field methods of one domain; the compiler names
// what schema.graphql asks for and nobody answers.
package graph

import (
	"github.com/broadsheet-cms/broadsheet/graph/generated"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/digest"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/feed"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
	"github.com/broadsheet-cms/broadsheet/internal/watch"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// Services are what the resolvers call.
type Services struct {
	Accounts   *account.Service
	Articles   *content.Service
	Bookmarks  *bookmark.Service
	Comments   *comment.Service
	Moderator  *comment.Moderator
	Interests  *interest.Service
	Popularity *popularity.Service
	Newsroom   *newsroom.Service
	MediaDesk  *media.Editor
	Repeats    *idempotency.Store
	Taxonomy   *taxonomy.Service
	Terms      *taxonomy.Editor
	Pages      *site.Service
	SiteEditor *site.Editor
	Audit      *audit.Log
	Jobs       *job.Office
	Partners   *partner.Service
	Feeds      *feed.Service
	Webhooks   *webhook.Service
	Search     *search.Service
	Directory  *directory.Directory
	Watch      *watch.Hub

	Newsletters *newsletter.Service
	Digests     *digest.Service
	Trusted     *trusted.Store // nil: no documents can be registered
}

// Resolver answers every field.
type Resolver struct {
	Services

	rows *loader.Services // of what subscriptions send
}

// The resolvers of each type.
type (
	queryResolver      struct{ *Resolver }
	mutationResolver   struct{ *Resolver }
	articleResolver    struct{ *Resolver }
	liveEntryResolver  struct{ *Resolver }
	categoryResolver   struct{ *Resolver }
	tagResolver        struct{ *Resolver }
	placeResolver      struct{ *Resolver }
	seriesResolver     struct{ *Resolver }
	authorResolver     struct{ *Resolver }
	commentResolver    struct{ *Resolver }
	mediaResolver      struct{ *Resolver }
	siteResolver       struct{ *Resolver }
	seoResolver        struct{ *Resolver }
	pageResolver       struct{ *Resolver }
	menuResolver       struct{ *Resolver }
	menuItemResolver   struct{ *Resolver }
	adSlotResolver     struct{ *Resolver }
	redirectResolver   struct{ *Resolver }
	auditEntryResolver struct{ *Resolver }
	viewerResolver     struct{ *Resolver }
	sessionResolver    struct{ *Resolver }
	countResolver      struct{ *Resolver }
	blockImageResolver struct{ *Resolver }

	newsroomRecordResolver struct{ *Resolver }
	revisionResolver       struct{ *Resolver }
	articleContentResolver struct{ *Resolver }
	articleDiffResolver    struct{ *Resolver }

	versionConflictResolver struct{ *Resolver }
	articleLockedResolver   struct{ *Resolver }

	followedTopicResolver     struct{ *Resolver }
	moderatedCommentResolver  struct{ *Resolver }
	notificationResolver      struct{ *Resolver }
	readerRestrictionResolver struct{ *Resolver }

	searchConnectionResolver   struct{ *Resolver }
	relatedArticleEdgeResolver struct{ *Resolver }
)

var _ generated.ResolverRoot = (*Resolver)(nil)

// Query answers the entry points for reading.
func (r *Resolver) Query() generated.QueryResolver { return &queryResolver{r} }

// Mutation answers the entry points for changes.
func (r *Resolver) Mutation() generated.MutationResolver { return &mutationResolver{r} }

// Article answers the fields of articles.
func (r *Resolver) Article() generated.ArticleResolver { return &articleResolver{r} }

// LiveEntry answers the fields of live blog entries.
func (r *Resolver) LiveEntry() generated.LiveEntryResolver { return &liveEntryResolver{r} }

// Category answers the fields of sections.
func (r *Resolver) Category() generated.CategoryResolver { return &categoryResolver{r} }

// Tag answers the fields of tags.
func (r *Resolver) Tag() generated.TagResolver { return &tagResolver{r} }

// Place answers the fields of places.
func (r *Resolver) Place() generated.PlaceResolver { return &placeResolver{r} }

// Series answers the fields of series.
func (r *Resolver) Series() generated.SeriesResolver { return &seriesResolver{r} }

// Author answers the fields of authors.
func (r *Resolver) Author() generated.AuthorResolver { return &authorResolver{r} }

// Comment answers the fields of comments.
func (r *Resolver) Comment() generated.CommentResolver { return &commentResolver{r} }

// Media answers the fields of media.
func (r *Resolver) Media() generated.MediaResolver { return &mediaResolver{r} }

// Site answers the fields of the site.
func (r *Resolver) Site() generated.SiteResolver { return &siteResolver{r} }

// SEO answers the fields of what search engines are told.
func (r *Resolver) SEO() generated.SEOResolver { return &seoResolver{r} }

// Page answers the fields of static pages.
func (r *Resolver) Page() generated.PageResolver { return &pageResolver{r} }

// Menu answers the fields of menus.
func (r *Resolver) Menu() generated.MenuResolver { return &menuResolver{r} }

// MenuItem answers the fields of menu items.
func (r *Resolver) MenuItem() generated.MenuItemResolver { return &menuItemResolver{r} }

// AdSlot answers the fields of ad slots.
func (r *Resolver) AdSlot() generated.AdSlotResolver { return &adSlotResolver{r} }

// Redirect answers the fields of redirects.
func (r *Resolver) Redirect() generated.RedirectResolver { return &redirectResolver{r} }

// AuditEntry answers the fields of the record of who did what.
func (r *Resolver) AuditEntry() generated.AuditEntryResolver { return &auditEntryResolver{r} }

// Viewer answers the fields of who is signed in.
func (r *Resolver) Viewer() generated.ViewerResolver { return &viewerResolver{r} }

// Session answers the fields of sessions.
func (r *Resolver) Session() generated.SessionResolver { return &sessionResolver{r} }

// Count answers the fields of counts.
func (r *Resolver) Count() generated.CountResolver { return &countResolver{r} }

// BlockImage answers the fields of pictures in bodies.
func (r *Resolver) BlockImage() generated.BlockImageResolver { return &blockImageResolver{r} }

// NewsroomRecord answers the fields of what the newsroom keeps about articles.
func (r *Resolver) NewsroomRecord() generated.NewsroomRecordResolver {
	return &newsroomRecordResolver{r}
}

// Revision answers the fields of revisions.
func (r *Resolver) Revision() generated.RevisionResolver { return &revisionResolver{r} }

// ArticleContent answers the fields of articles as they were.
func (r *Resolver) ArticleContent() generated.ArticleContentResolver {
	return &articleContentResolver{r}
}

// ArticleDiff answers the fields of comparisons.
func (r *Resolver) ArticleDiff() generated.ArticleDiffResolver { return &articleDiffResolver{r} }

// FollowedTopic answers the fields of followed topics.
func (r *Resolver) FollowedTopic() generated.FollowedTopicResolver { return &followedTopicResolver{r} }

// ModeratedComment answers the fields of comments as moderators see them.
func (r *Resolver) ModeratedComment() generated.ModeratedCommentResolver {
	return &moderatedCommentResolver{r}
}

// Notification answers the fields of notifications.
func (r *Resolver) Notification() generated.NotificationResolver { return &notificationResolver{r} }

// ReaderRestriction answers the fields of restrictions.
func (r *Resolver) ReaderRestriction() generated.ReaderRestrictionResolver {
	return &readerRestrictionResolver{r}
}

// SearchConnection answers the fields of searches.
func (r *Resolver) SearchConnection() generated.SearchConnectionResolver {
	return &searchConnectionResolver{r}
}

// RelatedArticleEdge answers the fields of related articles.
func (r *Resolver) RelatedArticleEdge() generated.RelatedArticleEdgeResolver {
	return &relatedArticleEdgeResolver{r}
}

// VersionConflict answers the fields of conflicts.
func (r *Resolver) VersionConflict() generated.VersionConflictResolver {
	return &versionConflictResolver{r}
}

// ArticleLocked answers the fields of refusals for a lock.
func (r *Resolver) ArticleLocked() generated.ArticleLockedResolver { return &articleLockedResolver{r} }
