package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/internal/backup"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func(context.Context, string) error{"backup": backUpTo})
}

// backUpTo backs up a database and 2,000 files, and stays where it is once so much
// progress was told. What it works on stands in one line: address, file, number.
func backUpTo(ctx context.Context, work string) error {
	words := strings.Split(work, " ")
	stop, err := strconv.Atoi(words[2])
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, words[0], store.Options{})
	if err != nil {
		return err
	}
	bucket := memblob.OpenBucket(nil)
	for i := range 2000 {
		if err := bucket.WriteAll(ctx, key(i), make([]byte, 1000), nil); err != nil {
			return err
		}
	}
	told := 0
	_, err = backup.Create(ctx, db, bucket, words[1], func(what string, n int) {
		if told++; told == stop {
			fmt.Println("stopped at", what, n)
			<-ctx.Done() // until it is killed
		}
	})
	return err
}

// TestAKilledBackupNeverLooksComplete kills the process that makes a backup at several
// places: there is no file of its name, and what is left beside it is refused.
func TestAKilledBackupNeverLooksComplete(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.EachURL(t, func(t *testing.T, url string) {
		for _, stop := range []int{1, 7, 19} {
			path := filepath.Join(t.TempDir(), "backup.tar")
			process := testkit.Start(t, "backup", fmt.Sprint(url, " ", path, " ", stop))
			if line := <-process.Lines; !strings.HasPrefix(line, "stopped at") {
				t.Fatalf("the process said %q", line)
			}
			process.Kill()
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after %d steps there is a file: %v", stop, err)
			}
			left, err := filepath.Glob(path + ".partial-*")
			if err != nil || len(left) != 1 {
				t.Fatalf("after %d steps there are %v, %v", stop, left, err)
			}
			if _, err := backup.Verify(t.Context(), left[0], quiet); err == nil {
				t.Errorf("what is left after %d steps passes for a whole backup", stop)
			}
		}
	})
}
