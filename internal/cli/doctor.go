package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/sealing"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

type doctorCommand struct{ config.Serve }

// diagnosis writes what was found, one finding a line.
type diagnosis struct {
	out    io.Writer
	failed bool
}

func (d *diagnosis) say(level, what, format string, args ...any) {
	d.failed = d.failed || level == "FAIL"
	_, _ = fmt.Fprintf(d.out, "%-4s  %-9s  %s\n", level, what, fmt.Sprintf(format, args...))
}

// check says ok, or why not.
func (d *diagnosis) check(what, ok string, err error) {
	if err != nil {
		d.say("FAIL", what, "%v", err)
		return
	}
	d.say("ok", what, "%s", ok)
}

// Run looks at everything that the server needs with the settings of serve. It
// changes nothing, and fails if something is broken.
func (c *doctorCommand) Run(ctx context.Context, s *streams) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	d := &diagnosis{out: s.out}
	c.settings(d) // kong has checked that they can work
	c.database(ctx, d)
	c.media(ctx, d)
	c.mail(ctx, d)
	if d.failed {
		return errReported
	}
	return nil
}

// settings are those that work and may still be a mistake.
func (c *doctorCommand) settings(d *diagnosis) {
	quiet := true
	warn := func(format string, args ...any) {
		quiet = false
		d.say("warn", "settings", format, args...)
	}
	host, _, _ := net.SplitHostPort(c.Addr)
	local := host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1"
	switch {
	case c.SiteURL == "":
		warn("--site-url is not set: answers and mails have the address that is stored, or paths")
	case strings.HasPrefix(c.SiteURL, "http://"):
		warn("--site-url is not https: cookies of sessions go over plain connections")
	}
	if local && len(c.TrustedProxies) == 0 && strings.HasPrefix(c.SiteURL, "https://") {
		warn("the server listens on this machine alone and --trusted-proxies names no proxy: all clients share the limits of one address")
	}
	if !local && c.GraphiQL {
		warn("GraphiQL is served to everybody: --no-graphiql")
	}
	if adminHost, _, _ := net.SplitHostPort(c.AdminAddr); c.AdminAddr != "" && (adminHost == "" || adminHost == "0.0.0.0" || adminHost == "::") {
		warn("--admin-addr listens on every address: profiles hold what is in memory")
	}
	if c.Demo {
		warn("--demo: an empty database gets demo accounts, one of each role, with passwords that are printed")
	}
	if quiet {
		d.say("ok", "settings", "complete")
	}
}

func (c *doctorCommand) database(ctx context.Context, d *diagnosis) {
	if path, isFile := strings.CutPrefix(c.Database.Database, "sqlite:"); isFile {
		info, err := os.Stat(path)
		if err != nil {
			d.say("FAIL", "database", "%v: broadsheet migrate makes it", err)
			return
		}
		if info.Mode().Perm()&0o077 != 0 {
			d.say("warn", "database", "%s can be read by others on this machine: chmod 600", path)
		}
		c.disk(d, "database", filepath.Dir(path))
	}
	db, err := store.Open(ctx, c.Database.Database, store.Options{StatementTimeout: c.StatementTimeout, MaxConns: 2, Relaxed: c.Relaxed()})
	if err != nil {
		d.check("database", "", err)
		return
	}
	defer func() { _ = db.Close() }() // nothing was written
	if err := db.Ready(ctx); err != nil {
		d.check("database", "", err)
		return
	}
	have, want, err := db.SchemaVersion(ctx)
	switch {
	case err != nil:
		d.say("FAIL", "database", "it holds no newsroom: broadsheet migrate (%v)", err)
		return
	case have < want:
		d.say("warn", "database", "at step %d of %d: the server brings it up to date when it starts, or broadsheet migrate before", have, want)
		return
	case have > want:
		d.say("FAIL", "database", "at step %d, made by a newer program than this one, which knows %d", have, want)
		return
	}
	d.say("ok", "database", "answers, can be written to, is at step %d", have)
	ahead, err := db.ClockAhead(ctx, time.Now)
	if err == nil && ahead.Abs() > time.Second {
		d.say("warn", "clock", "that of the database is %v ahead of this machine's: what is scheduled comes at the wrong time", ahead.Round(time.Millisecond))
	} else {
		d.check("clock", "as that of the database", err)
	}
	c.replicas(ctx, d, db)
	c.documents(ctx, d, app.NewServices(db, nil))
	c.secrets(ctx, d, db)
}

// replicas says which standbys answer readers. The server does without the others.
func (c *doctorCommand) replicas(ctx context.Context, d *diagnosis, db *store.DB) {
	for _, replica := range c.DatabaseReplica {
		if err := db.AddReplica(replica, store.Options{StatementTimeout: c.StatementTimeout, MaxConns: 1}); err != nil {
			d.say("FAIL", "standby", "%v", err)
			return
		}
	}
	for name, err := range db.CheckReplicas(ctx) {
		if err != nil {
			d.say("warn", "standby", "%s cannot answer readers: %v", name, err)
			continue
		}
		d.say("ok", "standby", "%s has replayed everything", name)
	}
}

// secrets says how those of the database are stored.
func (c *doctorCommand) secrets(ctx context.Context, d *diagnosis, db *store.DB) {
	found, err := sealing.Count(ctx, db, c.Sealer())
	switch {
	case err != nil:
		d.check("secrets", "", err)
	case found.Lost > 0:
		d.say("FAIL", "secrets", "%d of %d can be opened by neither --seal-key nor --unseal-keys", found.Lost, found.Secrets)
	case c.SealKey == "" && found.Secrets > 0:
		d.say("warn", "secrets", "%d are stored as they are: set --seal-key, then broadsheet secrets rotate", found.Secrets)
	case found.Other > 0:
		d.say("warn", "secrets", "%d of %d are not sealed by --seal-key: broadsheet secrets rotate", found.Other, found.Secrets)
	default:
		d.say("ok", "secrets", "%d, all sealed by --seal-key", found.Secrets)
	}
}

func (c *doctorCommand) documents(ctx context.Context, d *diagnosis, services *app.Services) {
	broken := 0
	all, err := services.BrokenDocuments(ctx, app.DocumentCheck(app.DocumentLimits(c.Serve)), func(trusted.Document, error) { broken++ })
	switch {
	case err == nil && broken > 0:
		d.say("warn", "documents", "%d of %d registered ids do not fit the schema: broadsheet documents check names them", broken, all)
	case err == nil && all == 0 && c.TrustedDocumentsOnly:
		d.say("warn", "documents", "--trusted-documents-only and none is registered: nothing is answered")
	default:
		d.check("documents", fmt.Sprintf("%d ids registered", all), err)
	}
}

// media tries the folder of files, by a file that is removed again.
func (c *doctorCommand) media(ctx context.Context, d *diagnosis) {
	if c.MediaStore != "" {
		d.check("media", c.MediaStore+" can be written to", tryStore(ctx, c.Media))
		return
	}
	if _, err := os.Stat(c.MediaDir); os.IsNotExist(err) {
		d.say("warn", "media", "%s is not there yet: the server makes it", c.MediaDir)
		return
	}
	f, err := os.CreateTemp(c.MediaDir, ".doctor-*")
	if err == nil {
		err = f.Close()
		_ = os.Remove(f.Name()) // it is empty
	}
	d.check("media", c.MediaDir+" can be written to", err)
	c.disk(d, "media", c.MediaDir)
}

// tryStore writes and removes a small blob.
func tryStore(ctx context.Context, m config.Media) error {
	bucket, err := app.OpenMedia(m)
	if err != nil {
		return err
	}
	const key = "doctor"
	if err = bucket.WriteAll(ctx, key, []byte("written by broadsheet doctor"), nil); err == nil {
		err = bucket.Delete(ctx, key)
	}
	return errors.Join(err, bucket.Close())
}

// leastFree is how much room a disk should have, in bytes.
const leastFree = 1 << 30

func (c *doctorCommand) disk(d *diagnosis, what, dir string) {
	free, known := freeBytes(dir)
	if known && free < leastFree {
		d.say("warn", what, "the disk of %s has %d MB left", dir, free>>20)
	}
}

func (c *doctorCommand) mail(ctx context.Context, d *diagnosis) {
	if c.SMTPHost == "" {
		d.say("warn", "mail", "--smtp-host is not set: mails are kept and not sent")
		return
	}
	address := net.JoinHostPort(c.SMTPHost, strconv.Itoa(c.SMTPPort))
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	d.check("mail", address+" takes connections; broadsheet mail test ADDRESS sends one", err)
}
