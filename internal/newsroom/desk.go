package newsroom

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// work does something with an article that leaves its words and its status, so
// that it makes neither a revision nor a version: a lock, a note, a token. The
// article is held while it runs, and what the viewer may not see of it answers
// like what is not there.
func (s *Service) work(ctx context.Context, articleID int, needs access.Capability, may func(w *working) error,
	do func(ctx context.Context, w *working) error,
) error {
	if err := access.Require(ctx, needs); err != nil {
		return err
	}
	viewer := access.Of(ctx)
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.articles.ShareTaxonomy(ctx); err != nil {
			return err
		}
		w, err := s.open(ctx, viewer, articleID, change{may: may})
		if err != nil {
			return err
		}
		return do(access.AsSystem(ctx), w)
	})
}

// mayDiscuss lets those take part who work on an article.
func mayDiscuss(w *working) error {
	if w.own || w.viewer.Can(access.EditArticles) {
		return nil
	}
	return access.Forbidden()
}

// anybody leaves it to the capability.
func anybody(*working) error { return nil }

// byKey makes a map of rows.
func byKey[T any](rows []T, key func(T) int, err error) (map[int]T, error) {
	if err != nil {
		return nil, fmt.Errorf("read what the newsroom keeps: %w", err)
	}
	found := make(map[int]T, len(rows))
	for _, r := range rows {
		found[key(r)] = r
	}
	return found, nil
}

// needText refuses a text that is empty or too long.
func needText(field, text string, limit int) error {
	if text == "" {
		return fault.Mistake(fault.Blank, field, "A text is needed.")
	}
	return checkText(field, text, limit)
}
