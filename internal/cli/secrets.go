package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/sealing"
)

type secretsCommand struct {
	Rotate rotateSecretsCommand `cmd:"" help:"Seal all secrets in the database by --seal-key: those that are stored as they are, and those of --unseal-keys."`
}

type rotateSecretsCommand struct {
	config.Database
	config.Seal
}

// Run seals all secrets, or none where one cannot be opened.
func (c *rotateSecretsCommand) Run(ctx context.Context, s *streams) (err error) {
	if c.SealKey == "" {
		return errors.New("--seal-key is not set: there is nothing to seal by")
	}
	db, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sealed, err := sealing.Rotate(ctx, db, c.Sealer())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "sealed %d secrets by --seal-key; all others were so already\n", sealed)
	return err
}
