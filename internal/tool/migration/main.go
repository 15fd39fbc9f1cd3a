// Command migration compares ent's schema with the SQL of the migrations.
//
//	go run ./internal/tool/migration -database URL          writes what is missing to standard output
//	go run ./internal/tool/migration -database URL -check   fails when something is missing
//
// The database must be an empty one that may be filled. Hand-written parts
// (listings, search) are tables that ent does not know and leaves alone.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

func main() {
	database := flag.String("database", "", "sqlite:PATH or postgres://… of an empty database")
	check := flag.Bool("check", false, "fail when the migrations lack something")
	flag.Parse()
	if err := run(context.Background(), *database, *check); err != nil {
		fmt.Fprintln(os.Stderr, "migration:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, database string, check bool) error {
	db, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	var missing bytes.Buffer
	if err := db.Ent(ctx).Schema.WriteTo(ctx, &missing); err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if !check {
		_, err := missing.WriteTo(os.Stdout)
		return err
	}
	if bytes.Contains(missing.Bytes(), []byte("TABLE")) || bytes.Contains(missing.Bytes(), []byte("INDEX")) {
		return fmt.Errorf("the migrations lack:\n%s", missing.Bytes())
	}
	return nil
}
