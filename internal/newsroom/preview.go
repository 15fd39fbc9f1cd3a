package newsroom

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/previewtoken"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
)

// Bounds on preview tokens.
const (
	previewFor    = 7 * 24 * time.Hour  // how long one is valid where nothing is said
	maxPreviewFor = 90 * 24 * time.Hour // at most
	maxPreviews   = 50                  // valid ones of one article
	maxToken      = 200                 // bytes that are looked at
	tokenPrefix   = "bsp_"              // tells what it is to those who find one
)

// tokened is what the record of who did what keeps of a preview token.
type tokened struct {
	Article   string     `json:"article"`
	Label     string     `json:"label"`
	ExpiresAt time.Time  `json:"expiresAt"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
}

func tokenedOf(t *ent.PreviewToken) *tokened {
	return &tokened{id.Encode(id.Article, t.ArticleID), t.Label, t.ExpiresAt, t.RevokedAt}
}

// CreatePreview makes a token with which whoever has it reads one article before
// it is published, until a moment (nil: for a week). The token itself is given
// here alone; what is kept is its hash.
func (s *Service) CreatePreview(ctx context.Context, articleID int, until *time.Time, label string) (token string, kept *ent.PreviewToken, err error) {
	label = cleanLine(label)
	if err := checkText("label", label, maxLine); err != nil {
		return "", nil, err
	}
	may := func(w *working) error {
		if w.row.Status == killed {
			return fault.Mistake(fault.IllegalTransition, "articleId", "A killed article is shown to nobody.")
		}
		return mayDiscuss(w)
	}
	err = s.work(ctx, articleID, access.WriteArticles, may, func(ctx context.Context, w *working) error {
		end := w.now.Add(previewFor)
		if until != nil {
			end = until.UTC().Truncate(time.Microsecond)
		}
		switch {
		case !end.After(w.now):
			return fault.Mistake(fault.InThePast, "expiresAt", "The moment is over.")
		case end.After(w.now.Add(maxPreviewFor)):
			return fault.Mistake(fault.LimitReached, "expiresAt", "A preview ends within %d days.", maxPreviewFor/(24*time.Hour))
		}
		n, err := s.db.Ent(ctx).PreviewToken.Query().Where(previewtoken.ArticleID(articleID), previewtoken.RevokedAtIsNil(),
			previewtoken.ExpiresAtGT(w.now)).Count(ctx)
		if err != nil {
			return fmt.Errorf("count preview tokens: %w", err)
		}
		if n >= maxPreviews {
			return fault.Mistake(fault.LimitReached, "articleId", "An article has at most %d valid preview tokens: revoke some.", maxPreviews)
		}
		token = secret.New(tokenPrefix)
		kept, err = s.db.Ent(ctx).PreviewToken.Create().SetArticleID(articleID).SetTokenHash(secret.Hash(token)).SetLabel(label).
			SetUserID(w.viewer.UserID).SetCreatedAt(w.now).SetExpiresAt(end).Save(ctx)
		if err != nil {
			return fmt.Errorf("keep a preview token: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "createPreviewToken", Entity: id.PreviewToken, EntityID: kept.ID, After: tokenedOf(kept)})
	})
	if err != nil {
		return "", nil, err
	}
	return token, kept, nil
}

// RevokePreview makes a preview token worthless at once.
func (s *Service) RevokePreview(ctx context.Context, tokenID int) (kept *ent.PreviewToken, err error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	found, err := s.PreviewsByIDs(ctx, []int{tokenID})
	if err != nil {
		return nil, err
	}
	if found[tokenID] == nil {
		return nil, fault.Mistake(fault.Missing, "id", "There is no such token.")
	}
	// Whoever has the records of the article may, also while it lies in the trash.
	err = s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		before, err := s.db.Ent(ctx).PreviewToken.Get(ctx, tokenID)
		if err != nil {
			return fmt.Errorf("find a preview token: %w", err)
		}
		if kept = before; before.RevokedAt != nil {
			return nil
		}
		if kept, err = before.Update().SetRevokedAt(s.Now()).Save(ctx); err != nil {
			return fmt.Errorf("revoke a preview token: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "revokePreviewToken", Entity: id.PreviewToken, EntityID: tokenID, Before: tokenedOf(before), After: tokenedOf(kept)})
	})
	if err != nil {
		return nil, err
	}
	return kept, nil
}

// PreviewArticle gives the article that a token lets its holder read. A token
// that is unknown, over or revoked is like none. That the article is there, and
// neither killed nor in the trash, is for the rule of visibility.
func (s *Service) PreviewArticle(ctx context.Context, token string) (articleID int, ok bool, err error) {
	if token == "" || len(token) > maxToken {
		return 0, false, nil
	}
	t, err := s.db.Ent(ctx).PreviewToken.Query().Where(previewtoken.TokenHash(secret.Hash(token)), previewtoken.RevokedAtIsNil(),
		previewtoken.ExpiresAtGT(s.Now())).Only(ctx)
	if ent.IsNotFound(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("look for a preview token: %w", err)
	}
	return t.ArticleID, true, nil
}

// previewsKept is how long it can be read that there was a preview token.
const previewsKept = 30 * 24 * time.Hour

// ForgetPreviews removes preview tokens that ended long ago.
func (s *Service) ForgetPreviews(ctx context.Context) error {
	if _, err := s.db.Ent(ctx).PreviewToken.Delete().Where(previewtoken.ExpiresAtLT(s.Now().Add(-previewsKept))).Exec(ctx); err != nil {
		return fmt.Errorf("forget preview tokens: %w", err)
	}
	return nil
}

// Previews gives the preview tokens of articles, oldest first, revoked ones and
// those that are over included, for those who have the records of the articles.
func (s *Service) Previews(ctx context.Context, articles []int) (map[int][]*ent.PreviewToken, error) {
	rows, err := s.db.Ent(ctx).PreviewToken.Query().Where(previewtoken.ArticleIDIn(articles...)).Order(ent.Asc(previewtoken.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read preview tokens: %w", err)
	}
	found := make(map[int][]*ent.PreviewToken, len(articles))
	for _, t := range rows {
		found[t.ArticleID] = append(found[t.ArticleID], t)
	}
	return found, nil
}

// PreviewsByIDs gives preview tokens by key, of articles that the viewer works
// on.
func (s *Service) PreviewsByIDs(ctx context.Context, ids []int) (map[int]*ent.PreviewToken, error) {
	rows, err := s.db.Ent(ctx).PreviewToken.Query().Where(previewtoken.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find preview tokens: %w", err)
	}
	return onTheirs(ctx, s, rows, func(t *ent.PreviewToken) (int, int) { return t.ID, t.ArticleID })
}
