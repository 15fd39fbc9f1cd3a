package app

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/metrics"
)

// statement is told of each statement: for metrics, and for traces where there are any.
func (a *App) statement(ctx context.Context, text string) (ended func()) {
	start, traced := time.Now(), a.traces.Statement(ctx, text)
	return func() {
		a.metrics.Statement(text, time.Since(start))
		if traced != nil {
			traced()
		}
	}
}

// endTraces sends what was not yet sent, within a few seconds.
func (a *App) endTraces() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return a.traces.Close(ctx)
}

// sources are what metrics are read from.
func (a *App) sources() metrics.Sources {
	return metrics.Sources{
		Database: a.DB.Stats,
		Replicas: func() (all []metrics.Replica, primary int64) {
			standbys, primary := a.DB.Replicas()
			for _, r := range standbys {
				all = append(all, metrics.Replica(r))
			}
			return all, primary
		},
		Answers: func() metrics.Answers {
			c := a.answers.Counts()
			return metrics.Answers{Hits: c.Hits, Misses: c.Misses, Joined: c.Joined, Stored: c.Stored, Evicted: c.Evicted, Audited: c.Audited, Different: c.Different, Bytes: c.Bytes}
		},
		Sockets: func() metrics.Sockets {
			c := a.sockets.Counts()
			return metrics.Sockets{WebSockets: c.WebSockets, EventStreams: c.EventStreams, Operations: c.Operations, Slow: c.Slow, Refused: c.Refused}
		},
		Jobs: func(ctx context.Context) ([]metrics.Jobs, error) {
			queues, err := a.JobOffice.Queues(access.AsSystem(ctx))
			all := make([]metrics.Jobs, len(queues))
			for i, q := range queues {
				all[i] = metrics.Jobs{Kind: q.Kind, Waiting: q.Waiting, Running: q.Running, Dead: q.Dead}
				if q.NextDueAt != nil {
					all[i].Late = max(0, time.Since(*q.NextDueAt))
				}
			}
			return all, err
		},
		Schedule: func(ctx context.Context) (metrics.Schedule, error) {
			due, late, err := a.Newsroom.Overdue(access.AsSystem(ctx))
			return metrics.Schedule{Due: due, Late: late}, err
		},
		Lag: a.Log.Lag, Unheard: a.Log.Unheard,
	}
}
