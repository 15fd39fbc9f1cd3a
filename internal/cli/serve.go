package cli

import (
	"context"
	"errors"
	"net"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
)

type serveCommand struct{ config.Serve }

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, s *streams) (err error) {
	logger := c.Logger(s.err)
	// Before anything is made: an address in use must not cost the passwords below.
	listener, err := app.Listen(ctx, c.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // closed before by Serve
	a, err := app.New(ctx, c.Serve, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.PrintSignIn(ctx, s.out); err != nil {
		return err
	}
	return a.Serve(ctx, listener, func(addr net.Addr) {
		at := "http://" + addr.String()
		if c.Enabled() {
			at = "https://" + addr.String()
		}
		if a.Mail.Keeps() {
			logger.InfoContext(ctx, "there are no SMTP settings: mails are kept, and shown to this machine", "mail", at+"/mail")
		}
		if c.GraphiQL {
			logger.InfoContext(ctx, "serving", "graphql", at+"/graphql", "graphiql", at+"/graphiql/")
			return
		}
		logger.InfoContext(ctx, "serving", "graphql", at+"/graphql")
	})
}
