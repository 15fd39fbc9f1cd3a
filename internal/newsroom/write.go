package newsroom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// Maybe is a value that may be left as it is (not Given) or taken away (nil).
type Maybe[T any] struct {
	Given bool
	Value *T
}

// Patch is what an editor writes of an article: nil fields stay as they are.
type Patch struct {
	Kind                              *article.Kind
	Title, Subtitle, Excerpt          *string
	Slug                              *string // must be free
	Language                          *string // BCP 47
	Body                              *[]richtext.Block
	Byline, Dateline                  *string
	SEO                               Maybe[schema.SEO]
	Rights                            Maybe[schema.Rights]
	CommentPolicy                     *article.CommentPolicy
	CommentsCloseAt                   Maybe[time.Time]
	PrimaryCategory                   Maybe[int]
	Categories, Tags, Places, Authors *[]int
	Series, SeriesPosition            Maybe[int]
	FeaturedMedia                     Maybe[int]
	TranslationOf                     Maybe[int] // article whose group it joins; nil: it leaves its group
}

// Bounds on the words of an article, in bytes. The body has its own.
const (
	maxTitle   = 1000
	maxExcerpt = 5000
	maxLine    = 1000
	maxNote    = 10_000
	maxThings  = 300 // tags, authors … of one article
)

// Create begins an article as a draft of the viewer's.
func (s *Service) Create(ctx context.Context, p Patch, note string) (created *ent.Article, err error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	if err := checkText("note", note, maxNote); err != nil {
		return nil, err
	}
	viewer := access.Of(ctx)
	err = s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		if err := s.articles.ShareTaxonomy(ctx); err != nil {
			return err
		}
		now := s.Now()
		d := &content.Draft{Status: draft, EditedAt: &now, CreatedBy: &viewer.UserID}
		if err := s.write(ctx, viewer, d, p); err != nil {
			return err
		}
		if p.Authors == nil {
			if d.Authors, err = s.ownAuthor(ctx, viewer); err != nil {
				return err
			}
		}
		stored, err := s.articles.Save(ctx, d)
		if err != nil {
			return err
		}
		created = stored[0]
		if _, err := s.revise(ctx, created, "createArticle", note, now); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "createArticle", Entity: id.Article, EntityID: created.ID, After: stateOf(created)})
	})
	if err != nil {
		return nil, err
	}
	return created, nil
}

// ownAuthor gives the author that the viewer signs as, if any.
func (s *Service) ownAuthor(ctx context.Context, v access.Viewer) ([]int, error) {
	ids, err := s.db.Ent(ctx).Author.Query().Where(author.UserID(v.UserID)).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the viewer's by-line: %w", err)
	}
	return ids, nil
}

// Update says how an article's words change.
type Update struct {
	Patch
	Expected *int // version that the caller knows; nil: any
	Note     string
	// Substantive moves the time of the last change that readers see. A mended
	// typing error does not.
	Substantive bool
}

// Update changes the words of an article and leaves its status.
func (s *Service) Update(ctx context.Context, articleID int, u Update) (*ent.Article, error) {
	return s.change(ctx, articleID, change{
		action: "updateArticle", needs: access.WriteArticles, expected: u.Expected, note: u.Note, may: mayEdit,
		apply: func(ctx context.Context, w *working) (*content.Move, error) {
			if err := s.refuseLocked(ctx, w); err != nil {
				return nil, err
			}
			if err := s.write(ctx, w.viewer, w.draft, u.Patch); err != nil {
				return nil, err
			}
			if u.Substantive && w.draft.PublishedAt != nil {
				w.draft.UpdatedAt = &w.now
			}
			return nil, s.keepAddress(ctx, w)
		},
		after: s.dropAutosave,
	})
}

// mayEdit lets editors change all articles; writers their own ones while these
// are with them: drafts, in review, and, where they may publish, published ones.
func mayEdit(w *working) error {
	switch {
	case w.row.Status == killed:
		return fault.Mistake(fault.IllegalTransition, "id", "A killed article is not changed any more.")
	case w.viewer.Can(access.EditArticles):
		return nil
	case !w.own:
		return access.Forbidden()
	case w.row.Status == draft || w.row.Status == inReview:
		return nil
	case (w.row.Status == published || w.row.Status == unpublished) && w.viewer.Can(access.PublishOwnArticles):
		return nil
	}
	return access.Forbidden()
}

// write puts a patch into a draft, or says all that is wrong with it.
func (s *Service) write(ctx context.Context, viewer access.Viewer, d *content.Draft, p Patch) error {
	wrong := []error{fill(d, p)}
	note := func(err error) { wrong = append(wrong, err) }
	if d.Title == "" {
		note(fault.Mistake(fault.Blank, "article.title", "A headline is needed."))
	}
	note(checkSEO(d.SEO))
	note(checkRights(d.Rights))
	note(s.checkSlug(ctx, d, p.Slug))
	note(s.checkReferences(ctx, d, p))
	note(s.joinTranslations(ctx, viewer, d, p))
	return errors.Join(wrong...)
}

// fill puts what a patch says into a draft, as far as that needs no look at
// what else there is, and says what is wrong with it.
func fill(d *content.Draft, p Patch) error {
	var wrong []error
	note := func(err error) { wrong = append(wrong, err) }
	text := func(field string, from *string, into *string, limit int) {
		if from != nil {
			*into = cleanLine(*from)
			note(checkText(field, *into, limit))
		}
	}
	text("article.title", p.Title, &d.Title, maxTitle)
	text("article.subtitle", p.Subtitle, &d.Subtitle, maxTitle)
	text("article.excerpt", p.Excerpt, &d.Excerpt, maxExcerpt)
	text("article.byline", p.Byline, &d.Byline, maxLine)
	text("article.dateline", p.Dateline, &d.Dateline, maxLine)
	if p.Language != nil {
		tag, err := language.Parse(*p.Language)
		if err != nil {
			note(fault.Mistake(fault.Invalid, "article.language", "%.40q is no language by BCP 47.", *p.Language))
		} else {
			d.Language = tag.String()
		}
	}
	if p.Body != nil {
		d.Body = richtext.KeepOwnWords(d.Body, richtext.Sanitise(*p.Body))
		note(checkBody("article.body", d.Body))
	}
	set(&d.Kind, p.Kind)
	set(&d.CommentPolicy, p.CommentPolicy)
	take(&d.SEO, p.SEO)
	take(&d.Rights, p.Rights)
	take(&d.CommentsCloseAt, p.CommentsCloseAt)
	take(&d.PrimaryCategory, p.PrimaryCategory)
	take(&d.Series, p.Series)
	take(&d.SeriesPosition, p.SeriesPosition)
	take(&d.FeaturedMedia, p.FeaturedMedia)
	set(&d.Categories, p.Categories)
	set(&d.Tags, p.Tags)
	set(&d.Places, p.Places)
	set(&d.Authors, p.Authors)
	return errors.Join(wrong...)
}

func set[T any](into *T, from *T) {
	if from != nil {
		*into = *from
	}
}

func take[T any](into **T, from Maybe[T]) {
	if from.Given {
		*into = from.Value
	}
}

// cleanLine removes what no line of text may hold.
func cleanLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")))
}

func checkText(field, text string, limit int) error {
	switch {
	case len(text) > limit:
		return fault.Mistake(fault.TooLong, field, "The text is longer than %d bytes.", limit)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return fault.Mistake(fault.Invalid, field, "The text holds what is no text.")
	}
	return nil
}

// checkBody says what is wrong with a body, at which block.
func checkBody(field string, body []richtext.Block) error {
	wrong, ok := errors.AsType[*richtext.InvalidError](richtext.Validate(body))
	if !ok {
		return nil
	}
	reason := fault.Invalid
	switch wrong.Problem {
	case richtext.ProblemTooLong, richtext.ProblemTooMany, richtext.ProblemTooDeep:
		reason = fault.TooLong
	case richtext.ProblemMissing:
		reason = fault.Blank
	}
	if wrong.Block >= 0 {
		field = fmt.Sprintf("%s.blocks.%d", field, wrong.Block)
	}
	if wrong.Path != "" {
		field += "." + wrong.Path
	}
	return fault.Mistake(reason, field, "%s.", wrong.Detail)
}

func checkSEO(seo *schema.SEO) error {
	if seo == nil {
		return nil
	}
	if seo.CanonicalURL != "" && !strings.HasPrefix(seo.CanonicalURL, "https://") && !strings.HasPrefix(seo.CanonicalURL, "http://") {
		return fault.Mistake(fault.Invalid, "article.seo.canonicalUrl", "An address begins with https:// or http://.")
	}
	return errors.Join(checkText("article.seo.title", seo.Title, maxTitle), checkText("article.seo.description", seo.Description, maxExcerpt),
		checkText("article.seo.canonicalUrl", seo.CanonicalURL, richtext.MaxURLBytes))
}

func checkRights(r *schema.Rights) error {
	if r == nil {
		return nil
	}
	return errors.Join(checkText("article.rights.holder", r.Holder, maxTitle), checkText("article.rights.notice", r.Notice, maxExcerpt),
		checkText("article.rights.usageTerms", r.UsageTerms, maxExcerpt))
}
