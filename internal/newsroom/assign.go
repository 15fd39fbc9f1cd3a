package newsroom

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// assigned is what the record of who did what keeps of an assignment.
type assigned struct {
	Assignee string `json:"assignee"` // empty: nobody
}

func assignedTo(key *int) assigned {
	if key == nil {
		return assigned{}
	}
	return assigned{id.Encode(id.User, *key)}
}

// Assign says whose turn it is with an article, nil for nobody's. It is no
// change of the article: neither a version nor a revision comes of it.
func (s *Service) Assign(ctx context.Context, articleID int, to *int) (saved *ent.Article, err error) {
	err = s.work(ctx, articleID, access.ReviewArticles, anybody, func(ctx context.Context, w *working) error {
		if err := s.checkAssignee(ctx, to); err != nil {
			return err
		}
		u := s.db.Ent(ctx).Article.UpdateOneID(articleID).ClearAssigneeID()
		if to != nil {
			u = s.db.Ent(ctx).Article.UpdateOneID(articleID).SetAssigneeID(*to)
		}
		if saved, err = u.Save(ctx); err != nil {
			return fmt.Errorf("assign article %d: %w", articleID, err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "assignArticle", Entity: id.Article, EntityID: articleID,
			Before: assignedTo(w.row.AssigneeID), After: assignedTo(to)})
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

// checkAssignee refuses whoever could not do anything with an article.
func (s *Service) checkAssignee(ctx context.Context, to *int) error {
	if to == nil {
		return nil
	}
	u, err := s.db.Ent(ctx).User.Query().Where(user.ID(*to), user.StatusEQ(user.StatusActive)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return fmt.Errorf("find who shall work on an article: %w", err)
	}
	if u == nil || !access.Role(u.Role).Has(access.WriteArticles) {
		return fault.Mistake(fault.Missing, "assigneeId", "There is no such member of the newsroom.")
	}
	return nil
}
