package content

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/byline"
	"github.com/broadsheet-cms/broadsheet/ent/relatedpin"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Draft is an article as it shall be, whole. What is derived from it (HTML,
// text, word count, reading time, listings) is not part of it. Its JSON is what
// revisions keep.
type Draft struct {
	ID int `json:"-"` // 0: a new article

	Kind       article.Kind       `json:"kind,omitempty"`
	Status     article.Status     `json:"status,omitempty"`
	Visibility article.Visibility `json:"visibility,omitempty"`
	TrashedAt  *time.Time         `json:"trashedAt,omitempty"`

	Title            string `json:"title"`
	Subtitle         string `json:"subtitle,omitempty"`
	Excerpt          string `json:"excerpt,omitempty"`
	Slug             string `json:"slug,omitempty"` // empty: made from the title; taken: numbered
	Language         string `json:"language,omitempty"`
	TranslationGroup *int   `json:"translationGroup,omitempty"`

	Body      []richtext.Block `json:"body"`
	Byline    string           `json:"byline,omitempty"`
	Dateline  string           `json:"dateline,omitempty"`
	SEO       *schema.SEO      `json:"seo,omitempty"`
	Rights    *schema.Rights   `json:"rights,omitempty"`
	Custom    map[string]any   `json:"custom,omitempty"`
	Source    Source           `json:"source,omitzero"`
	Entries   []Entry          `json:"entries,omitempty"` // of a live blog
	CreatedBy *int             `json:"-"`
	EditedAt  *time.Time       `json:"-"` // moment of the change when a person makes it here; nil: it stays

	PublishedAt      *time.Time `json:"publishedAt,omitempty"`
	FirstPublishedAt *time.Time `json:"firstPublishedAt,omitempty"`
	UpdatedAt        *time.Time `json:"updatedAt,omitempty"`
	CorrectedAt      *time.Time `json:"correctedAt,omitempty"`
	ScheduledAt      *time.Time `json:"scheduledAt,omitempty"`
	EmbargoUntil     *time.Time `json:"embargoUntil,omitempty"`
	UnpublishAt      *time.Time `json:"unpublishAt,omitempty"`

	CommentPolicy   article.CommentPolicy `json:"commentPolicy,omitempty"`
	CommentsCloseAt *time.Time            `json:"commentsCloseAt,omitempty"`

	PrimaryCategory *int  `json:"primaryCategory,omitempty"`
	Categories      []int `json:"categories,omitempty"` // beside the primary one
	Tags            []int `json:"tags,omitempty"`
	Places          []int `json:"places,omitempty"`
	Authors         []int `json:"authors,omitempty"` // in the order of the by-line
	Series          *int  `json:"series,omitempty"`
	SeriesPosition  *int  `json:"seriesPosition,omitempty"`
	FeaturedMedia   *int  `json:"featuredMedia,omitempty"`
	Pins            []int `json:"pins,omitempty"` // related articles chosen by an editor
}

// Source says where an article came from.
type Source struct {
	URI       string     `json:"uri,omitempty"`       // its identity there; empty when it was written here
	Name      string     `json:"name,omitempty"`      // of the agency or publication
	URL       string     `json:"url,omitempty"`       // its page there
	VersionAt *time.Time `json:"versionAt,omitempty"` // moment of the version there
	Hash      string     `json:"hash,omitempty"`      // of what was imported, to tell whether anything changed
}

// Entry is one entry of a live blog.
type Entry struct {
	ID          int              `json:"id,omitempty"` // 0: a new one; else that of an entry of the same article, which is changed
	Title       string           `json:"title,omitempty"`
	Body        []richtext.Block `json:"body"`
	PublishedAt time.Time        `json:"publishedAt"`
	Key         bool             `json:"key,omitempty"`
	Pinned      bool             `json:"pinned,omitempty"`
}

// Save stores articles as their drafts say, in one transaction (that of ctx if
// it carries one), with everything derived from them and an event for each.
// The answer is in the order of the drafts.
func (s *Service) Save(ctx context.Context, drafts ...*Draft) ([]*ent.Article, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	ctx = access.AsSystem(ctx)
	var saved []*ent.Article
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.ShareTaxonomy(ctx); err != nil {
			return err
		}
		prepared, err := s.prepare(ctx, drafts)
		if err != nil {
			return err
		}
		saved = make([]*ent.Article, len(drafts))
		was := make([]stance, len(drafts))
		if err := s.create(ctx, prepared, saved); err != nil {
			return err
		}
		for i, p := range prepared {
			if p.ID == 0 {
				continue
			}
			if was[i], err = s.stance(ctx, p.ID); err != nil {
				return err
			}
			if saved[i], err = s.update(ctx, p); err != nil {
				return err
			}
		}
		if err := s.saveParts(ctx, prepared, saved); err != nil {
			return err
		}
		lists, err := s.derive(ctx, saved)
		if err != nil {
			return err
		}
		return s.log.Append(ctx, changes(prepared, saved, was, lists)...)
	})
	if err != nil {
		return nil, fmt.Errorf("save articles: %w", err)
	}
	return saved, nil
}

func keysOf(articles []*ent.Article) []int {
	keys := make([]int, len(articles))
	for i, a := range articles {
		keys[i] = a.ID
	}
	return keys
}

// Live reports whether readers see an article. It says of a row at hand what
// the rule of articles in package access says to the database.
func Live(a *ent.Article) bool {
	return a.Status == article.StatusPublished && a.Visibility == article.VisibilityPublic && a.TrashedAt == nil
}

// stance is what the event of a save says of the article before it.
type stance struct {
	live     bool
	language string
}

func (s *Service) stance(ctx context.Context, id int) (stance, error) {
	before, err := s.db.Ent(ctx).Article.Query().Where(article.ID(id)).
		Select(article.FieldStatus, article.FieldVisibility, article.FieldTrashedAt, article.FieldLanguage).Only(ctx)
	if err != nil {
		return stance{}, fmt.Errorf("article %d: %w", id, err)
	}
	return stance{Live(before), before.Language}, nil
}

// changes are the events of a save.
func changes(drafts []*prepared, saved []*ent.Article, was []stance, lists map[int]listings) []event.Event {
	events := make([]event.Event, len(saved))
	for i, a := range saved {
		action := event.Updated
		switch live := Live(a); {
		case live && !was[i].live:
			action = event.Published
		case !live && was[i].live:
			action = event.Unpublished
		case drafts[i].ID == 0:
			action = event.Created
		}
		events[i] = eventOf(action, a, lists)
		if was[i].language != a.Language {
			events[i].OldLanguage = was[i].language
		}
	}
	return events
}

// prepared is a draft with what is derived from it.
type prepared struct {
	*Draft
	slug, html, text string
	words, minutes   int
	bodyHash         int64
}

func (s *Service) prepare(ctx context.Context, drafts []*Draft) ([]*prepared, error) {
	if err := s.placeMedia(ctx, drafts); err != nil {
		return nil, err
	}
	all := make([]*prepared, len(drafts))
	for i, d := range drafts {
		for _, line := range []*string{&d.Title, &d.Subtitle, &d.Excerpt, &d.Byline, &d.Dateline} {
			*line = richtext.BalanceDirection(*line)
		}
		for j := range d.Entries {
			d.Entries[j].Title = richtext.BalanceDirection(d.Entries[j].Title)
		}
		p := &prepared{Draft: d, html: richtext.PlacedHTML(d.Body), text: TextOf(d)}
		p.words, p.minutes = length(p.text, d.Language)
		p.bodyHash = int64(related.BodyHash(p.text))
		if d.Excerpt == "" {
			d.Excerpt = richtext.Excerpt(p.text, 280)
		}
		if d.Status == article.StatusPublished {
			if d.PublishedAt == nil {
				now := s.Now()
				d.PublishedAt = &now
			}
			if d.FirstPublishedAt == nil {
				d.FirstPublishedAt = d.PublishedAt
			}
		}
		if d.PublishedAt != nil && d.UpdatedAt == nil {
			d.UpdatedAt = d.PublishedAt
		}
		all[i] = p
	}
	return all, s.chooseSlugs(ctx, all)
}

// TextOf gives the words of an article, those of its entries included, as plain
// text.
func TextOf(d *Draft) string {
	var text strings.Builder
	text.WriteString(richtext.Text(d.Body))
	for _, e := range d.Entries {
		text.WriteString("\n\n" + richtext.Text(e.Body))
	}
	return text.String()
}

// HTMLOf gives the body of an article as HTML.
func HTMLOf(d *Draft) string { return richtext.PlacedHTML(d.Body) }

// Length gives how many words a draft has and how many minutes they take.
func Length(d *Draft) (words, minutes int) { return length(TextOf(d), d.Language) }

func length(text, language string) (words, minutes int) {
	return richtext.CountWords(text), richtext.ReadingMinutes(text, language)
}

func (s *Service) create(ctx context.Context, drafts []*prepared, saved []*ent.Article) error {
	client := s.db.Ent(ctx)
	var builders []*ent.ArticleCreate
	var places []int
	for i, p := range drafts {
		if p.ID == 0 {
			b := client.Article.Create()
			setArticle(b.Mutation(), p)
			b.SetNillableCreatedBy(p.CreatedBy)
			builders, places = append(builders, b), append(places, i)
		}
	}
	for done := 0; done < len(builders); {
		chunk := builders[done:min(done+chunkSize, len(builders))]
		rows, err := client.Article.CreateBulk(chunk...).Save(ctx)
		if err != nil {
			return err
		}
		for i, row := range rows {
			saved[places[done+i]] = row
		}
		done += len(chunk)
	}
	return nil
}

// chunkSize is how many rows go into the database by one statement: SQLite
// takes 32,766 arguments, and an article has some forty.
const chunkSize = 200

func (s *Service) update(ctx context.Context, p *prepared) (*ent.Article, error) {
	b := s.db.Ent(ctx).Article.UpdateOneID(p.ID)
	setArticle(b.Mutation(), p)
	return b.AddVersion(1).Save(ctx)
}

// setArticle puts a draft into an ent mutation. Fields without a value are
// cleared, for a draft is whole.
func setArticle(m *ent.ArticleMutation, p *prepared) {
	m.SetKind(orDefault(p.Kind, article.DefaultKind))
	m.SetStatus(orDefault(p.Status, article.DefaultStatus))
	m.SetVisibility(orDefault(p.Visibility, article.DefaultVisibility))
	m.SetTitle(p.Title)
	m.SetSubtitle(p.Subtitle)
	m.SetSlug(p.slug)
	m.SetExcerpt(p.Excerpt)
	m.SetLanguage(orDefault(p.Language, article.DefaultLanguage))
	m.SetWordCount(p.words)
	m.SetReadingMinutes(p.minutes)
	m.SetBodyHash(p.bodyHash)
	m.SetCommentPolicy(orDefault(p.CommentPolicy, article.DefaultCommentPolicy))
	m.SetSourceHash(p.Source.Hash)
	var uri *string
	if p.Source.URI != "" {
		uri = &p.Source.URI
	}
	setOrClear(uri, m.SetSourceURI, m.ClearSourceURI)
	if p.EditedAt != nil {
		m.SetEditedAt(*p.EditedAt)
	}
	setOrClear(p.Source.VersionAt, m.SetSourceVersionAt, m.ClearSourceVersionAt)
	setOrClear(p.TrashedAt, m.SetTrashedAt, m.ClearTrashedAt)
	setOrClear(p.TranslationGroup, m.SetTranslationGroup, m.ClearTranslationGroup)
	setOrClear(p.PublishedAt, m.SetPublishedAt, m.ClearPublishedAt)
	setOrClear(p.FirstPublishedAt, m.SetFirstPublishedAt, m.ClearFirstPublishedAt)
	setOrClear(p.UpdatedAt, m.SetUpdatedAt, m.ClearUpdatedAt)
	setOrClear(p.CorrectedAt, m.SetCorrectedAt, m.ClearCorrectedAt)
	setOrClear(p.ScheduledAt, m.SetScheduledAt, m.ClearScheduledAt)
	setOrClear(p.EmbargoUntil, m.SetEmbargoUntil, m.ClearEmbargoUntil)
	setOrClear(p.UnpublishAt, m.SetUnpublishAt, m.ClearUnpublishAt)
	setOrClear(p.CommentsCloseAt, m.SetCommentsCloseAt, m.ClearCommentsCloseAt)
	setOrClear(p.PrimaryCategory, m.SetPrimaryCategoryID, m.ClearPrimaryCategoryID)
	setOrClear(p.Series, m.SetSeriesID, m.ClearSeriesID)
	setOrClear(p.SeriesPosition, m.SetSeriesPosition, m.ClearSeriesPosition)
	setOrClear(p.FeaturedMedia, m.SetFeaturedMediaID, m.ClearFeaturedMediaID)
}

func orDefault[T ~string](value, fallback T) T {
	if value == "" {
		return fallback
	}
	return value
}

func setOrClear[T any](value *T, set func(T), unset func()) {
	if value != nil {
		if t, ok := any(*value).(time.Time); ok {
			// PostgreSQL keeps microseconds; the row at hand shall equal the row read back.
			*value = any(t.UTC().Truncate(time.Microsecond)).(T)
		}
	}
	store.SetOrClear(value, set, unset)
}

// saveParts stores the rows that hang on articles, all of them anew where the
// article was there before.
func (s *Service) saveParts(ctx context.Context, drafts []*prepared, saved []*ent.Article) error {
	client := s.db.Ent(ctx)
	var old []int
	for i, p := range drafts {
		if p.ID != 0 {
			old = append(old, saved[i].ID)
		}
	}
	if len(old) > 0 {
		if _, err := client.ArticleDetail.Delete().Where(articledetail.ArticleIDIn(old...)).Exec(ctx); err != nil {
			return err
		}
		if _, err := client.Byline.Delete().Where(byline.ArticleIDIn(old...)).Exec(ctx); err != nil {
			return err
		}
		if _, err := client.RelatedPin.Delete().Where(relatedpin.ArticleIDIn(old...)).Exec(ctx); err != nil {
			return err
		}
	}
	var details []*ent.ArticleDetailCreate
	var bylines []*ent.BylineCreate
	var pins []*ent.RelatedPinCreate
	for i, p := range drafts {
		article := saved[i].ID
		body := p.Body
		if body == nil {
			body = []richtext.Block{}
		}
		d := client.ArticleDetail.Create().SetArticleID(article).SetBlocks(body).SetHTML(p.html).SetText(p.text).
			SetByline(p.Byline).SetDateline(p.Dateline).SetSourceName(p.Source.Name).SetSourceURL(p.Source.URL)
		if p.SEO != nil {
			d.SetSeo(p.SEO)
		}
		if p.Rights != nil {
			d.SetRights(p.Rights)
		}
		if p.Custom != nil {
			d.SetCustom(p.Custom)
		}
		details = append(details, d)
		for n, author := range unique(p.Authors) {
			bylines = append(bylines, client.Byline.Create().SetArticleID(article).SetAuthorID(author).SetPosition(n))
		}
		for n, related := range unique(p.Pins) {
			pins = append(pins, client.RelatedPin.Create().SetArticleID(article).SetRelatedID(related).SetPosition(n))
		}
	}
	if err := inChunks(details, func(c []*ent.ArticleDetailCreate) error { return client.ArticleDetail.CreateBulk(c...).Exec(ctx) }); err != nil {
		return err
	}
	if err := inChunks(bylines, func(c []*ent.BylineCreate) error { return client.Byline.CreateBulk(c...).Exec(ctx) }); err != nil {
		return err
	}
	if err := s.saveEntries(ctx, drafts, saved); err != nil {
		return err
	}
	if err := s.saveBodyMedia(ctx, old, drafts, keysOf(saved)); err != nil {
		return err
	}
	if err := inChunks(pins, func(c []*ent.RelatedPinCreate) error { return client.RelatedPin.CreateBulk(c...).Exec(ctx) }); err != nil {
		return err
	}
	for _, join := range []struct {
		table, column string
		of            func(*Draft) []int
	}{
		{"article_tags", "tag_id", func(d *Draft) []int { return d.Tags }},
		{"article_places", "place_id", func(d *Draft) []int { return d.Places }},
		{"article_categories", "category_id", func(d *Draft) []int { return d.Categories }},
	} {
		if err := s.saveJoin(ctx, join.table, old, drafts, saved, join.of); err != nil {
			return err
		}
	}
	return nil
}

func inChunks[T any](all []T, save func([]T) error) error {
	for chunk := range slices.Chunk(all, chunkSize) {
		if err := save(chunk); err != nil {
			return err
		}
	}
	return nil
}

// unique leaves out repeated keys, keeping the order.
func unique(ids []int) []int {
	var once []int
	for _, id := range ids {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}
