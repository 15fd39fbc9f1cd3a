package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
)

// keeper is what a database needs around the operations of one connection. The
// wrappers of this file call it, so that nothing reaches a driver past it.
type keeper interface {
	// start begins an operation, which done ends. done is called once, for a
	// query when its rows are closed.
	start(ctx context.Context, writes bool) (done func(), err error)
	// startTx begins a transaction, which done ends.
	startTx(ctx context.Context, readOnly bool) (done func(), err error)
	// returned is told that the connection goes back to the pool, and taken
	// that it is about to be used again; an error of taken discards it.
	returned()
	taken(ctx context.Context, ping func(context.Context) error) error
	// closing is told before a prepared statement is closed.
	closing()
	// explain gives errors of the driver a code for clients. An operation that
	// commits may have done its work where no answer came.
	explain(ctx context.Context, err error, commits bool) error
}

// session is a connection of a driver with its keeper.
type session struct {
	driver.Conn
	keeper  keeper
	observe Observer // nil: nobody is told
	inTx    bool
}

// The drivers implement all of these; session would hide it from database/sql
// if one did not.
type fullConn interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

func (s *session) full() fullConn { return s.Conn.(fullConn) }

func (s *session) start(ctx context.Context, writes bool) (func(), error) {
	return s.keeper.start(ctx, writes && !s.inTx)
}

func (s *session) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	done, err := s.start(ctx, writes(query))
	if err != nil {
		return nil, err
	}
	done = s.observed(ctx, query, done)
	found, err := s.full().QueryContext(ctx, query, args)
	return s.rows(ctx, found, err, done, writes(query))
}

func (s *session) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	done, err := s.start(ctx, true)
	if err != nil {
		return nil, err
	}
	defer s.observed(ctx, query, done)()
	result, err := s.full().ExecContext(ctx, query, args)
	return result, s.keeper.explain(ctx, err, !s.inTx)
}

func (s *session) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	done, err := s.start(ctx, false)
	if err != nil {
		return nil, err
	}
	defer done()
	stmt, err := s.full().PrepareContext(ctx, query)
	if err != nil {
		return nil, s.keeper.explain(ctx, err, false)
	}
	return &preparedStmt{Stmt: stmt, session: s, text: query, writes: writes(query)}, nil
}

func (s *session) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	done, err := s.keeper.startTx(ctx, opts.ReadOnly)
	if err != nil {
		return nil, err
	}
	ended := s.observed(ctx, "BEGIN", func() {})
	tx, err := s.full().BeginTx(ctx, opts)
	ended()
	if err != nil {
		done()
		return nil, s.keeper.explain(ctx, err, false)
	}
	s.inTx = true
	return &sessionTx{tx: tx, session: s, ctx: ctx, done: done}, nil
}

// Ping implements driver.Pinger.
func (s *session) Ping(ctx context.Context) error {
	done, err := s.start(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	return s.keeper.explain(ctx, s.full().Ping(ctx), false)
}

// Close implements driver.Conn.
func (s *session) Close() error {
	if err := s.Conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// ResetSession implements driver.SessionResetter.
func (s *session) ResetSession(ctx context.Context) error {
	if err := s.full().ResetSession(ctx); err != nil {
		return err
	}
	return s.keeper.taken(ctx, s.full().Ping)
}

// IsValid implements driver.Validator. The pool asks it when it gets the
// connection back.
func (s *session) IsValid() bool {
	s.keeper.returned()
	return s.full().IsValid()
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s *session) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := s.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (s *session) rows(ctx context.Context, found driver.Rows, err error, done func(), writes bool) (driver.Rows, error) {
	commits := writes && !s.inTx
	if err != nil {
		done()
		return nil, s.keeper.explain(ctx, err, commits)
	}
	return &sessionRows{Rows: found, session: s, ctx: ctx, done: done, commits: commits}, nil
}

// sessionRows end their operation when they are closed.
type sessionRows struct {
	driver.Rows
	session *session
	ctx     context.Context
	done    func()
	commits bool
}

// Next implements driver.Rows.
func (r *sessionRows) Next(into []driver.Value) error {
	err := r.Rows.Next(into)
	if err == nil || err == io.EOF { //nolint:errorlint // the end of the rows, as the interface has it
		return err
	}
	return r.session.keeper.explain(r.ctx, err, r.commits)
}

// Close implements driver.Rows.
func (r *sessionRows) Close() error {
	defer r.done()
	return r.session.keeper.explain(r.ctx, r.Rows.Close(), r.commits)
}

type sessionTx struct {
	tx      driver.Tx
	session *session
	ctx     context.Context // of the whole transaction
	done    func()
}

// Commit implements driver.Tx.
func (t *sessionTx) Commit() error { return t.end("COMMIT", t.tx.Commit, true) }

// Rollback implements driver.Tx.
func (t *sessionTx) Rollback() error { return t.end("ROLLBACK", t.tx.Rollback, false) }

func (t *sessionTx) end(text string, how func() error, commits bool) error {
	defer t.done()
	done, err := t.session.start(t.ctx, false)
	if err != nil {
		return err
	}
	defer t.session.observed(t.ctx, text, done)()
	t.session.inTx = false
	return t.session.keeper.explain(t.ctx, how(), commits)
}

type preparedStmt struct {
	driver.Stmt
	session *session
	text    string
	writes  bool
}

func (s *preparedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	done, err := s.session.start(ctx, s.writes)
	if err != nil {
		return nil, err
	}
	done = s.session.observed(ctx, s.text, done)
	found, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	return s.session.rows(ctx, found, err, done, s.writes)
}

func (s *preparedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	done, err := s.session.start(ctx, true)
	if err != nil {
		return nil, err
	}
	defer s.session.observed(ctx, s.text, done)()
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return result, s.session.keeper.explain(ctx, err, !s.session.inTx)
}

// Close implements driver.Stmt.
func (s *preparedStmt) Close() error {
	s.session.keeper.closing()
	return s.Stmt.Close()
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s *preparedStmt) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return s.session.CheckNamedValue(v)
}
