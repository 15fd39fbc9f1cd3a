package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestConnectionsThatOnlyReadAreReplaced: a connection that was opened while the file
// could only be read says so, and is not used any more once it can be written to.
func TestConnectionsThatOnlyReadAreReplaced(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.SQLite)
	path := strings.TrimPrefix(url, "sqlite:")
	if os.Getuid() == 0 {
		// Root may write to any file: this thread, which ends with the test, is nobody.
		const nobody = 65534
		if err := errors.Join(os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755), os.Chown(filepath.Dir(path), nobody, nobody), os.Chown(path, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
		runtime.LockOSThread()
		if _, err := unix.SetfsuidRetUid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = unix.SetfsuidRetUid(0) }() // for who removes the files
	}
	mode := func(mode os.FileMode) {
		t.Helper()
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) != 3 {
			t.Fatalf("%q, %v", files, err)
		}
		for _, f := range files {
			if err := os.Chmod(f, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	db := testkit.Open(t, url, store.Options{MaxConns: 4})
	ctx := access.AsSystem(t.Context())
	write := func() error {
		return db.Tx(ctx, func(ctx context.Context) error { return db.Ent(ctx).Tag.Create().SetName("x").SetSlug("x").Exec(ctx) })
	}
	// The one connection that there is goes on.
	if err := db.Snapshot(ctx, func(within context.Context) error {
		if _, err := db.Ent(within).Tag.Query().Count(within); err != nil {
			return err
		}
		mode(0o444)
		wantTryAgain(t, "a change over another connection", write())
		if _, err := db.Ent(ctx).Tag.Query().Count(ctx); err != nil {
			t.Errorf("reading: %v", err)
		}
		mode(0o600)
		return write()
	}); err != nil {
		t.Errorf("once the file can be written to: %v", err)
	}
}
