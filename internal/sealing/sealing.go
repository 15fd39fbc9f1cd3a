// Package sealing keeps the secrets of the database sealed by the key that the
// settings name.
package sealing

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Column holds secrets that must be read again, and so are sealed in place of
// hashed. Empty texts are none.
type Column struct {
	Table, Name    string
	after, replace *store.Statement
}

// Columns are all columns with such secrets. The tests compare them with the
// database.
func Columns() []Column { return columns }

var columns = []Column{
	column("users", "totp_secret"),
	column("webhooks", "secret"),
	column("webhooks", "old_secret"),
	column("api_keys", "cursor_secret"),
	column("signing_keys", "key"),
}

func column(table, name string) Column {
	return Column{table, name,
		store.MaintainBoth(fmt.Sprintf(`SELECT id, %[2]s FROM %[1]s WHERE id > $1 AND %[2]s <> '' ORDER BY id LIMIT 500`, table, name)),
		// Not one that was changed meanwhile, which is sealed by its own writer.
		store.MaintainBoth(fmt.Sprintf(`UPDATE %[1]s SET %[2]s = $2 WHERE id = $1 AND %[2]s = $3`, table, name)),
	}
}

type stored struct {
	id   int
	text string
}

// each calls do with the secrets of a column, some hundred at a time.
func (c Column) each(ctx context.Context, db *store.DB, do func(context.Context, []stored) error) error {
	for last := 0; ; {
		some, err := store.Collect(ctx, db, c.after, func(rows *sql.Rows) (s stored, err error) {
			err = rows.Scan(&s.id, &s.text)
			return s, err
		}, last)
		if err != nil {
			return fmt.Errorf("read the secrets of %s.%s: %w", c.Table, c.Name, err)
		}
		if len(some) == 0 {
			return nil
		}
		last = some[len(some)-1].id
		if err := do(ctx, some); err != nil {
			return err
		}
	}
}

// Rotate seals by the key of a sealer whatever is not, and gives how many that
// were. It fails before it changes anything if a secret cannot be opened. The
// server may run meanwhile if it can open what is sealed by both keys.
func Rotate(ctx context.Context, db *store.DB, sealer secret.Sealer) (sealed int, err error) {
	found, err := Count(ctx, db, sealer)
	if err != nil {
		return 0, err
	}
	if found.Lost > 0 {
		return 0, fmt.Errorf("%d of %d secrets can be opened by neither --seal-key nor --unseal-keys: nothing was changed", found.Lost, found.Secrets)
	}
	for _, c := range columns {
		err := c.each(ctx, db, func(ctx context.Context, some []stored) error {
			return db.Tx(ctx, func(ctx context.Context) error {
				for _, s := range some {
					again, changed, err := sealer.Reseal(s.text)
					if err != nil {
						return err
					}
					if !changed {
						continue
					}
					if _, err := db.Exec(ctx, c.replace, s.id, again, s.text); err != nil {
						return fmt.Errorf("seal a secret of %s.%s: %w", c.Table, c.Name, err)
					}
					sealed++
				}
				return nil
			})
		})
		if err != nil {
			return sealed, err
		}
	}
	return sealed, nil
}

// Counts say how secrets are stored.
type Counts struct {
	Secrets int
	Other   int // not as the key of the settings would store them
	Lost    int // that no key opens
}

// Count looks at all secrets of a database.
func Count(ctx context.Context, db *store.DB, sealer secret.Sealer) (n Counts, err error) {
	for _, c := range columns {
		err := c.each(ctx, db, func(_ context.Context, some []stored) error {
			for _, s := range some {
				n.Secrets++
				switch _, changed, err := sealer.Reseal(s.text); {
				case err != nil:
					n.Lost++
				case changed:
					n.Other++
				}
			}
			return nil
		})
		if err != nil {
			return Counts{}, err
		}
	}
	return n, nil
}
