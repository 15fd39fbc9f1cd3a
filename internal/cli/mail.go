package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
)

type mailCommand struct {
	Test testMailCommand `cmd:"" help:"Send a mail to an address, to try the settings."`
}

// withServices calls do as the command line, with the services over a migrated
// database.
func withServices(ctx context.Context, d config.Database, do func(context.Context, *app.Services) error) (err error) {
	db, err := openExisting(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return do(access.AsSystem(access.With(ctx, access.Viewer{Name: "command line"})), app.NewServices(db, nil))
}

type testMailCommand struct {
	config.Database
	config.Mail
	Language string `help:"Language of the mail: en or ar." default:"" placeholder:"LANGUAGE"`
	Address  string `arg:"" help:"Where the mail goes."`
}

// Run sends a mail to an address.
func (c *testMailCommand) Run(ctx context.Context, s *streams) error {
	address, err := account.MailAddress("address", c.Address)
	if err != nil {
		return fmt.Errorf("%q: %w", c.Address, err)
	}
	return withServices(ctx, c.Database, func(ctx context.Context, services *app.Services) error {
		if err := services.SendMail(c.Mail); err != nil {
			return err
		}
		if err := services.Mail.SendTemplate(ctx, mail.Address{Email: address}, "test", c.Language, mail.Words{}); err != nil {
			return err
		}
		if services.Mail.Keeps() {
			_, _ = fmt.Fprintln(s.out, "there is no --smtp-host: the mail was kept, and a server shows it at /mail")
			return nil
		}
		_, _ = fmt.Fprintf(s.out, "%s took the mail to %s\n", c.SMTPHost, address)
		return nil
	})
}
