package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
)

type demoCommand struct {
	Accounts demoAccountsCommand `cmd:"" help:"Give the accounts of the demo newsroom new passwords and print them."`
}

type demoAccountsCommand struct{ config.Database }

// Run gives the demo accounts new passwords. Their sessions end.
func (c *demoAccountsCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = app.NewDemoPasswords(ctx, app.NewServices(db, nil), s.out)
	if errors.Is(err, app.ErrNoDemo) {
		return fmt.Errorf("%w: fill an empty one with: broadsheet serve --demo --database …", err)
	}
	return err
}
