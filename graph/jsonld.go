package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Image is the field of the same name of SEO.
func (r *seoResolver) Image(ctx context.Context, s *model.SEO) (*loader.Media, error) {
	if a, ok := s.Of.(*loader.Article); ok {
		return a.FeaturedImage(ctx)
	}
	return nil, nil
}

// newsArticle is a NewsArticle of schema.org.
type newsArticle struct {
	Context       string   `json:"@context"`
	Type          string   `json:"@type"`
	ID            string   `json:"@id"`
	MainEntity    string   `json:"mainEntityOfPage"`
	Headline      string   `json:"headline"`
	Alternative   string   `json:"alternativeHeadline,omitempty"`
	Description   string   `json:"description,omitempty"`
	DatePublished string   `json:"datePublished,omitempty"`
	DateModified  string   `json:"dateModified,omitempty"`
	Language      string   `json:"inLanguage"`
	Section       string   `json:"articleSection,omitempty"`
	Keywords      []string `json:"keywords,omitempty"`
	WordCount     int      `json:"wordCount,omitempty"`
	Images        []thing  `json:"image,omitempty"`
	Authors       []thing  `json:"author,omitempty"`
	Publisher     thing    `json:"publisher"`
	Copyright     string   `json:"copyrightNotice,omitempty"`
}

type thing struct {
	Type    string `json:"@type"`
	Name    string `json:"name,omitempty"`
	URL     string `json:"url,omitempty"`
	Caption string `json:"caption,omitempty"`
	Credit  string `json:"creditText,omitempty"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
}

// JSONLd is the field jsonLd of Article.
func (r *articleResolver) JSONLd(ctx context.Context, a *loader.Article) (json.RawMessage, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	said, err := r.Seo(ctx, a)
	if err != nil {
		return nil, err
	}
	out := newsArticle{Context: "https://schema.org", Type: "NewsArticle", ID: said.CanonicalURL, MainEntity: said.CanonicalURL, Headline: a.Title, Alternative: a.Subtitle,
		Description: said.Description, DatePublished: iso(a.PublishedAt), DateModified: iso(a.UpdatedAt), Language: a.Language, WordCount: a.WordCount,
		Publisher: thing{Type: "NewsMediaOrganization", Name: dir.Site.Name, URL: dir.Site.URL}}
	absolute := func(p string) string { return permalink.Absolute(dir.Site.URL, p) }
	if err := r.jsonLdParts(ctx, a, &out, absolute); err != nil {
		return nil, err
	}
	// json.Marshal writes < as \u003c, so the text is safe inside of a script element.
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("write structured data: %w", err)
	}
	return text, nil
}

// jsonLdParts adds what hangs on an article.
func (r *articleResolver) jsonLdParts(ctx context.Context, a *loader.Article, out *newsArticle, absolute func(string) string) error {
	image, err := a.FeaturedImage(ctx)
	if err != nil {
		return err
	}
	if image != nil {
		m := image.Stored()
		out.Images = []thing{{Type: "ImageObject", URL: absolute(content.MediaURL(m)), Caption: m.Caption, Credit: m.Credit, Width: m.Width, Height: m.Height}}
	}
	authors, err := a.Authors(ctx)
	if err != nil {
		return err
	}
	for _, author := range authors {
		out.Authors = append(out.Authors, thing{Type: "Person", Name: author.Stored().Name, URL: absolute(permalink.Path(permalink.Author, author.Stored().Slug))})
	}
	tags, err := a.Tags(ctx)
	if err != nil {
		return err
	}
	for _, t := range tags {
		out.Keywords = append(out.Keywords, t.Stored().Name)
	}
	section, err := a.PrimaryCategory(ctx)
	if err != nil {
		return err
	}
	if section != nil {
		out.Section = section.Stored().Name
	}
	detail, err := a.Detail(ctx)
	if err == nil && detail.Rights != nil {
		out.Copyright = detail.Rights.Notice
	}
	return err
}

func iso(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
