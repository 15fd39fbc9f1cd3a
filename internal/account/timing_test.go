package account_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// BenchmarkKnownAndUnknown gives the distribution of times of each request that
// must not tell whether an address has an account. Known and unknown addresses
// take turns.
func BenchmarkKnownAndUnknown(b *testing.B) {
	db := testkit.Open(b, testkit.URL(b, store.SQLite), store.Options{})
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	s := account.New(db, event.NewLog(db), audit.NewLog(db))
	s.Now = func() time.Time { return now }
	mailer := mail.New(db, func(context.Context) (mail.Brand, error) { return mail.Brand{}, nil })
	s.SendBy(job.New(db, event.NewLog(db).Woken, job.Settings{Now: s.Now}), mailer, link.New(db), func(context.Context) (*ent.Site, error) { return legal, nil })
	spec := account.User{Email: "known@example.org", DisplayName: "Known", Role: user.RoleReader}
	if _, _, err := s.Create(access.AsSystem(b.Context()), spec, "nine slow ferries"); err != nil {
		b.Fatal(err)
	}
	for name, request := range map[string]func(email string) error{
		"signIn": func(email string) error {
			return second(s.SignIn(b.Context(), account.SignIn{Email: email, Password: "a wrong password", Kind: session.KindBearer}))
		},
		"signUp": func(email string) error {
			return s.SignUp(b.Context(), account.SignUp{Email: email, DisplayName: "Somebody", Password: "ten slow ferries"})
		},
		"requestSignInLink":    func(email string) error { return s.RequestSignInLink(b.Context(), email) },
		"requestPasswordReset": func(email string) error { return s.RequestPasswordReset(b.Context(), email) },
		"signInWithCode": func(email string) error {
			return second(s.SignInWithLink(b.Context(), account.LinkSignIn{Email: email, Code: "000000", How: bearer}))
		},
	} {
		b.Run(name, func(b *testing.B) {
			times := map[string][]time.Duration{}
			for b.Loop() {
				for _, email := range []string{"known@example.org", "unknown@example.org"} {
					now = now.Add(25 * time.Hour) // limits are forgotten
					begun := time.Now()
					_ = request(email) // wrong passwords and codes are errors
					times[email] = append(times[email], time.Since(begun))
				}
			}
			for email, took := range times {
				slices.Sort(took)
				for _, q := range []struct {
					name string
					at   float64
				}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}} {
					b.ReportMetric(float64(took[int(q.at*float64(len(took)-1))].Microseconds()), "µs-"+email[:len(email)-len("@example.org")]+"-"+q.name)
				}
			}
		})
	}
}
