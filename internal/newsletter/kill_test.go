package newsletter_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestMain is a server that sends newsletters when a test asks for one.
func TestMain(m *testing.M) {
	if url := os.Getenv("TEST_SENDER_DATABASE"); url != "" {
		if err := serveSender(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveSender runs jobs until the process is killed.
func serveSender(url string) error {
	port, err := strconv.Atoi(os.Getenv("TEST_SENDER_PORT"))
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), url, store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	services := app.NewServices(db, nil)
	services.Mail.Configure(mail.Settings{Host: "127.0.0.1", Port: port, Security: mail.None, Timeout: 30 * time.Second})
	services.Newsletters.ServerURL = "https://api.harbour.example"
	services.Jobs.Configure(job.Settings{Lease: time.Second})
	return services.Jobs.Run(context.Background())
}

// TestKilledWhileSending kills the process that sends an issue, again and again:
// before the server has a mail, and after it has it but has not answered.
// Everybody gets the issue once.
func TestKilledWhileSending(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	killedWhileSending(t, 300)
}

// TestSoakKilledWhileSending is the long form: ten thousand addresses where
// BROADSHEET_SOAK is set, as make soak sets it.
func TestSoakKilledWhileSending(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	addresses := 50
	if os.Getenv("BROADSHEET_SOAK") != "" {
		addresses = 10_000
	}
	killedWhileSending(t, addresses)
}

func killedWhileSending(t *testing.T, addresses int) {
	t.Helper()
	presses(t, func(t *testing.T, p *press) {
		p.article(t, "Ferry deal", article.StatusPublished)
		p.subscribers(t, addresses)
		issue, err := p.Newsletters.CreateIssue(p.editor, newsletter.Issue{Newsletter: p.morning.ID, Subject: "Good morning", Source: newsletterissue.SourceLatest, Count: 10})
		if err == nil {
			_, err = p.Newsletters.SendIssue(p.editor, issue.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		const kills = 6
		var sender atomic.Pointer[exec.Cmd]
		killed := make(chan struct{}, kills)
		var mails, recipients, done atomic.Int64
		kill := func() {
			if cmd := sender.Swap(nil); cmd != nil {
				_ = cmd.Process.Kill()
				killed <- struct{}{}
			}
		}
		every := int64(max(10, addresses/(kills+2)))
		p.server.OnRecipient(func(string) {
			if n := recipients.Add(1); done.Load()%2 == 0 && n%every == 0 && done.Load() < kills {
				kill() // the server has no mail yet
			}
		})
		p.server.OnMail(func(string) {
			if n := mails.Add(1); done.Load()%2 == 1 && n%every == 0 && done.Load() < kills {
				kill() // the server has the mail, its answer reaches nobody
			}
		})
		for {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "TEST_SENDER_DATABASE="+p.url, "TEST_SENDER_PORT="+strconv.Itoa(p.server.Port))
			cmd.Stderr = t.Output()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			sender.Store(cmd)
			if p.finished(t, issue.ID, killed) {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				break
			}
			_ = cmd.Wait()
			done.Add(1)
		}
		if done.Load() < 3 {
			t.Errorf("the sender was killed %d times only", done.Load())
		}
		p.checkOnce(t, addresses)
		t.Logf("%d addresses, killed %d times", addresses, done.Load())
	})
}

// finished waits until the issue is sent, or its sender was killed.
func (p *press) finished(t *testing.T, issue int, killed <-chan struct{}) bool {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	for {
		select {
		case <-killed:
			return false
		case <-t.Context().Done():
			t.Fatal(errors.New("the test was ended"))
		case <-time.After(20 * time.Millisecond):
		}
		if p.DB.Ent(ctx).NewsletterIssue.GetX(ctx, issue).Status == newsletterissue.StatusSent {
			return true
		}
	}
}
