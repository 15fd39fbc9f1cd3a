package job

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Queue is the jobs of one kind.
type Queue struct {
	Kind                   string
	Waiting, Running, Dead int
	NextDueAt              *time.Time // nil: none waits
}

// maxCounted bounds the jobs that are counted for queues, and maxQueues the kinds.
const maxCounted, maxQueues = 10_000, 100

var queuesSQL = store.MaintainBoth(`SELECT kind, state, run_at FROM jobs LIMIT $1`)

// Queues tells what is left to do, by kind.
func (o *Office) Queues(ctx context.Context) ([]*Queue, error) {
	if err := access.Require(ctx, access.ManageJobs); err != nil {
		return nil, err
	}
	byKind := map[string]*Queue{}
	_, err := store.Collect(ctx, o.runner.db, queuesSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var kind, state string
		var runAt time.Time
		if err := rows.Scan(&kind, &state, &runAt); err != nil {
			return none, err
		}
		q := byKind[kind]
		if q == nil {
			q = &Queue{Kind: kind}
			byKind[kind] = q
		}
		switch state {
		case "waiting":
			q.Waiting++
			if q.NextDueAt == nil || runAt.Before(*q.NextDueAt) {
				q.NextDueAt = &runAt
			}
		case "running":
			q.Running++
		default:
			q.Dead++
		}
		return none, nil
	}, maxCounted)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	queues := slices.SortedFunc(maps.Values(byKind), func(a, b *Queue) int { return strings.Compare(a.Kind, b.Kind) })
	return queues[:min(len(queues), maxQueues)], nil
}
