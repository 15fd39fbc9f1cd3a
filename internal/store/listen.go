package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// sqliteLook is how often a process asks whether another has changed the file.
const sqliteLook = 40 * time.Millisecond

// ListensSince gives since when commits of other processes are heard of without
// a break, in nanoseconds since 1970; 0 when they are not.
func (db *DB) ListensSince() int64 { return db.listens.Load() }

func (db *DB) hear(heard bool) {
	if !heard {
		db.listens.Store(0)
		return
	}
	db.listens.Store(time.Now().UnixNano())
}

// Listen calls wake whenever another process may have committed events, until
// ctx ends: on PostgreSQL by LISTEN, on SQLite by watching the version number
// of the file.
func (db *DB) Listen(ctx context.Context, wake func()) error {
	if db.Dialect == Postgres {
		return db.listenPostgres(ctx, wake)
	}
	return db.watchSQLite(ctx, wake)
}

func (db *DB) listenPostgres(ctx context.Context, wake func()) error {
	// The connection may be idle for long, so it is asked whether it lives, and a
	// read without an answer ends it: the listener then makes another.
	dialer := &postgresDialer{answer: listenSilence, listens: true}
	defer db.hear(false)
	listener := pq.NewDialListener(dialer, db.url, 200*time.Millisecond, 10*time.Second, func(happened pq.ListenerEventType, _ error) {
		// After the first connection the channel is not listened to yet.
		db.hear(happened == pq.ListenerEventReconnected)
	})
	defer func() { _ = listener.Close() }()
	// Listen waits for a connection; closing the listener ends the wait.
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	if err := listener.Listen(NotifyChannel); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("listen: %w", err)
	}
	db.hear(true)
	wake() // what was committed until now was not heard of
	tick := time.NewTicker(listenPing)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-listener.NotificationChannel():
			if !open {
				return ctx.Err()
			}
			// A nil notification says that the connection was lost and made
			// again: something may have been missed, so it wakes as well.
			wake()
		case <-tick.C:
			go func() { _ = listener.Ping() }() // ends with the connection
		}
	}
}

func (db *DB) watchSQLite(ctx context.Context, wake func()) error {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = conn.Close() }()
	tick := time.NewTicker(sqliteLook)
	defer tick.Stop()
	db.hear(true)
	defer db.hear(false)
	var last int64
	for {
		var version int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if version != last {
			last = version
			wake()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
