package graph

import (
	"math"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph/generated"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// plainList is how long a list without paging is taken to be.
const plainList = 10

// weigh makes a list cost as many times its children as it has rows, so that
// the limit bounds the work of a document and not only its length.
func weigh(c *generated.ComplexityRoot) {
	news := func(child int, first *int32, _ *string, last *int32, _ *string, _ *string) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	paged := func(child int, first *int32, _ *string, last *int32, _ *string) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	list := func(child int) int { return times(child, plainList) }

	c.Query.LatestNews = news
	c.Category.LatestNews = news
	c.Tag.LatestNews = news
	c.Place.LatestNews = news
	c.Series.LatestNews = news
	c.Author.LatestNews = news
	c.Query.Tags = paged
	c.Query.Redirects = func(child int, _ *string, first *int32, _ *string, last *int32, _ *string) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	c.Query.AuditLog = func(child int, _ *model.AuditFilter, first *int32, _ *string, last *int32, _ *string) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	c.Query.DeadJobs = paged
	c.Query.StaticPages = func(child int, _ *bool) int { return list(child) }
	c.Comment.Replies = paged
	c.Article.Comments = func(child int, first *int32, _ *string, last *int32, _ *string, _ *model.CommentOrder) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	c.Article.RelatedArticles = func(child int, first *int32, _ *string) int { return rows(child, defaultRelated, first, nil) }
	c.Query.Search = func(child int, _ string, _ *model.SearchFilter, first *int32, _ *string) int {
		return rows(child, relay.DefaultPage, first, nil)
	}
	c.Query.Users = func(child int, _ *access.Role, _ *bool, _ *string, first *int32, _ *string, last *int32, _ *string) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	c.Viewer.Sessions = list
	weighSecrets(c)
	c.Query.NewsroomSearch = func(child int, _ string, _ *model.SearchFilter, _ []article.Status, _ *bool, first *int32, _ *string) int {
		return rows(child, relay.DefaultPage, first, nil)
	}
	c.Query.WorkQueue = func(child int, first *int32, _ *string, last *int32, _ *string, _ *model.WorkQueueFilter, _ *newsroom.Order) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	c.Query.MyArticles = func(child int, first *int32, _ *string, last *int32, _ *string, _ []article.Status) int {
		return rows(child, relay.DefaultPage, first, last)
	}
	c.Query.Trash = paged
	c.Query.Calendar = func(child int, _, _ time.Time, first *int32) int { return rows(child, relay.DefaultPage, first, nil) }
	c.Query.WorkQueueCounts = func(child int, _ *model.WorkQueueFilter) int { return list(child) }
	c.Query.Categories = func(child int, _ *bool) int { return list(child) }
	c.Category.Children = list
	c.Article.Authors = list
	c.Article.Tags = list
	c.Article.Places = list
	c.Article.Categories = list
	c.Article.Translations = list
	c.Article.LiveEntries = list
	c.Menu.Items = list
	c.MenuItem.Children = list
	c.Article.Corrections = list
	c.Category.Picks = list
	c.Query.Picks = func(child int, _ *string) int { return list(child) }
	c.Query.EditorsPicks = func(child int, _ *string) int { return list(child) }
	c.Query.Corrections = paged
	c.NewsroomRecord.Revisions = paged
	c.NewsroomRecord.Notes = list
	c.NewsroomRecord.PreviewTokens = list
	c.Query.Nodes = func(child int, ids []string) int { return times(child, max(1, len(ids))) }
}

// hashing is what a field costs that makes a slow hash of a password: a document
// holds a handful of them.
const hashing = 5_000

// weighSecrets makes it dear to guess many times in one document.
func weighSecrets(c *generated.ComplexityRoot) {
	code := func(child int, _ model.SecondFactorCodeInput) int { return child + hashing }
	c.Mutation.SignIn = func(child int, _ model.SignInInput) int { return child + hashing }
	c.Mutation.SetUpAdmin = func(child int, _ model.SetUpAdminInput) int { return child + hashing }
	c.Mutation.ChangePassword = func(child int, _ model.ChangePasswordInput) int { return child + hashing }
	c.Mutation.StartSecondFactor = func(child int, _ model.StartSecondFactorInput) int { return child + hashing }
	c.Mutation.ConfirmSecondFactor, c.Mutation.DisableSecondFactor, c.Mutation.RegenerateRecoveryCodes = code, code, code
	c.Mutation.CreateUser = func(child int, _ model.CreateUserInput) int { return child + hashing }
	c.Mutation.ResetUserPassword = func(child int, _ model.ResetUserPasswordInput) int { return child + hashing }
}

func rows(child, byDefault int, first, last *int32) int {
	n := byDefault
	if first != nil {
		n = int(*first)
	} else if last != nil {
		n = int(*last)
	}
	return times(child, max(1, n))
}

// times multiplies without overflow: a document can nest lists as deep as it
// likes.
func times(child, n int) int {
	if child > math.MaxInt32/n {
		return math.MaxInt32
	}
	return child*n + 1
}
