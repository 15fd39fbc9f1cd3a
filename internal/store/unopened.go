package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// unopened says why a database cannot be opened and what to do about it, to
// whoever started the program.
func (db *DB) unopened(err error) error {
	if db.Dialect == SQLite {
		return fmt.Errorf("open database %s: %w", db.file.path, hinted(err))
	}
	return fmt.Errorf("open database: %w", hinted(err))
}

// hinted adds what to do about an error that a newcomer can mend.
func hinted(err error) error {
	if hint := hintOf(err); hint != "" {
		return fmt.Errorf("%w\n%s", rootCause(err), hint)
	}
	return rootCause(err)
}

// rootCause leaves out what is said to clients of the API.
func rootCause(err error) error {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	return err
}

func hintOf(err error) string {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return postgresHints[e.Code]
	}
	switch {
	case errors.Is(err, pq.ErrSSLNotSupported):
		return "The server offers no TLS. If it runs on this machine or in a private network, add ?sslmode=disable to the address."
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT) && isDial(err):
		return "Nothing listens there. Start PostgreSQL, or give the right host and port: postgres://USER:PASSWORD@HOST:5432/DATABASE"
	case errors.Is(err, fs.ErrPermission):
		return "This user may not use the file. Give it the right to read and write the file and its folder, or name another file with --database."
	case errors.Is(err, syscall.ENOSPC):
		return "The disk is full. Free some space, or name a file on another disk with --database."
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("There is no host %q. Give the right one: postgres://USER:PASSWORD@HOST:5432/DATABASE", e.Name)
	}
	if strings.Contains(err.Error(), "file is not a database") {
		return "The file is something else. Name the file of a database, or one that does not exist yet."
	}
	return ""
}

func isDial(err error) bool {
	e, ok := errors.AsType[*net.OpError](err)
	return ok && e.Op == "dial"
}

// postgresHints are by the server's error code.
var postgresHints = map[pqerror.Code]string{
	"28P01": "The password is wrong, or there is no such user. Set it with: ALTER ROLE name PASSWORD '…'",
	"28000": "The server lets nobody in this way. Give user and password: postgres://USER:PASSWORD@HOST:5432/DATABASE",
	"3D000": "Make it with: createdb --owner=USER DATABASE",
	"42501": "The user may not do this. Make it the owner of the database: ALTER DATABASE name OWNER TO user",
}

// checkFile refuses a path that can be no database of SQLite.
func checkFile(path string, existing bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("database sqlite:%s: this is a folder. Name a file in it, such as sqlite:%s/broadsheet.db", path, strings.TrimSuffix(path, "/"))
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist) && existing:
		return fmt.Errorf("database sqlite:%s: there is no such file. Check --database, or make a new database with: broadsheet migrate --database sqlite:%s", path, path)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return fmt.Errorf("database sqlite:%s: %w", path, hinted(err))
}
