package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// MediaLibrary is the field of the same name of Query.
func (r *queryResolver) MediaLibrary(ctx context.Context, in *model.MediaFilter, first *int32, after *string, last *int32, before *string) (*relay.Connection[*loader.Media], error) {
	filter, err := decodeMediaFilter(in)
	if err != nil {
		return nil, err
	}
	read := func(ctx context.Context, w keyset.Window) ([]*ent.Media, error) {
		return r.MediaDesk.Library(ctx, filter, w)
	}
	list := relay.List[*loader.Media]{
		Name:   listName("mediaLibrary", mediaFilterName(filter)),
		Key:    func(m *loader.Media) keyset.Key { return media.LibraryKey(m.Stored()) },
		Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) {
			return r.MediaDesk.CountLibrary(ctx, filter, limit)
		},
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read, func(found []*ent.Media) []*loader.Media {
		return loader.MediaItems.List(ctx, loader.Dependency{List: "mediaLibrary"}, found)
	})
}

func decodeMediaFilter(in *model.MediaFilter) (f media.Filter, err error) {
	if in == nil {
		return f, nil
	}
	if k := in.Kind.Value(); k != nil {
		f.Kind = *k
	}
	if s := in.UploaderID.Value(); s != nil {
		if f.Uploader, err = decodeID("filter.uploaderId", id.User, *s); err != nil {
			return f, err
		}
		if f.Uploader == 0 {
			f.Uploader = -1 // the id of a thing of another type names nobody
		}
	}
	f.Words = orEmpty(in.Query.Value())
	f.Unused = in.Unused.Value() != nil && *in.Unused.Value()
	f.Expired = in.Expired.Value()
	f.From, f.To = in.From.Value(), in.To.Value()
	return f, nil
}

// mediaFilterName tells one filter from another for cursors.
func mediaFilterName(f media.Filter) []string {
	return []string{string(f.Kind), f.Words, fmt.Sprint(f.Unused, f.Uploader, f.From, f.To, f.Expired != nil, f.Expired != nil && *f.Expired)}
}

// UploadMedia is the field of the same name of Mutation. The file is taken in before
// the transaction of an idempotency key begins, for that may take a while.
func (r *mutationResolver) UploadMedia(ctx context.Context, in model.UploadMediaInput) (*model.UploadMediaPayload, error) {
	received, err := r.MediaDesk.Receive(ctx, in.File.Filename, in.File.File)
	if err != nil {
		wrong, err := mistakes(err)
		return payload(&model.UploadMediaPayload{UserErrors: wrong}, err)
	}
	e := mediaEdits(in.FocalPoint, in.Rights, in.ExpiresAt)
	mediaWords(e, nil, in.Alt, in.Caption, in.Credit)
	var words media.Words
	e.apply(&words)
	saved, wrong, err := once(ctx, r.Repeats, creation{"uploadMedia", in.IdempotencyKey}, func(ctx context.Context) (*ent.Media, error) {
		return r.MediaDesk.Save(ctx, received, words)
	}, r.MediaDesk.Item)
	return payload(&model.UploadMediaPayload{Media: loader.MediaItems.One(ctx, saved), UserErrors: wrong}, err)
}

// ImportMediaFromURL is the field importMediaFromUrl of Mutation.
func (r *mutationResolver) ImportMediaFromURL(ctx context.Context, in model.ImportMediaFromURLInput) (*model.ImportMediaFromURLPayload, error) {
	received, err := r.MediaDesk.Import(ctx, in.URL)
	if err != nil {
		wrong, err := mistakes(err)
		return payload(&model.ImportMediaFromURLPayload{UserErrors: wrong}, err)
	}
	e := mediaEdits(in.FocalPoint, in.Rights, in.ExpiresAt)
	mediaWords(e, nil, in.Alt, in.Caption, in.Credit)
	var words media.Words
	e.apply(&words)
	saved, wrong, err := once(ctx, r.Repeats, creation{"importMediaFromUrl", in.IdempotencyKey}, func(ctx context.Context) (*ent.Media, error) {
		return r.MediaDesk.Save(ctx, received, words)
	}, r.MediaDesk.Item)
	return payload(&model.ImportMediaFromURLPayload{Media: loader.MediaItems.One(ctx, saved), UserErrors: wrong}, err)
}

// ReplaceMediaFile is the field of the same name of Mutation.
func (r *mutationResolver) ReplaceMediaFile(ctx context.Context, in model.ReplaceMediaFileInput) (*model.ReplaceMediaFilePayload, error) {
	key, err := decodeID("id", id.Media, in.ID)
	var received *media.Received
	if err == nil {
		received, err = r.MediaDesk.Receive(ctx, in.File.Filename, in.File.File)
	}
	var saved *ent.Media
	if err == nil {
		saved, err = r.MediaDesk.Replace(ctx, key, received)
	}
	saved, wrong, err := result(saved, err)
	return payload(&model.ReplaceMediaFilePayload{Media: loader.MediaItems.One(ctx, saved), UserErrors: wrong}, err)
}

// Placeholder of a media item.
func (r *mediaResolver) Placeholder(_ context.Context, m *loader.Media) (*string, error) {
	if m.Stored().Placeholder == "" {
		return nil, nil
	}
	return &m.Stored().Placeholder, nil
}

// Duration of a media item in seconds.
func (r *mediaResolver) Duration(_ context.Context, m *loader.Media) (*float64, error) {
	if m.Stored().Duration == 0 {
		return nil, nil
	}
	return new(float64(m.Stored().Duration) / 1000), nil
}

// Translations of the words of a media item, by language.
func (r *mediaResolver) Translations(_ context.Context, m *loader.Media) ([]*model.MediaWords, error) {
	all := []*model.MediaWords{}
	for _, language := range slices.Sorted(maps.Keys(m.Stored().Translations)) {
		words := &model.MediaWords{Language: language}
		words.Alt, words.Caption, words.Credit = content.WordsOr(m.Stored().Translations[language], m.Stored())
		all = append(all, words)
	}
	return all, nil
}

// UpdateMedia is the field of the same name of Mutation.
func (r *mutationResolver) UpdateMedia(ctx context.Context, in model.UpdateMediaInput) (*model.UpdateMediaPayload, error) {
	e := mediaEdits(in.FocalPoint, in.Rights, in.ExpiresAt)
	mediaWords(e, in.Language.Value(), in.Alt, in.Caption, in.Credit)
	key, err := decodeID("id", id.Media, in.ID)
	var saved *ent.Media
	if err == nil {
		saved, err = r.MediaDesk.Update(ctx, key, e.apply)
	}
	saved, wrong, err := result(saved, err)
	return payload(&model.UpdateMediaPayload{Media: loader.MediaItems.One(ctx, saved), UserErrors: wrong}, err)
}

// mediaWords adds the words in a language, or those for all languages.
func mediaWords(e *edits[media.Words], language *string, alt, caption, credit graphql.Omittable[*string]) {
	if language == nil {
		given(e, alt, func(w *media.Words) *string { return &w.Alt })
		given(e, caption, func(w *media.Words) *string { return &w.Caption })
		given(e, credit, func(w *media.Words) *string { return &w.Credit })
		return
	}
	in := &edits[schema.MediaWords]{}
	given(in, alt, func(w *schema.MediaWords) *string { return &w.Alt })
	given(in, caption, func(w *schema.MediaWords) *string { return &w.Caption })
	given(in, credit, func(w *schema.MediaWords) *string { return &w.Credit })
	e.steps = append(e.steps, func(w *media.Words) { w.In(*language, in.apply) })
}

func mediaEdits(focal graphql.Omittable[*model.FocalPointInput], rights graphql.Omittable[*model.RightsInput], expires graphql.Omittable[*time.Time]) *edits[media.Words] {
	e := &edits[media.Words]{}
	if expires.IsSet() {
		e.steps = append(e.steps, func(w *media.Words) { w.ExpiresAt = expires.Value() })
	}
	if focal.IsSet() {
		e.steps = append(e.steps, func(w *media.Words) {
			w.FocalX, w.FocalY = nil, nil
			if p := focal.Value(); p != nil {
				w.FocalX, w.FocalY = &p.X, &p.Y
			}
		})
	}
	if rights.IsSet() {
		e.steps = append(e.steps, func(w *media.Words) {
			w.Rights = nil
			if in := rights.Value(); in != nil {
				w.Rights = &schema.Rights{Holder: orEmpty(in.Holder.Value()), Notice: orEmpty(in.Notice.Value()), UsageTerms: orEmpty(in.UsageTerms.Value())}
			}
		})
	}
	return e
}

// DeleteMedia is the field of the same name of Mutation.
func (r *mutationResolver) DeleteMedia(ctx context.Context, in model.DeleteMediaInput) (*model.DeleteMediaPayload, error) {
	force := in.Force.Value() != nil && *in.Force.Value()
	gone, wrong, err := deleted(ctx, id.Media, in.ID, func(ctx context.Context, key int) error { return r.MediaDesk.Delete(ctx, key, force) })
	return payload(&model.DeleteMediaPayload{DeletedID: gone, UserErrors: wrong}, err)
}

// ratios are the shapes of variants.
var ratios = map[model.MediaRatio]media.Ratio{
	model.MediaRatioSquare: {W: 1, H: 1}, model.MediaRatioLandscape4_3: {W: 4, H: 3}, model.MediaRatioLandscape3_2: {W: 3, H: 2},
	model.MediaRatioLandscape16_9: {W: 16, H: 9}, model.MediaRatioLandscape2_1: {W: 2, H: 1}, model.MediaRatioPortrait3_4: {W: 3, H: 4},
	model.MediaRatioPortrait4_5: {W: 4, H: 5}, model.MediaRatioPortrait9_16: {W: 9, H: 16},
}

func variantOf(width *int32, ratio *model.MediaRatio, format *media.Format) (v media.Variant, err error) {
	if width != nil {
		if v.Width = int(*width); v.Width < 1 {
			return v, fault.BadInput("width", "A width is 1 or more.")
		}
	}
	if ratio != nil {
		v.Ratio = ratios[*ratio]
	}
	if format != nil {
		v.Format = *format
	}
	return v, nil
}

// URL of a media item.
func (r *mediaResolver) URL(ctx context.Context, m *loader.Media, width *int32, ratio *model.MediaRatio, format *media.Format) (string, error) {
	v, err := variantOf(width, ratio, format)
	if err != nil {
		return "", err
	}
	return r.absolute(ctx, v.Path(m.Stored()))
}

// Srcset of a media item.
func (r *mediaResolver) Srcset(ctx context.Context, m *loader.Media, ratio *model.MediaRatio, format *media.Format) (string, error) {
	v, err := variantOf(nil, ratio, format)
	if err != nil {
		return "", err
	}
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return "", err
	}
	return v.SourceSet(m.Stored(), func(p string) string { return permalink.Absolute(dir.Site.URL, p) }), nil
}

// URL of an image in a body: that of a variant where it is this server's and its size
// is known.
func (r *blockImageResolver) URL(ctx context.Context, i *model.BlockImage, width *int32) (*string, error) {
	if i.URL == "" {
		return nil, nil
	}
	v, err := variantOf(width, nil, nil)
	if err != nil {
		return nil, err
	}
	address, err := r.absolute(ctx, v.PathOf(i.URL, i.Image.Width, i.Image.Height))
	return &address, err
}
