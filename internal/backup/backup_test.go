package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/backup"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func quiet(string, int)               {}
func unindexed(context.Context) error { return nil }
func key(n int) string                { return fmt.Sprintf("2026/03/%016x.jpg", n) }
func emptyURL(t *testing.T) string    { return "sqlite:" + filepath.Join(t.TempDir(), "site.db") }

func opened(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{StatementTimeout: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// files makes a bucket with files of items, and with what belongs into no backup.
func files(t *testing.T, n int) *blob.Bucket {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	put := func(key, text string) {
		if err := bucket.WriteAll(t.Context(), key, []byte(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		put(key(i), strings.Repeat(fmt.Sprint(i), 100*i))
	}
	put("variants/1/"+key(1)+"/w200.jpg", "made from another")
	put(key(2)+".18a3f.tmp", "not finished")
	put("uploads/1", "not complete")
	return bucket
}

func contents(t *testing.T, bucket *blob.Bucket) map[string]string {
	t.Helper()
	all := map[string]string{}
	for list := bucket.List(nil); ; {
		object, err := list.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := bucket.ReadAll(t.Context(), object.Key)
		if err != nil {
			t.Fatal(err)
		}
		all[object.Key] = string(text)
	}
}

// TestABackupRestoresIntoEitherDatabase: from SQLite to PostgreSQL, from there to both,
// each time with every row of every table and the files.
func TestABackupRestoresIntoEitherDatabase(t *testing.T) {
	t.Parallel()
	first := testkit.URL(t, store.SQLite)
	testkit.FillEveryTable(t, first)
	ways := []struct{ from, to string }{{first, testkit.URL(t, store.Postgres)}, {"", testkit.URL(t, store.Postgres)}, {"", emptyURL(t)}}
	from, bucket := opened(t, first), files(t, 1203)
	for i, way := range ways {
		path := filepath.Join(t.TempDir(), "backup.tar")
		made, err := backup.Create(t.Context(), from, bucket, path, quiet)
		if err != nil {
			t.Fatal(i, err)
		}
		verified, err := backup.Verify(t.Context(), path, quiet)
		if err != nil {
			t.Fatal(i, err)
		}
		if diff := cmp.Diff(made, verified); diff != "" || made.Files != 1203 || made.Rows() < 200 {
			t.Errorf("made (-) and verified (+): %s", diff)
		}
		if _, err := backup.Create(t.Context(), from, bucket, path, quiet); err == nil {
			t.Error("a backup was overwritten")
		}
		to, restored := opened(t, way.to), memblob.OpenBucket(nil)
		t.Cleanup(func() { _ = restored.Close() })
		if _, err := backup.Restore(t.Context(), path, to, restored, quiet, unindexed); err != nil {
			t.Fatal(i, err)
		}
		if found, err := store.Compare(t.Context(), to, &made.Dumped); err != nil || len(found) > 0 {
			t.Errorf("%d: restored with %v, %v", i, found, err)
		}
		want := contents(t, bucket)
		for name := range want {
			if !strings.HasPrefix(name, "2026/") || strings.HasSuffix(name, ".tmp") {
				delete(want, name)
			}
		}
		if diff := cmp.Diff(want, contents(t, restored)); diff != "" {
			t.Errorf("%d: files: %s", i, diff)
		}
		if _, err := backup.Restore(t.Context(), path, to, restored, quiet, unindexed); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("into one that holds content: %v", err)
		}
		from, bucket = to, restored
	}
}

// TestDamageIsSeen changes and cuts a backup anywhere: it is never taken for a whole one.
func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	url := testkit.URL(t, store.SQLite)
	testkit.FillEveryTable(t, url)
	var whole bytes.Buffer
	if _, err := backup.Write(t.Context(), opened(t, url), files(t, 5), &whole, quiet); err != nil {
		t.Fatal(err)
	}
	text := whole.Bytes()
	path := filepath.Join(t.TempDir(), "backup.tar")
	verify := func(changed []byte) error {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := backup.Verify(t.Context(), path, quiet)
		return err
	}
	if err := verify(text); err != nil {
		t.Fatal(err)
	}
	end := bytes.LastIndex(text, []byte("}\n")) + 2 // of the manifest: what follows is padding and the checksum
	for at := 0; at < end; at += 397 {
		changed := slices.Clone(text)
		changed[at] ^= 0x10
		if err := verify(changed); err == nil {
			t.Errorf("byte %d was changed and nobody noticed", at)
		}
		if err := verify(text[:at]); err == nil {
			t.Errorf("cut at %d and nobody noticed", at)
		}
	}
	if err := verify(text[:end/2]); !errors.Is(err, backup.ErrIncomplete) {
		t.Errorf("cut in the middle: %v", err)
	}
	empty := emptyURL(t)
	if _, err := backup.Restore(t.Context(), path, opened(t, empty), nil, quiet, unindexed); !errors.Is(err, backup.ErrIncomplete) {
		t.Errorf("restored from what is not complete: %v", err)
	}
	if err := verify([]byte("PK\x03\x04")); err == nil {
		t.Error("something else is taken for a backup")
	}
}

// full is a disk with room for some bytes.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, syscall.ENOSPC
	}
	return len(p), nil
}

// TestEveryWriteMayFail: whichever write meets a full disk, the backup fails.
func TestEveryWriteMayFail(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.SQLite)
	testkit.FillEveryTable(t, url)
	db, bucket := opened(t, url), files(t, 5)
	var whole bytes.Buffer
	if _, err := backup.Write(t.Context(), db, bucket, &whole, quiet); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < whole.Len(); room += whole.Len() / 40 {
		if _, err := backup.Write(t.Context(), db, bucket, &full{room}, quiet); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
}

// gate lets a backup wait, once it has begun, until others have written.
type gate struct {
	bytes.Buffer
	once  sync.Once
	begun chan struct{}
	open  chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	if g.Len() > 2<<10 {
		g.once.Do(func() { close(g.begun); <-g.open })
	}
	return g.Buffer.Write(p)
}

// TestABackupIsOfOneMoment: writers commit pairs while a backup is under way; it has both
// of each pair or none, and nothing of what came after it began.
func TestABackupIsOfOneMoment(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		db := opened(t, url)
		var written atomic.Int64
		pair := func(ctx context.Context, name string) error {
			return db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
				// Of tables that are read first and last.
				if err := db.Ent(ctx).Author.Create().SetName(name).SetSlug(name).Exec(ctx); err != nil {
					return err
				}
				if err := db.Ent(ctx).Tag.Create().SetName(name).SetSlug(name).Exec(ctx); err != nil {
					return err
				}
				written.Add(1)
				return nil
			})
		}
		for i := range 50 {
			if err := pair(t.Context(), fmt.Sprintf("before-%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for w := range 4 {
			group.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					if err := pair(ctx, fmt.Sprintf("w%d-%d", w, i)); err != nil && ctx.Err() == nil {
						t.Error(err)
						return
					}
				}
			})
		}
		g := &gate{begun: make(chan struct{}), open: make(chan struct{})}
		group.Go(func() {
			<-g.begun
			for from := written.Load(); written.Load() < from+20 && ctx.Err() == nil; {
				_ = ctx.Err()
			}
			close(g.open)
		})
		made, err := backup.Write(t.Context(), db, nil, g, quiet)
		stop()
		group.Wait()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "backup.tar")
		if err := os.WriteFile(path, g.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		to := opened(t, emptyURL(t))
		if _, err := backup.Restore(t.Context(), path, to, nil, quiet, unindexed); err != nil {
			t.Fatal(err)
		}
		system := access.AsSystem(t.Context())
		authors := to.Ent(system).Author.Query().Order().Select("slug").StringsX(system)
		tags := to.Ent(system).Tag.Query().Select("slug").StringsX(system)
		slices.Sort(authors)
		slices.Sort(tags)
		if diff := cmp.Diff(authors, tags); diff != "" || len(tags) < 50 || len(tags) > int(written.Load())-20 {
			t.Errorf("%d of %d pairs: %s", len(tags), written.Load(), diff)
		}
		if found, err := store.Compare(t.Context(), to, &made.Dumped); err != nil || len(found) > 0 {
			t.Errorf("restored with %v, %v", found, err)
		}
	})
}

// TestABackupOfAnOlderProgramIsRestored: its rows get the schema of this one.
func TestABackupOfAnOlderProgramIsRestored(t *testing.T) {
	t.Parallel()
	steps, err := store.Migrations(store.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	old := opened(t, emptyURL(t))
	if _, err := old.MigrateTo(t.Context(), len(steps)-1); err != nil {
		t.Fatal(err)
	}
	system := access.AsSystem(t.Context())
	old.Ent(system).Menu.Create().SetName("main").SetLocation("main").SaveX(system)
	path := filepath.Join(t.TempDir(), "backup.tar")
	if _, err := backup.Create(t.Context(), old, nil, path, quiet); err != nil {
		t.Fatal(err)
	}
	to := opened(t, emptyURL(t))
	if _, err := backup.Restore(t.Context(), path, to, nil, quiet, unindexed); err != nil {
		t.Fatal(err)
	}
	if have, want, err := to.SchemaVersion(t.Context()); err != nil || have != want || to.Ent(system).Menu.Query().CountX(system) != 1 {
		t.Errorf("schema %d of %d, %v", have, want, err)
	}
	if _, err := backup.Restore(t.Context(), path, opened(t, emptyURL(t)), nil, quiet, func(context.Context) error { return io.ErrClosedPipe }); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("an index that cannot be made: %v", err)
	}
}

// TestAFullDiskLeavesNothing: the error says what is wrong, and no file stays.
func TestAFullDiskLeavesNothing(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.SQLite)
	testkit.FillEveryTable(t, url)
	dir := t.TempDir()
	_, err := backup.CreateOn(t.Context(), opened(t, url), files(t, 5), filepath.Join(dir, "backup.tar"), quiet, func(io.Writer) io.Writer { return &full{40_000} })
	if err == nil || !strings.Contains(err.Error(), "The disk is full") {
		t.Errorf("it says %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
