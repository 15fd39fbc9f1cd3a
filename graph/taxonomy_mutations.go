package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// collection is a taxonomy.Collection as the resolvers call it.
type collection[S, R any] interface {
	Get(ctx context.Context, key int) (R, error)
	Create(ctx context.Context, thing S) (R, error)
	Update(ctx context.Context, key int, change func(*S)) (R, error)
	Merge(ctx context.Context, others []int, into int) (R, error)
	Delete(ctx context.Context, key, to int) error
}

// createTerm makes a thing, or answers a repeat with the one it made before.
func createTerm[S any, R loader.Node](ctx context.Context, k *idempotency.Store, c collection[S, R], asked creation, e *edits[S]) (R, []model.UserError, error) {
	return once(ctx, k, asked, func(ctx context.Context) (made R, err error) {
		if err := errors.Join(e.wrong...); err != nil {
			return made, err
		}
		var thing S
		e.apply(&thing)
		return c.Create(ctx, thing)
	}, c.Get)
}

func updateTerm[S, R any](ctx context.Context, c collection[S, R], prefix, publicID string, e *edits[S]) (R, []model.UserError, error) {
	key, err := decodeID("id", prefix, publicID)
	if err := errors.Join(append(e.wrong, err)...); err != nil {
		var none R
		return result(none, err)
	}
	return result(c.Update(ctx, key, e.apply))
}

func mergeTerms[S, R any](ctx context.Context, c collection[S, R], prefix string, ids []string, into string) (R, []model.UserError, error) {
	keys, err := decodeIDs("ids", prefix, ids)
	key, intoErr := decodeID("into", prefix, into)
	if err := errors.Join(err, intoErr); err != nil {
		var none R
		return result(none, err)
	}
	return result(c.Merge(ctx, keys, key))
}

func deleteTerm[S, R any](ctx context.Context, c collection[S, R], prefix, publicID string, moveTo graphql.Omittable[*string]) (*string, []model.UserError, error) {
	key, err := decodeID("id", prefix, publicID)
	to := 0
	if p := moveTo.Value(); p != nil {
		var toErr error
		if to, toErr = decodeID("moveArticlesTo", prefix, *p); toErr == nil && to == 0 {
			to = -1 // names something, but nothing of this type
		}
		err = errors.Join(err, toErr)
	}
	if err == nil {
		err = c.Delete(ctx, key, to)
	}
	return result(&publicID, err)
}

// ── Sections ──

// CreateCategory is the field of the same name of Mutation.
func (r *mutationResolver) CreateCategory(ctx context.Context, in model.CreateCategoryInput) (*model.CreateCategoryPayload, error) {
	e := categoryEdits(graphql.OmittableOf(&in.Name), in.Slug, in.Description, in.Position, in.Labels)
	givenID(e, "parentId", id.Category, in.ParentID, func(c *taxonomy.Category) **int { return &c.Parent })
	made, wrong, err := createTerm[taxonomy.Category, *ent.Category](ctx, r.Repeats, r.Terms.Categories, creation{"createCategory", in.IdempotencyKey}, e)
	return payload(&model.CreateCategoryPayload{Category: loader.Categories.One(ctx, made), UserErrors: wrong}, err)
}

// UpdateCategory is the field of the same name of Mutation.
func (r *mutationResolver) UpdateCategory(ctx context.Context, in model.UpdateCategoryInput) (*model.UpdateCategoryPayload, error) {
	e := categoryEdits(in.Name, in.Slug, in.Description, in.Position, in.Labels)
	changed, wrong, err := updateTerm[taxonomy.Category, *ent.Category](ctx, r.Terms.Categories, id.Category, in.ID, e)
	return payload(&model.UpdateCategoryPayload{Category: loader.Categories.One(ctx, changed), UserErrors: wrong}, err)
}

func categoryEdits(name, slug, description graphql.Omittable[*string], position graphql.Omittable[*int32], labels graphql.Omittable[[]*model.LabelInput]) *edits[taxonomy.Category] {
	e := &edits[taxonomy.Category]{}
	given(e, name, func(c *taxonomy.Category) *string { return &c.Name })
	given(e, slug, func(c *taxonomy.Category) *string { return &c.Slug })
	given(e, description, func(c *taxonomy.Category) *string { return &c.Description })
	givenInt(e, position, func(c *taxonomy.Category) *int { return &c.Position })
	givenLabels(e, labels, func(c *taxonomy.Category) *schema.Labels { return &c.Labels })
	return e
}

// MoveCategory is the field of the same name of Mutation.
func (r *mutationResolver) MoveCategory(ctx context.Context, in model.MoveCategoryInput) (*model.MoveCategoryPayload, error) {
	key, err := decodeID("id", id.Category, in.ID)
	var place taxonomy.Category
	e := &edits[taxonomy.Category]{}
	givenID(e, "parentId", id.Category, in.ParentID, func(c *taxonomy.Category) **int { return &c.Parent })
	givenInt(e, in.Position, func(c *taxonomy.Category) *int { return &c.Position })
	e.apply(&place)
	var moved *ent.Category
	if err = errors.Join(append(e.wrong, err)...); err == nil {
		moved, err = r.Terms.MoveCategory(ctx, key, place.Parent, place.Position)
	}
	moved, wrong, err := result(moved, err)
	return payload(&model.MoveCategoryPayload{Category: loader.Categories.One(ctx, moved), UserErrors: wrong}, err)
}

// MergeCategories is the field of the same name of Mutation.
func (r *mutationResolver) MergeCategories(ctx context.Context, in model.MergeCategoriesInput) (*model.MergeCategoriesPayload, error) {
	merged, wrong, err := mergeTerms[taxonomy.Category, *ent.Category](ctx, r.Terms.Categories, id.Category, in.Ids, in.Into)
	return payload(&model.MergeCategoriesPayload{Category: loader.Categories.One(ctx, merged), UserErrors: wrong}, err)
}

// DeleteCategory is the field of the same name of Mutation.
func (r *mutationResolver) DeleteCategory(ctx context.Context, in model.DeleteCategoryInput) (*model.DeleteCategoryPayload, error) {
	gone, wrong, err := deleteTerm[taxonomy.Category, *ent.Category](ctx, r.Terms.Categories, id.Category, in.ID, in.MoveArticlesTo)
	return payload(&model.DeleteCategoryPayload{DeletedID: gone, UserErrors: wrong}, err)
}

// ── Tags ──

// CreateTag is the field of the same name of Mutation.
func (r *mutationResolver) CreateTag(ctx context.Context, in model.CreateTagInput) (*model.CreateTagPayload, error) {
	e := tagEdits(graphql.OmittableOf(&in.Name), in.Slug, in.Labels, in.Description, in.Scheme)
	made, wrong, err := createTerm[taxonomy.Tag, *ent.Tag](ctx, r.Repeats, r.Terms.Tags, creation{"createTag", in.IdempotencyKey}, e)
	return payload(&model.CreateTagPayload{Tag: loader.Tags.One(ctx, made), UserErrors: wrong}, err)
}

// UpdateTag is the field of the same name of Mutation.
func (r *mutationResolver) UpdateTag(ctx context.Context, in model.UpdateTagInput) (*model.UpdateTagPayload, error) {
	e := tagEdits(in.Name, in.Slug, in.Labels, in.Description, in.Scheme)
	changed, wrong, err := updateTerm[taxonomy.Tag, *ent.Tag](ctx, r.Terms.Tags, id.Tag, in.ID, e)
	return payload(&model.UpdateTagPayload{Tag: loader.Tags.One(ctx, changed), UserErrors: wrong}, err)
}

func tagEdits(name, slug graphql.Omittable[*string], labels graphql.Omittable[[]*model.LabelInput], description graphql.Omittable[*string], scheme graphql.Omittable[*string]) *edits[taxonomy.Tag] {
	e := &edits[taxonomy.Tag]{}
	given(e, name, func(t *taxonomy.Tag) *string { return &t.Name })
	given(e, slug, func(t *taxonomy.Tag) *string { return &t.Slug })
	givenLabels(e, labels, func(t *taxonomy.Tag) *schema.Labels { return &t.Labels })
	given(e, description, func(t *taxonomy.Tag) *string { return &t.Description })
	given(e, scheme, func(t *taxonomy.Tag) *string { return &t.Scheme })
	return e
}

// MergeTags is the field of the same name of Mutation.
func (r *mutationResolver) MergeTags(ctx context.Context, in model.MergeTagsInput) (*model.MergeTagsPayload, error) {
	merged, wrong, err := mergeTerms[taxonomy.Tag, *ent.Tag](ctx, r.Terms.Tags, id.Tag, in.Ids, in.Into)
	return payload(&model.MergeTagsPayload{Tag: loader.Tags.One(ctx, merged), UserErrors: wrong}, err)
}

// DeleteTag is the field of the same name of Mutation.
func (r *mutationResolver) DeleteTag(ctx context.Context, in model.DeleteTagInput) (*model.DeleteTagPayload, error) {
	gone, wrong, err := deleteTerm[taxonomy.Tag, *ent.Tag](ctx, r.Terms.Tags, id.Tag, in.ID, in.MoveArticlesTo)
	return payload(&model.DeleteTagPayload{DeletedID: gone, UserErrors: wrong}, err)
}

// ── Places ──

// CreatePlace is the field of the same name of Mutation.
func (r *mutationResolver) CreatePlace(ctx context.Context, in model.CreatePlaceInput) (*model.CreatePlacePayload, error) {
	e := placeEdits(graphql.OmittableOf(&in.Name), in.Slug, in.Labels, in.Kind, in.CountryCode, in.Latitude, in.Longitude)
	made, wrong, err := createTerm[taxonomy.Place, *ent.Place](ctx, r.Repeats, r.Terms.Places, creation{"createPlace", in.IdempotencyKey}, e)
	return payload(&model.CreatePlacePayload{Place: loader.Places.One(ctx, made), UserErrors: wrong}, err)
}

// UpdatePlace is the field of the same name of Mutation.
func (r *mutationResolver) UpdatePlace(ctx context.Context, in model.UpdatePlaceInput) (*model.UpdatePlacePayload, error) {
	e := placeEdits(in.Name, in.Slug, in.Labels, in.Kind, in.CountryCode, in.Latitude, in.Longitude)
	changed, wrong, err := updateTerm[taxonomy.Place, *ent.Place](ctx, r.Terms.Places, id.Place, in.ID, e)
	return payload(&model.UpdatePlacePayload{Place: loader.Places.One(ctx, changed), UserErrors: wrong}, err)
}

func placeEdits(name, slug graphql.Omittable[*string], labels graphql.Omittable[[]*model.LabelInput], kind graphql.Omittable[*place.Kind], countryCode graphql.Omittable[*string], latitude graphql.Omittable[*float64], longitude graphql.Omittable[*float64]) *edits[taxonomy.Place] {
	e := &edits[taxonomy.Place]{}
	given(e, name, func(p *taxonomy.Place) *string { return &p.Name })
	given(e, slug, func(p *taxonomy.Place) *string { return &p.Slug })
	givenLabels(e, labels, func(p *taxonomy.Place) *schema.Labels { return &p.Labels })
	given(e, kind, func(p *taxonomy.Place) *place.Kind { return &p.Kind })
	given(e, countryCode, func(p *taxonomy.Place) *string { return &p.CountryCode })
	givenOptional(e, latitude, func(p *taxonomy.Place) **float64 { return &p.Latitude })
	givenOptional(e, longitude, func(p *taxonomy.Place) **float64 { return &p.Longitude })
	return e
}

// MergePlaces is the field of the same name of Mutation.
func (r *mutationResolver) MergePlaces(ctx context.Context, in model.MergePlacesInput) (*model.MergePlacesPayload, error) {
	merged, wrong, err := mergeTerms[taxonomy.Place, *ent.Place](ctx, r.Terms.Places, id.Place, in.Ids, in.Into)
	return payload(&model.MergePlacesPayload{Place: loader.Places.One(ctx, merged), UserErrors: wrong}, err)
}

// DeletePlace is the field of the same name of Mutation.
func (r *mutationResolver) DeletePlace(ctx context.Context, in model.DeletePlaceInput) (*model.DeletePlacePayload, error) {
	gone, wrong, err := deleteTerm[taxonomy.Place, *ent.Place](ctx, r.Terms.Places, id.Place, in.ID, in.MoveArticlesTo)
	return payload(&model.DeletePlacePayload{DeletedID: gone, UserErrors: wrong}, err)
}

// ── Series ──

// CreateSeries is the field of the same name of Mutation.
func (r *mutationResolver) CreateSeries(ctx context.Context, in model.CreateSeriesInput) (*model.CreateSeriesPayload, error) {
	e := seriesEdits(graphql.OmittableOf(&in.Name), in.Slug, in.Labels, in.Description)
	made, wrong, err := createTerm[taxonomy.Series, *ent.Series](ctx, r.Repeats, r.Terms.Series, creation{"createSeries", in.IdempotencyKey}, e)
	return payload(&model.CreateSeriesPayload{Series: loader.AllSeries.One(ctx, made), UserErrors: wrong}, err)
}

// UpdateSeries is the field of the same name of Mutation.
func (r *mutationResolver) UpdateSeries(ctx context.Context, in model.UpdateSeriesInput) (*model.UpdateSeriesPayload, error) {
	e := seriesEdits(in.Name, in.Slug, in.Labels, in.Description)
	changed, wrong, err := updateTerm[taxonomy.Series, *ent.Series](ctx, r.Terms.Series, id.Series, in.ID, e)
	return payload(&model.UpdateSeriesPayload{Series: loader.AllSeries.One(ctx, changed), UserErrors: wrong}, err)
}

func seriesEdits(name, slug graphql.Omittable[*string], labels graphql.Omittable[[]*model.LabelInput], description graphql.Omittable[*string]) *edits[taxonomy.Series] {
	e := &edits[taxonomy.Series]{}
	given(e, name, func(s *taxonomy.Series) *string { return &s.Name })
	given(e, slug, func(s *taxonomy.Series) *string { return &s.Slug })
	givenLabels(e, labels, func(s *taxonomy.Series) *schema.Labels { return &s.Labels })
	given(e, description, func(s *taxonomy.Series) *string { return &s.Description })
	return e
}

// MergeSeries is the field of the same name of Mutation.
func (r *mutationResolver) MergeSeries(ctx context.Context, in model.MergeSeriesInput) (*model.MergeSeriesPayload, error) {
	merged, wrong, err := mergeTerms[taxonomy.Series, *ent.Series](ctx, r.Terms.Series, id.Series, in.Ids, in.Into)
	return payload(&model.MergeSeriesPayload{Series: loader.AllSeries.One(ctx, merged), UserErrors: wrong}, err)
}

// DeleteSeries is the field of the same name of Mutation.
func (r *mutationResolver) DeleteSeries(ctx context.Context, in model.DeleteSeriesInput) (*model.DeleteSeriesPayload, error) {
	gone, wrong, err := deleteTerm[taxonomy.Series, *ent.Series](ctx, r.Terms.Series, id.Series, in.ID, in.MoveArticlesTo)
	return payload(&model.DeleteSeriesPayload{DeletedID: gone, UserErrors: wrong}, err)
}

// ── Authors ──

// CreateAuthor is the field of the same name of Mutation.
func (r *mutationResolver) CreateAuthor(ctx context.Context, in model.CreateAuthorInput) (*model.CreateAuthorPayload, error) {
	e := authorEdits(graphql.OmittableOf(&in.Name), in.Slug, in.Labels, in.Kind, in.Bio, in.AvatarID, in.UserID)
	made, wrong, err := createTerm[taxonomy.Author, *ent.Author](ctx, r.Repeats, r.Terms.Authors, creation{"createAuthor", in.IdempotencyKey}, e)
	return payload(&model.CreateAuthorPayload{Author: loader.Authors.One(ctx, made), UserErrors: wrong}, err)
}

// UpdateAuthor is the field of the same name of Mutation.
func (r *mutationResolver) UpdateAuthor(ctx context.Context, in model.UpdateAuthorInput) (*model.UpdateAuthorPayload, error) {
	e := authorEdits(in.Name, in.Slug, in.Labels, in.Kind, in.Bio, in.AvatarID, in.UserID)
	changed, wrong, err := updateTerm[taxonomy.Author, *ent.Author](ctx, r.Terms.Authors, id.Author, in.ID, e)
	return payload(&model.UpdateAuthorPayload{Author: loader.Authors.One(ctx, changed), UserErrors: wrong}, err)
}

func authorEdits(name, slug graphql.Omittable[*string], labels graphql.Omittable[[]*model.LabelInput], kind graphql.Omittable[*author.Kind], bio graphql.Omittable[*string], avatarId graphql.Omittable[*string], userId graphql.Omittable[*string]) *edits[taxonomy.Author] {
	e := &edits[taxonomy.Author]{}
	given(e, name, func(a *taxonomy.Author) *string { return &a.Name })
	given(e, slug, func(a *taxonomy.Author) *string { return &a.Slug })
	givenLabels(e, labels, func(a *taxonomy.Author) *schema.Labels { return &a.Labels })
	given(e, kind, func(a *taxonomy.Author) *author.Kind { return &a.Kind })
	given(e, bio, func(a *taxonomy.Author) *string { return &a.Bio })
	givenID(e, "avatarId", id.Media, avatarId, func(a *taxonomy.Author) **int { return &a.Avatar })
	givenID(e, "userId", id.User, userId, func(a *taxonomy.Author) **int { return &a.User })
	return e
}

// MergeAuthors is the field of the same name of Mutation.
func (r *mutationResolver) MergeAuthors(ctx context.Context, in model.MergeAuthorsInput) (*model.MergeAuthorsPayload, error) {
	merged, wrong, err := mergeTerms[taxonomy.Author, *ent.Author](ctx, r.Terms.Authors, id.Author, in.Ids, in.Into)
	return payload(&model.MergeAuthorsPayload{Author: loader.Authors.One(ctx, merged), UserErrors: wrong}, err)
}

// DeleteAuthor is the field of the same name of Mutation.
func (r *mutationResolver) DeleteAuthor(ctx context.Context, in model.DeleteAuthorInput) (*model.DeleteAuthorPayload, error) {
	gone, wrong, err := deleteTerm[taxonomy.Author, *ent.Author](ctx, r.Terms.Authors, id.Author, in.ID, in.MoveArticlesTo)
	return payload(&model.DeleteAuthorPayload{DeletedID: gone, UserErrors: wrong}, err)
}
