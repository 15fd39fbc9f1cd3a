package newsroom

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Order is an order of the newsroom's lists.
type Order string

// The orders.
const (
	LongestWaiting  Order = "LONGEST_WAITING" // since the status changed, or the article came
	ShortestWaiting Order = "SHORTEST_WAITING"
	LastChanged     Order = "LAST_CHANGED" // of lists of one's own articles only
)

// Key gives the place of an article of a List.
func (o Order) Key(a *ent.Article) keyset.Key {
	at := a.ModifiedAt
	if o != LastChanged {
		at = waitingSince(a)
	}
	return keyset.Key{Time: at.UnixMicro(), ID: a.ID}
}

// compare orders articles.
func (o Order) compare(a, b *ent.Article) int {
	c := keyset.CompareNewestFirst(o.Key(a), o.Key(b))
	if o == LongestWaiting {
		return -c
	}
	return c
}

func waitingSince(a *ent.Article) time.Time {
	if a.StatusChangedAt != nil {
		return *a.StatusChangedAt
	}
	return a.CreatedAt
}

// List is a list of articles that the viewer works on, without the trash.
// Conditions add up.
type List struct {
	Statuses   []article.Status // empty: Waiting
	Own        bool             // only the viewer's own
	Category   *int             // in this section or below it
	Assignee   *int             // whose turn it is
	Unassigned bool             // nobody's turn
	Language   string           // BCP 47; empty: all
	Kinds      []article.Kind   // empty: all
	Order      Order
}

// Waiting are the statuses of articles that wait for somebody: all but those of
// stories that are out, put away or killed.
func Waiting() []article.Status {
	return of(draft, inReview, approved, scheduled, embargoed, unpublished)
}

// Statuses are all statuses, in the order of an article's way.
func Statuses() []article.Status {
	return of(draft, inReview, approved, scheduled, embargoed, published, unpublished, archived, killed)
}

// What the statements of a list have in common. The arguments from $7 on are
// those of List.conditions, and stand in counts too.
const (
	sectionsBelow = `WITH RECURSIVE below (id) AS (SELECT c.id FROM categories c WHERE c.id = $7
		UNION SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id) SELECT id FROM below`
	listConditions = `a.trashed_at IS NULL AND desk_article(a)
		AND (a.primary_category_id IN (` + sectionsBelow + `)
			OR EXISTS (SELECT 1 FROM article_categories x WHERE x.article_id = a.id AND x.category_id IN (` + sectionsBelow + `)) OR $7 = 0)
		AND (a.assignee_id = $8 OR $8 = 0) AND (a.assignee_id IS NULL OR $9 = 0)
		AND (a.language = $10 OR $10 = '') AND a.kind IN (SELECT text FROM each_text($11))`
	// SQLite does not begin at a pair whose first half is an expression; it does at
	// the expression.
	listBounds = `{key} >= $2 AND {key} <= $4 AND ({key}, a.id) > ($2, $3) AND ({key}, a.id) < ($4, $5)`

	// Each status is a range of the index article_queue, which is told to
	// PostgreSQL by LATERAL and to SQLite by a sub-select.
	ofStatus          = `a.status = each_text.text AND a.status <> 'PUBLISHED'`
	queuePagePostgres = `SELECT found.id, found.status_changed_at, found.created_at, found.modified_at FROM each_text($1) CROSS JOIN LATERAL (
			SELECT a.id, a.status_changed_at, a.created_at, a.modified_at FROM articles a
			WHERE ` + ofStatus + ` AND ` + listBounds + ` AND ` + listConditions + `
			ORDER BY {key} {order}, a.id {order} LIMIT $6) AS found
		ORDER BY coalesce(found.status_changed_at, found.created_at) {order}, found.id {order} LIMIT $6`
	queuePageSQLite = `SELECT b.id, b.status_changed_at, b.created_at, b.modified_at FROM each_text($1) CROSS JOIN articles b WHERE b.id IN (
			SELECT a.id FROM articles a WHERE ` + ofStatus + ` AND ` + listBounds + ` AND ` + listConditions + `
			ORDER BY {key} {order}, a.id {order} LIMIT $6) AND desk_article(b)
		ORDER BY coalesce(b.status_changed_at, b.created_at) {order}, b.id {order} LIMIT $6`
	queueCount = `SELECT each_text.text, (SELECT count(*) FROM (SELECT 1 FROM articles a
		WHERE ` + ofStatus + ` AND ` + listConditions + ` LIMIT {last}) AS counted) FROM each_text($1)`

	// One's own articles are few enough to be looked at one by one.
	ofViewer = `a.id IN (SELECT c.id FROM articles c WHERE c.created_by = {viewer} AND desk_article(c)
			UNION SELECT l.article_id FROM bylines l JOIN authors w ON w.id = l.author_id WHERE w.user_id = {viewer})
		AND a.status IN (SELECT text FROM each_text($1))`
	ownPage = `SELECT a.id, a.status_changed_at, a.created_at, a.modified_at FROM articles a
		WHERE {own} AND ` + listBounds + ` AND ` + listConditions + ` ORDER BY {key} {order}, a.id {order} LIMIT $6`
	ownCount = `SELECT a.status, count(*) FROM articles a WHERE {own} AND ` + listConditions + ` GROUP BY a.status`
)

// directions are a statement that reads a list from either end.
type directions struct{ oldest, newest *store.Statement }

const sinceWhen = `coalesce(a.status_changed_at, a.created_at)`

// fillPage makes a page of its template.
func fillPage(text, own, key, order string) string {
	text = strings.ReplaceAll(text, "{own}", own)
	return strings.NewReplacer("{key}", key, "{order}", order, "{viewer}", "$12").Replace(text)
}

// listStatements are the statements of the lists: of all, and of one's own by
// both orders.
type listStatements struct {
	all, ownWaiting, ownChanged directions
	countAll, countOwn          *store.Statement
}

var listSQL = func() listStatements {
	pages := func(postgres, sqlite, key string) directions {
		page := func(order string) *store.Statement {
			return store.Read(fillPage(postgres, ofViewer, key, order), fillPage(sqlite, ofViewer, key, order))
		}
		return directions{oldest: page("ASC"), newest: page("DESC")}
	}
	// Counts have no bounds, so that the arguments of listConditions begin at $2.
	// The last one is the viewer, or how far to count.
	count := func(text string) *store.Statement {
		text = strings.ReplaceAll(text, "{own}", ofViewer)
		return store.ReadBoth(strings.NewReplacer("{viewer}", "$7", "{last}", "$7", "$7", "$2", "$8", "$3", "$9", "$4", "$10", "$5", "$11", "$6").Replace(text))
	}
	return listStatements{
		all:        pages(queuePagePostgres, queuePageSQLite, sinceWhen),
		ownWaiting: pages(ownPage, ownPage, sinceWhen),
		ownChanged: pages(ownPage, ownPage, `a.modified_at`),
		countAll:   count(queueCount),
		countOwn:   count(ownCount),
	}
}()

// own reports whether the list is read from what is the viewer's own.
func (l List) own(v access.Viewer) bool { return l.Own || !v.Can(access.EditArticles) }

func (l List) statuses() []string {
	if len(l.Statuses) == 0 {
		l.Statuses = Waiting()
	}
	return words(l.Statuses)
}

// words makes texts of enum values, each once.
func words[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// conditions are the arguments of listConditions.
func (l List) conditions(db *store.DB, v access.Viewer) []any {
	number := func(n *int) int {
		switch {
		case n == nil:
			return 0
		case *n == 0:
			return -1 // names no row
		}
		return *n
	}
	unassigned := 0
	if l.Unassigned {
		unassigned = 1
	}
	if len(l.Kinds) == 0 {
		l.Kinds = []article.Kind{article.KindArticle, article.KindPressRelease, article.KindOpinion, article.KindLiveBlog, article.KindGallery,
			article.KindVideo, article.KindAudio}
	}
	args := []any{number(l.Category), number(l.Assignee), unassigned, l.Language, db.Texts(words(l.Kinds))}
	if l.own(v) {
		args = append(args, v.UserID)
	}
	return args
}

// check asks whether the viewer may read the list, and whether there is such a
// list.
func (l List) check(ctx context.Context) error {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return err
	}
	if l.Assignee != nil && l.Unassigned {
		return fault.BadInput("filter.unassigned", "assigneeId and unassigned exclude each other")
	}
	if !l.Own && slices.Contains(l.Statuses, published) {
		return fault.BadInput("filter.statuses", "published articles do not wait: latestNews and newsroomSearch have them")
	}
	return nil
}

// Queue gives a window of a list. To tell whether more follows, ask for one
// more than is shown.
func (s *Service) Queue(ctx context.Context, l List, w keyset.Window) ([]*ent.Article, error) {
	if err := l.check(ctx); err != nil {
		return nil, err
	}
	viewer := access.Of(ctx)
	both := listSQL.all
	switch {
	case l.own(viewer) && l.Order == LastChanged:
		both = listSQL.ownChanged
	case l.own(viewer):
		both = listSQL.ownWaiting
	}
	statement, low, high := both.newest, w.Older(), w.Newer()
	if l.Order == LongestWaiting {
		low, high = keyset.Oldest, keyset.Newest
		if w.After != nil {
			low = *w.After
		}
		if w.Before != nil {
			high = *w.Before
		}
	}
	if (l.Order == LongestWaiting) != w.Backward {
		statement = both.oldest
	}
	args := append([]any{s.db.Texts(l.statuses()), low.Moment(), low.ID, high.Moment(), high.ID, w.Limit}, l.conditions(s.db, viewer)...)
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (*ent.Article, error) {
		a := new(ent.Article)
		return a, rows.Scan(&a.ID, &a.StatusChangedAt, &a.CreatedAt, &a.ModifiedAt)
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("read the newsroom's list: %w", err)
	}
	if rows, err = s.whole(ctx, rows, func(a, times *ent.Article) {
		a.StatusChangedAt, a.CreatedAt, a.ModifiedAt = times.StatusChangedAt, times.CreatedAt, times.ModifiedAt
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(rows, l.Order.compare)
	return rows, nil
}

// whole reads the articles of which only some columns are known, and keeps
// these. What the viewer may not see is left out.
func (s *Service) whole(ctx context.Context, rows []*ent.Article, keep func(a, known *ent.Article)) ([]*ent.Article, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]int, len(rows))
	for i, a := range rows {
		ids[i] = a.ID
	}
	found, err := s.articles.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]*ent.Article, 0, len(rows))
	for _, known := range rows {
		if a := found[known.ID]; a != nil {
			keep(a, known)
			all = append(all, a)
		}
	}
	return all, nil
}

// StatusCount is how many articles of a list have a status, up to a limit.
type StatusCount struct {
	Status article.Status
	Count  int
}

// CountQueue counts a list by status, each up to a limit, in the order of an
// article's way. Statuses that no article has are counted as well.
func (s *Service) CountQueue(ctx context.Context, l List, limit int) ([]StatusCount, error) {
	if err := l.check(ctx); err != nil {
		return nil, err
	}
	viewer := access.Of(ctx)
	statement := listSQL.countAll
	if l.own(viewer) {
		statement = listSQL.countOwn
	}
	wanted := l.statuses()
	args := append([]any{s.db.Texts(wanted)}, l.conditions(s.db, viewer)...)
	if !l.own(viewer) {
		args = append(args, limit)
	}
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (c StatusCount, err error) {
		err = rows.Scan(&c.Status, &c.Count)
		return c, err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("count the newsroom's list: %w", err)
	}
	counted := make(map[article.Status]int, len(rows))
	for _, c := range rows {
		counted[c.Status] = min(c.Count, limit)
	}
	all := []StatusCount{}
	for _, status := range Statuses() {
		if slices.Contains(wanted, string(status)) {
			all = append(all, StatusCount{status, counted[status]})
		}
	}
	return all, nil
}

// Beyond reports whether a list holds anything on one side of a place: behind
// it, or before it.
func (s *Service) Beyond(ctx context.Context, l List, k keyset.Key, behind bool) (bool, error) {
	w := keyset.Window{Limit: 1, After: &k}
	if !behind {
		w = keyset.Window{Limit: 1, Before: &k, Backward: true}
	}
	found, err := s.Queue(ctx, l, w)
	return len(found) > 0, err
}
