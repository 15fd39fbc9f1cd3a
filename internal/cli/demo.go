package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/demo"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
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
	accounts, err := demo.SignIns(ctx, app.NewServices(db, nil).Demo())
	if fault.CodeOf(err) == fault.NotFound {
		return fmt.Errorf("database %s does not hold the demo newsroom: fill an empty one with: broadsheet serve --demo --database …", c.Database.Database)
	}
	if err != nil {
		return err
	}
	app.WriteSignIns(s.out, accounts)
	return nil
}
