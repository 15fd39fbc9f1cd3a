package demo

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	desk "github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// What editors have done on the day that the demonstration begins.
var (
	frontPage = []string{"port-strike-deal.en", "heatwave-record.en", "cable-cut.en", "council-vote.en", "cup-final-report.en"}
	inReview  = []string{"airport-draft.en"}
	approved  = []string{"ar-hospital-draft.ar"}
)

// loadDesk picks the front page, and leaves a story in review with a colleague and
// an approved one.
func (l *loader) loadDesk(ctx context.Context) error {
	editor := l.users["editor"]
	ctx = access.With(ctx, access.Viewer{UserID: editor, Role: access.Editor, Name: "Rashid Kalwan"})
	choices := make([]desk.Choice, len(frontPage))
	for i, ref := range frontPage {
		choices[i].Article = l.articles[ref]
	}
	if _, err := l.Newsroom.SetPicks(ctx, nil, choices); err != nil {
		return err
	}
	take := func(step desk.Step, refs []string, note string) error {
		for _, ref := range refs {
			if _, err := l.Newsroom.Step(ctx, step, desk.StepInput{Article: l.articles[ref], Note: note}); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
			if _, err := l.Newsroom.Assign(ctx, l.articles[ref], &editor); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
		}
		return nil
	}
	if err := take(desk.Submit, inReview, "Second source on the flight path still to come."); err != nil {
		return err
	}
	return take(desk.Approve, approved, "")
}
