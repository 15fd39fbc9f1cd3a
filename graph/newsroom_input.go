package graph

import (
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// decodeContent gives the changes of an article's words that an input asks for,
// or all that is wrong with it.
func decodeContent(field string, in *model.ArticleContentInput) (*newsroom.Patch, error) {
	d := decoder{field: field}
	p := &newsroom.Patch{
		Kind: in.Kind.Value(), Title: in.Title.Value(), Subtitle: in.Subtitle.Value(), Excerpt: in.Excerpt.Value(), Slug: in.Slug.Value(),
		Language: in.Language.Value(), Byline: in.Byline.Value(), Dateline: in.Dateline.Value(), CommentPolicy: in.CommentPolicy.Value(),
		CommentsCloseAt: maybe(in.CommentsCloseAt),
		PrimaryCategory: d.maybeKey("primaryCategoryId", id.Category, in.PrimaryCategoryID),
		Categories:      d.keys("categoryIds", id.Category, in.CategoryIds),
		Tags:            d.keys("tagIds", id.Tag, in.TagIds),
		Places:          d.keys("placeIds", id.Place, in.PlaceIds),
		Authors:         d.keys("authorIds", id.Author, in.AuthorIds),
		Series:          d.maybeKey("seriesId", id.Series, in.SeriesID),
		FeaturedMedia:   d.maybeKey("featuredImageId", id.Media, in.FeaturedImageID),
		TranslationOf:   d.maybeKey("translationOfId", id.Article, in.TranslationOfID),
	}
	if in.SeriesPosition.IsSet() {
		p.SeriesPosition = newsroom.Maybe[int]{Given: true, Value: number(in.SeriesPosition)}
	}
	if in.Seo.IsSet() {
		p.SEO.Given = true
		p.SEO.Value = decodeSEO(in.Seo.Value())
	}
	if in.Rights.IsSet() {
		p.Rights.Given = true
		if rights := in.Rights.Value(); rights != nil {
			p.Rights.Value = &schema.Rights{Holder: orEmpty(rights.Holder.Value()), Notice: orEmpty(rights.Notice.Value()),
				UsageTerms: orEmpty(rights.UsageTerms.Value())}
		}
	}
	if body := in.Body.Value(); body != nil {
		blocks, err := decodeBody(field+".body", body)
		d.note(err)
		p.Body = &blocks
	}
	return p, errors.Join(d.wrong...)
}

func maybe[T any](given graphql.Omittable[*T]) newsroom.Maybe[T] {
	return newsroom.Maybe[T]{Given: given.IsSet(), Value: given.Value()}
}

// decoder gathers what is wrong with the ids of an input.
type decoder struct {
	field string // path of the input
	wrong []error
}

func (d *decoder) note(err error) { d.wrong = append(d.wrong, err) }

// key gives the key of an id that must name something of one type.
func (d *decoder) key(field, prefix, publicID string) int {
	key, err := decodeID(d.field+"."+field, prefix, publicID)
	if err == nil && key == 0 {
		err = fault.Mistake(fault.Missing, d.field+"."+field, "There is no such thing.")
	}
	d.note(err)
	return key
}

func (d *decoder) maybeKey(field, prefix string, given graphql.Omittable[*string]) newsroom.Maybe[int] {
	m := newsroom.Maybe[int]{Given: given.IsSet()}
	if v := given.Value(); v != nil {
		key := d.key(field, prefix, *v)
		m.Value = &key
	}
	return m
}

func (d *decoder) keys(field, prefix string, given graphql.Omittable[[]string]) *[]int {
	if !given.IsSet() {
		return nil
	}
	keys := []int{}
	for i, publicID := range given.Value() {
		keys = append(keys, d.key(fmt.Sprintf("%s.%d", field, i), prefix, publicID))
	}
	return &keys
}

// decodeSEO gives what search engines shall be told, nil when that is nothing.
func decodeSEO(in *model.SEOInput) *schema.SEO {
	if in == nil {
		return nil
	}
	hide := in.NoIndex.Value()
	return &schema.SEO{Title: orEmpty(in.Title.Value()), Description: orEmpty(in.Description.Value()), CanonicalURL: orEmpty(in.CanonicalURL.Value()),
		NoIndex: hide != nil && *hide}
}
