package newsroom

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/byline"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Record is what the newsroom keeps about an article beside what readers see.
type Record struct {
	Article                                                 *ent.Article
	Own                                                     bool // the viewer's own
	Version                                                 int
	StatusChangedAt, ScheduledAt, EmbargoUntil, UnpublishAt *time.Time
	TrashedAt, EditedAt                                     *time.Time
	CreatedBy, Assignee                                     *int
}

// Member is a member of the newsroom as colleagues see them.
type Member struct {
	ID   int
	Name string
	Role access.Role
}

func memberOf(u *ent.User) *Member {
	return &Member{ID: u.ID, Name: u.DisplayName, Role: access.Role(u.Role)}
}

// Records gives the records of those articles that the viewer works on: an
// editor's are all, a writer's their own.
func (s *Service) Records(ctx context.Context, ids []int) (map[int]*Record, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	viewer := access.Of(ctx)
	ctx = access.AsSystem(ctx)
	rows, err := s.db.Ent(ctx).Article.Query().Where(article.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the newsroom's records: %w", err)
	}
	signing, err := s.ownAuthor(ctx, viewer)
	if err != nil {
		return nil, err
	}
	var signed []*ent.Byline
	if len(signing) > 0 {
		signed, err = s.db.Ent(ctx).Byline.Query().Where(byline.ArticleIDIn(ids...), byline.AuthorIDIn(signing...)).All(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("find the viewer's articles: %w", err)
	}
	own := make(map[int]bool, len(rows))
	for _, b := range signed {
		own[b.ArticleID] = true
	}
	found := make(map[int]*Record, len(rows))
	for _, a := range rows {
		mine := own[a.ID] || a.CreatedBy != nil && *a.CreatedBy == viewer.UserID
		if !mine && !viewer.Can(access.EditArticles) {
			continue
		}
		found[a.ID] = &Record{Article: a, Own: mine, Version: a.Version, StatusChangedAt: a.StatusChangedAt, ScheduledAt: a.ScheduledAt,
			EmbargoUntil: a.EmbargoUntil, UnpublishAt: a.UnpublishAt, TrashedAt: a.TrashedAt, EditedAt: a.EditedAt,
			CreatedBy: a.CreatedBy, Assignee: a.AssigneeID}
	}
	return found, nil
}

// AllowedSteps gives the steps that the viewer of ctx may take with an article
// now, in the order of an article's way.
func (s *Service) AllowedSteps(ctx context.Context, r *Record) []Step {
	w := &working{viewer: access.Of(ctx), row: r.Article, own: r.Own}
	steps := []Step{}
	for _, step := range Steps() {
		if rule := rules[step]; r.TrashedAt == nil && w.viewer.Can(rule.needs()) && rule.check(step, w) == nil {
			steps = append(steps, step)
		}
	}
	return steps
}

// Members gives members of the newsroom by the keys of their accounts. Readers
// are none, nor are those who have become readers again.
func (s *Service) Members(ctx context.Context, ids []int) (map[int]*Member, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	users, err := s.db.Ent(ctx).User.Query().Where(user.IDIn(ids...), user.RoleNEQ(user.RoleReader)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find members of the newsroom: %w", err)
	}
	found := make(map[int]*Member, len(users))
	for _, u := range users {
		found[u.ID] = memberOf(u)
	}
	return found, nil
}

// maxStaff is how many members Staff gives at most.
const maxStaff = 500

// Staff gives the members of the newsroom, by name; words, if any, are in their names.
func (s *Service) Staff(ctx context.Context, words string) ([]*Member, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	q := s.db.Ent(ctx).User.Query().Where(user.RoleNEQ(user.RoleReader), user.StatusEQ(user.StatusActive)).
		Order(user.ByDisplayName(), user.ByID()).Limit(maxStaff)
	if words != "" {
		q.Where(user.DisplayNameContainsFold(words))
	}
	users, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the members of the newsroom: %w", err)
	}
	members := make([]*Member, len(users))
	for i, u := range users {
		members[i] = memberOf(u)
	}
	return members, nil
}

// IsNode makes a member a node of the API.
func (*Member) IsNode() {}

// PublicID gives the member's id in the API.
func (m *Member) PublicID() string { return id.Encode(id.User, m.ID) }
