package app

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

// CheckDocument says why a document would be refused, nil when it would not. Costs
// are those without variables.
type CheckDocument func(ctx context.Context, d trusted.Document) error

// DocumentCheck gives the check of a server with limits; zero fields mean their
// defaults.
func DocumentCheck(limits document.Limits) CheckDocument {
	documents := graph.Documents(limits)
	return func(ctx context.Context, d trusted.Document) error {
		parsed, wrong := documents.Load(ctx, d.Text)
		if len(wrong) > 0 {
			return wrong[0]
		}
		for _, o := range parsed.Operations {
			if err := documents.CheckCost(o, nil); err != nil {
				return err
			}
		}
		return nil
	}
}

// DefaultDocumentCheck is the check of a server without settings.
func DefaultDocumentCheck() CheckDocument { return DocumentCheck(document.Limits{}) }

// BrokenDocuments calls report with each registered document that the check
// refuses, and gives how many there are in all.
func (s *Services) BrokenDocuments(ctx context.Context, check CheckDocument, report func(trusted.Document, error)) (all int, err error) {
	err = s.Trusted.Each(ctx, func(d trusted.Document) error {
		all++
		if wrong := check(ctx, d); wrong != nil {
			report(d, wrong)
		}
		return ctx.Err()
	})
	if err != nil {
		return all, fmt.Errorf("check documents: %w", err)
	}
	return all, nil
}

// checkDocuments says in the log which registered documents the schema of this
// program breaks, before it serves.
func (a *App) checkDocuments(ctx context.Context) error {
	broken := 0
	all, err := a.BrokenDocuments(ctx, DocumentCheck(a.documentLimits()), func(d trusted.Document, wrong error) {
		broken++
		a.logger.WarnContext(ctx, "a registered document does not fit this schema", "document", d.ID, "error", wrong)
	})
	if err == nil && all > 0 {
		a.logger.InfoContext(ctx, "checked the registered documents", "documents", all, "broken", broken)
	}
	return err
}
