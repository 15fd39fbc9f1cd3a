package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type userCommand struct {
	Create            createUserCommand        `cmd:"" help:"Make an account."`
	List              listUsersCommand         `cmd:"" help:"List accounts."`
	SetRole           setRoleCommand           `cmd:"" help:"Give an account another role."`
	SetPassword       setPasswordCommand       `cmd:"" help:"Give an account another password and end its sessions."`
	ResetSecondFactor resetSecondFactorCommand `cmd:"" help:"Take the second factor from an account and end its sessions."`
	Disable           disableUserCommand       `cmd:"" help:"Shut an account and end its sessions."`
	Enable            enableUserCommand        `cmd:"" help:"Open a disabled account again."`
}

// withAccounts calls do with the accounts of a database. What it does is
// recorded as done by the command line.
func withAccounts(ctx context.Context, d config.Database, do func(context.Context, *account.Service) error) error {
	return withAccountsOf(ctx, d, openExisting, do)
}

// withAccountsOf is withAccounts for a way to open the database.
func withAccountsOf(ctx context.Context, d config.Database, open func(context.Context, config.Database) (*store.DB, error), do func(context.Context, *account.Service) error) (err error) {
	db, err := open(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx = access.AsSystem(access.With(ctx, access.Viewer{Name: "command line"}))
	return do(ctx, app.NewServices(db, nil).Accounts)
}

// named calls do with the key of the account that has an e-mail address.
func named(ctx context.Context, d config.Database, email string, do func(context.Context, *account.Service, int) error) error {
	return withAccounts(ctx, d, func(ctx context.Context, accounts *account.Service) error {
		key, err := accounts.ByEmail(ctx, email)
		if err != nil {
			return err
		}
		return do(ctx, accounts, key)
	})
}

// passwordFlags say where a password comes from.
type passwordFlags struct {
	PasswordStdin bool `help:"Read the password from standard input, its first line. Otherwise one is made up and printed."`
}

func (p passwordFlags) read(in io.Reader) (string, error) {
	if !p.PasswordStdin {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("standard input holds no password")
	}
	return line, nil
}

func tell(s *streams, generated string) {
	if generated != "" {
		_, _ = fmt.Fprintf(s.out, "password: %s\n", generated)
	}
}

type createUserCommand struct {
	config.Database
	passwordFlags
	Email string `arg:"" help:"The e-mail address that signs in."`
	Name  string `help:"The name as others see it." required:"" placeholder:"NAME"`
	Role  string `help:"The role: READER, CONTRIBUTOR, AUTHOR, EDITOR, MODERATOR or ADMIN." default:"READER" placeholder:"ROLE"`
}

// Run makes an account.
func (c *createUserCommand) Run(ctx context.Context, s *streams) error {
	password, err := c.read(s.in)
	if err != nil {
		return err
	}
	// The first account may be made before the server ever ran.
	return withAccountsOf(ctx, c.Database, openMigrated, func(ctx context.Context, accounts *account.Service) error {
		spec := account.User{Email: c.Email, DisplayName: c.Name, Role: user.Role(strings.ToUpper(c.Role))}
		made, generated, err := accounts.Create(ctx, spec, password)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.out, "made %s, %s\n", made.Email, made.Role)
		tell(s, generated)
		return nil
	})
}

type listUsersCommand struct {
	config.Database
	Role  string `help:"Only accounts with this role." placeholder:"ROLE"`
	Staff bool   `help:"Only accounts of the newsroom."`
}

// Run lists accounts, one a line.
func (c *listUsersCommand) Run(ctx context.Context, s *streams) error {
	return withAccounts(ctx, c.Database, func(ctx context.Context, accounts *account.Service) error {
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "EMAIL\tNAME\tROLE\tSTATE\tSECOND FACTOR\tLAST SIGN-IN")
		for window := keyset.First(500); ; {
			page, err := accounts.List(ctx, account.Filter{Role: access.Role(strings.ToUpper(c.Role)), Staff: c.Staff}, window)
			if err != nil {
				return err
			}
			for _, a := range page {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Email, a.DisplayName, a.Role, state(a), yesNo(a.SecondFactor), lastSignIn(a.SignedInAt))
			}
			if len(page) < window.Limit {
				break
			}
			last := account.Key(page[len(page)-1])
			window.After = &last
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
		return nil
	})
}

func state(a *account.Account) string {
	switch {
	case a.Disabled:
		return "disabled"
	case !a.HasPassword:
		return "no password"
	}
	return "active"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func lastSignIn(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}

type setRoleCommand struct {
	config.Database
	Email string `arg:"" help:"The e-mail address of the account."`
	Role  string `arg:"" help:"READER, CONTRIBUTOR, AUTHOR, EDITOR, MODERATOR or ADMIN."`
}

// Run gives an account another role.
func (c *setRoleCommand) Run(ctx context.Context, s *streams) error {
	return named(ctx, c.Database, c.Email, func(ctx context.Context, accounts *account.Service, key int) error {
		a, err := accounts.SetRole(ctx, key, access.Role(strings.ToUpper(c.Role)))
		if err == nil {
			_, _ = fmt.Fprintf(s.out, "%s is %s\n", a.Email, a.Role)
		}
		return err
	})
}

type setPasswordCommand struct {
	config.Database
	passwordFlags
	Email string `arg:"" help:"The e-mail address of the account."`
}

// Run gives an account another password.
func (c *setPasswordCommand) Run(ctx context.Context, s *streams) error {
	password, err := c.read(s.in)
	if err != nil {
		return err
	}
	return named(ctx, c.Database, c.Email, func(ctx context.Context, accounts *account.Service, key int) error {
		a, generated, err := accounts.ResetPassword(ctx, key, password)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(s.out, "%s has another password\n", a.Email)
		tell(s, generated)
		return nil
	})
}

type resetSecondFactorCommand struct {
	config.Database
	Email string `arg:"" help:"The e-mail address of the account."`
}

// Run takes the second factor from an account.
func (c *resetSecondFactorCommand) Run(ctx context.Context, s *streams) error {
	return named(ctx, c.Database, c.Email, func(ctx context.Context, accounts *account.Service, key int) error {
		a, err := accounts.ResetSecondFactor(ctx, key)
		if err == nil {
			_, _ = fmt.Fprintf(s.out, "%s has no second factor\n", a.Email)
		}
		return err
	})
}

type disableUserCommand struct {
	config.Database
	Email string `arg:"" help:"The e-mail address of the account."`
}

// Run shuts an account.
func (c *disableUserCommand) Run(ctx context.Context, s *streams) error {
	return named(ctx, c.Database, c.Email, func(ctx context.Context, accounts *account.Service, key int) error {
		a, err := accounts.Disable(ctx, key)
		if err == nil {
			_, _ = fmt.Fprintf(s.out, "%s is disabled\n", a.Email)
		}
		return err
	})
}

type enableUserCommand struct {
	config.Database
	Email string `arg:"" help:"The e-mail address of the account."`
}

// Run opens a disabled account again.
func (c *enableUserCommand) Run(ctx context.Context, s *streams) error {
	return named(ctx, c.Database, c.Email, func(ctx context.Context, accounts *account.Service, key int) error {
		a, err := accounts.Enable(ctx, key)
		if err == nil {
			_, _ = fmt.Fprintf(s.out, "%s is enabled\n", a.Email)
		}
		return err
	})
}
