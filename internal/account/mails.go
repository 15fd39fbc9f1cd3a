package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/onetimetoken"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
)

// post is what sends the mails of accounts.
type post struct {
	jobs  *job.Runner
	mail  *mail.Mailer
	links *link.Signer
	site  func(ctx context.Context) (*ent.Site, error)
	// ServerURL is where this server is reached from outside, without a slash at
	// its end.
	ServerURL string
}

// Jobs of accounts. A mail is tried for about a day: a server that is down for
// some hours loses none.
var (
	mailJob   = job.Kind[mailArgs]{Name: "account.mail", MaxAttempts: 30}
	noticeJob = job.Kind[noticeArgs]{Name: "account.notice", MaxAttempts: 30, Private: true}
	exportJob = job.Kind[exportArgs]{Name: "account.export", Timeout: 5 * time.Minute, MaxAttempts: 30}
	removeJob = job.Kind[struct{}]{Name: "account.remove", Timeout: 5 * time.Minute}
)

type (
	// mailArgs name a one-time token that waits to be mailed.
	mailArgs struct {
		Token int `json:"token"`
	}
	// noticeArgs are a mail without a secret.
	noticeArgs struct {
		Template string `json:"template"`
		Email    string `json:"email"`
		Name     string `json:"name"`
		Language string `json:"language"`
		Date     string `json:"date,omitempty"`
	}
	exportArgs struct {
		Export int `json:"export"`
	}
)

// SendBy sets what sends mails and runs jobs, and registers the jobs of
// accounts. It is called once, before the first mail.
func (s *Service) SendBy(jobs *job.Runner, mailer *mail.Mailer, links *link.Signer, site func(ctx context.Context) (*ent.Site, error)) {
	s.jobs, s.mail, s.links, s.site = jobs, mailer, links, site
	job.Register(jobs, mailJob, s.sendToken)
	job.Register(jobs, noticeJob, s.sendNotice)
	job.Register(jobs, exportJob, s.runExport)
	job.Register(jobs, removeJob, func(ctx context.Context, _ struct{}) error { return s.removeDue(ctx) })
	job.Periodic(jobs, removeJob, struct{}{}, job.Every(time.Hour))
}

// What one-time tokens are for, and how long a link is valid.
const (
	forSignUp      = "sign-up"
	forSignIn      = "sign-in"
	forReset       = "reset-password"
	forEmailChange = "change-email"
	forInvitation  = "invitation"
)

// tokenMail is the mail of a purpose.
type tokenMail struct {
	template string
	page     mail.Page
	lasts    mail.Span
}

func (m tokenMail) lifetime() time.Duration {
	return time.Duration(m.lasts.Number) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m.lasts.Unit]
}

var tokenMails = map[string]tokenMail{
	forSignUp:      {"confirm-email", mail.PageVerify, mail.Span{Number: 24, Unit: "hour"}},
	forSignIn:      {"sign-in", mail.PageSignIn, mail.Span{Number: 15, Unit: "minute"}},
	forReset:       {"reset-password", mail.PageReset, mail.Span{Number: 60, Unit: "minute"}},
	forEmailChange: {"change-email", mail.PageConfirmEmail, mail.Span{Number: 24, Unit: "hour"}},
	forInvitation:  {"invitation", mail.PageSignUp, mail.Span{Number: 14, Unit: "day"}},
}

// LongestToken is how long a one-time token lives at most.
func LongestToken() time.Duration {
	longest := waits
	for _, m := range tokenMails {
		longest = max(longest, m.lifetime())
	}
	return longest
}

// waits is how long a token may wait for its mail to be sent.
const waits = 48 * time.Hour

// askForMail keeps a token that is to be mailed, in the transaction of ctx. The
// token itself is made by the job, right before it is sent: until then nobody
// has it, and the job asks whether the address has an account.
func (s *Service) askForMail(ctx context.Context, purpose, email string, change func(*ent.OneTimeTokenCreate)) error {
	now := s.Now()
	create := s.db.Ent(ctx).OneTimeToken.Create().SetPurpose(purpose).SetTokenHash(secret.Hash(secret.New(tokenPrefix))).
		SetEmail(email).SetCreatedAt(now).SetExpiresAt(now.Add(waits))
	if change != nil {
		change(create)
	}
	row, err := create.Save(ctx)
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return job.Enqueue(ctx, s.jobs, mailJob, mailArgs{Token: row.ID}, job.Options{Priority: job.High})
}

// notify sends a mail without a secret, in the transaction of ctx.
func (s *Service) notify(ctx context.Context, template string, u *ent.User, date string) error {
	args := noticeArgs{Template: template, Email: u.Email, Name: u.DisplayName, Language: u.Language, Date: date}
	return job.Enqueue(ctx, s.jobs, noticeJob, args, job.Options{})
}

func (s *Service) sendNotice(ctx context.Context, n noticeArgs) error {
	return sent(s.mail.SendTemplate(ctx, mail.Address{Name: n.Name, Email: n.Email}, n.Template, n.Language, mail.Words{Name: n.Name, Email: n.Email, Date: n.Date}))
}

// sent tells the runner of jobs what became of a mail.
func sent(err error) error {
	if _, refused := errors.AsType[*mail.RefusedError](err); refused {
		return job.Permanent(err)
	}
	return err
}

// sendToken sends the mail of a token that waits. What the mail says depends on
// whether the address has an account.
func (s *Service) sendToken(ctx context.Context, args mailArgs) error {
	row, err := s.db.Ent(ctx).OneTimeToken.Get(ctx, args.Token)
	if ent.IsNotFound(err) {
		return nil // used, replaced or expired
	}
	if err != nil {
		return fmt.Errorf("read a token: %w", err)
	}
	u, err := s.receiver(ctx, row)
	if err != nil {
		return err
	}
	brand, err := s.mail.Brand(ctx)
	if err != nil {
		return err
	}
	to := mail.Address{Email: row.Email}
	switch {
	case row.Purpose == forSignUp && u != nil, row.Purpose == forInvitation && u != nil, row.Purpose == forEmailChange && u == nil:
		return s.dropToken(ctx, row, func() error {
			if u == nil || u.Status != user.StatusActive || row.Purpose == forInvitation {
				return nil
			}
			to.Name = u.DisplayName
			return s.mail.SendTemplate(ctx, to, "account-exists", u.Language, mail.Words{Name: u.DisplayName, URL: brand.Link(mail.PageSignIn, "")})
		})
	case (row.Purpose == forSignIn || row.Purpose == forReset) && (u == nil || u.Status != user.StatusActive):
		return s.dropToken(ctx, row, nil)
	}
	m := tokenMails[row.Purpose]
	token := secret.New(tokenPrefix)
	words := mail.Words{Email: row.Email, URL: brand.Link(m.page, token), Lasts: m.lasts}
	update := s.db.Ent(ctx).OneTimeToken.UpdateOne(row).SetTokenHash(secret.Hash(token)).SetExpiresAt(s.Now().Add(m.lifetime()))
	language := languageOf(row)
	if u != nil {
		to.Name, words.Name, language = u.DisplayName, u.DisplayName, u.Language
		update.SetUserID(u.ID)
	}
	if row.Purpose == forSignIn {
		words.Code = newCode()
		mac, err := s.codeMAC(ctx, row.Email, words.Code)
		if err != nil {
			return err
		}
		update.SetCodeHash(mac)
	}
	// Stored before it is sent: a link that arrives works. If sending fails, the
	// next attempt makes another token.
	if err := update.Exec(ctx); err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return sent(s.mail.SendTemplate(ctx, to, m.template, language, words))
}

// receiver gives the account that the mail of a token is about, nil when there
// is none: of the token, else of its address.
func (s *Service) receiver(ctx context.Context, row *ent.OneTimeToken) (*ent.User, error) {
	of := user.Email(row.Email)
	if row.Purpose == forEmailChange {
		if row.UserID == nil {
			return nil, nil
		}
		of = user.ID(*row.UserID)
	}
	u, err := s.db.Ent(ctx).User.Query().Where(of).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for an account: %w", err)
	}
	return u, nil
}

// dropToken removes a token that is good for nothing, after a mail that says so.
func (s *Service) dropToken(ctx context.Context, row *ent.OneTimeToken, tell func() error) error {
	if tell != nil {
		if err := tell(); err != nil {
			return sent(err)
		}
	}
	if _, err := s.db.Ent(ctx).OneTimeToken.Delete().Where(onetimetoken.ID(row.ID)).Exec(ctx); err != nil {
		return fmt.Errorf("remove a token: %w", err)
	}
	return nil
}

// newCode makes a code of six digits.
func newCode() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails
	return fmt.Sprintf("%06d", n)
}

// codeMAC is how a code is stored. It is keyed: six digits alone could be found
// by trying.
func (s *Service) codeMAC(ctx context.Context, email, code string) (string, error) {
	return s.links.MAC(ctx, "code", email+"\x00"+code)
}
