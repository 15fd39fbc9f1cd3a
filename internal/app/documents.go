package app

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

// DefaultDocumentLimits are those of a server without settings.
var DefaultDocumentLimits document.Limits

// CheckDocument says why a document would be refused, nil when it would not. Costs
// are those without variables.
func CheckDocument(ctx context.Context, documents *document.Store, d trusted.Document) error {
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

// CheckDocuments calls report with each document that would be refused by the default
// limits.
func CheckDocuments(ctx context.Context, documents []trusted.Document, report func(trusted.Document, error)) {
	checks := graph.Documents(document.Limits{})
	for _, d := range documents {
		if wrong := CheckDocument(ctx, checks, d); wrong != nil {
			report(d, wrong)
		}
	}
}

// BrokenDocuments calls report with each registered document that would be refused,
// and gives how many there are in all.
func (s *Services) BrokenDocuments(ctx context.Context, limits document.Limits, report func(trusted.Document, error)) (all int, err error) {
	documents := graph.Documents(limits)
	err = s.Trusted.Each(ctx, func(d trusted.Document) error {
		all++
		if wrong := CheckDocument(ctx, documents, d); wrong != nil {
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
	all, err := a.BrokenDocuments(ctx, a.documentLimits(), func(d trusted.Document, wrong error) {
		broken++
		a.logger.WarnContext(ctx, "a registered document does not fit this schema", "document", d.ID, "error", wrong)
	})
	if err == nil && all > 0 {
		a.logger.InfoContext(ctx, "checked the registered documents", "documents", all, "broken", broken)
	}
	return err
}
