package demo

import (
	"bytes"
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/media"
)

// pictures are the drawn files, by media key and by author key.
type pictures struct {
	media     map[string][]byte
	portraits map[string][]byte
}

// portraitSize is the side of a portrait, in pixels.
const portraitSize = 320

// draw draws all pictures, as many at once as there are processors.
func draw(ctx context.Context, news *newsroom.Newsroom) (*pictures, error) {
	drawn := make([][]byte, len(news.Media)+len(news.Authors))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range drawn {
		group.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if i < len(news.Media) {
				m := news.Media[i]
				drawn[i], err = newsroom.Picture(m.Seed, m.Width, m.Height)
			} else {
				drawn[i], err = newsroom.Portrait(news.Authors[i-len(news.Media)].Portrait, portraitSize)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	p := &pictures{media: map[string][]byte{}, portraits: map[string][]byte{}}
	for i, m := range news.Media {
		p.media[m.Key] = drawn[i]
	}
	for i, a := range news.Authors {
		p.portraits[a.Key] = drawn[len(news.Media)+i]
	}
	return p, nil
}

// mediaKey names a media item. A picture used in two languages is two items
// with one file: alt text and caption belong to the language of the story.
type mediaKey struct{ key, language string }

func (l *loader) loadMedia(ctx context.Context) error {
	l.media = map[mediaKey]int{}
	for _, m := range l.news.Media {
		for _, language := range newsroom.Languages {
			saved, err := l.Media.Store(ctx, media.Upload{
				Name: m.Key, Body: bytes.NewReader(l.drawn.media[m.Key]), OwnMake: true,
				Words: media.Words{
					Alt: m.Alt[language], Caption: m.Caption[language], Credit: m.Credit[language], FocalX: &m.FocalX, FocalY: &m.FocalY,
				},
			})
			if err != nil {
				return fmt.Errorf("%s: %w", m.Key, err)
			}
			l.media[mediaKey{m.Key, language}] = saved.ID
		}
	}
	return nil
}

// storeOwn stores a file that no story shows and gives its key.
func (l *loader) storeOwn(ctx context.Context, name, alt string, data []byte) (*int, error) {
	saved, err := l.Media.Store(ctx, media.Upload{
		Name: name, Body: bytes.NewReader(data), OwnMake: true, Words: media.Words{Alt: alt},
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &saved.ID, nil
}
