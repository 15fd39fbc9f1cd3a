package webhook_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entaudit "github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// carrier is a partner that was given what is published.
func (n *node) carrier(t *testing.T, name, contact string) *partner.Key {
	t.Helper()
	_, token, err := n.partners.Create(admin(t), partner.Key{Name: name, Scopes: partner.Scopes(), ContactEmail: contact})
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := n.partners.Use(t.Context(), token, "192.0.2.1")
	must(k, err)(t)
	must(n.partners.Changes(t.Context(), k, "", 0, nil))(t)
	return k
}

// names of partners.
func names(of []partner.Compliance) (all []string) {
	for _, c := range of {
		all = append(all, c.Name)
	}
	return all
}

func TestPartnersAreRemindedOfAKillUntilTheyAcknowledge(t *testing.T) {
	t.Parallel()
	eachNode(t, func(t *testing.T, n *node) {
		section := n.section(t, "inside")
		story := n.save(t, n.draft(0, "A Secret Name", article.StatusPublished, section.ID))
		n.consumed(t)
		hooked, mailed := n.carrier(t, "Hooked", ""), n.carrier(t, "Mailed", "desk@partner.example")
		n.carrier(t, "Silent", "")
		r := newReceiver(t)
		n.connect(t, hooked, r, webhook.Draft{Full: true, Types: []string{webhook.ReminderEvent}})
		if _, _, err := n.partners.Remind(admin(t), story); reasonOf(err) != fault.IllegalTransition {
			t.Errorf("a story that is out: %v", err)
		}
		n.save(t, n.draft(story, "A Secret Name", article.StatusKilled, section.ID))
		n.settled(t)

		// Many editors at once remind each partner once.
		var group sync.WaitGroup
		var mu sync.Mutex
		var reminded []string
		for range 8 {
			group.Go(func() {
				some, unreachable, err := n.partners.Remind(admin(t), story)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || !slices.Equal(names(unreachable), []string{"Silent"}) {
					t.Errorf("unreachable: %v, %v", names(unreachable), err)
				}
				reminded = append(reminded, names(some)...)
			})
		}
		group.Wait()
		slices.Sort(reminded)
		if diff := cmp.Diff([]string{"Hooked", "Mailed"}, reminded); diff != "" {
			t.Errorf("reminded (-want +got):\n%s", diff)
		}
		n.settled(t)
		if got := r.order[id.Encode(id.Article, story)]; !slices.Equal(got, []string{webhook.ReminderEvent}) {
			t.Errorf("the webhook was told %v", got)
		}
		mails := must(n.mails.Kept(t.Context(), 10))(t)
		if len(mails) != 1 || mails[0].Recipient != "desk@partner.example" || !strings.Contains(string(mails[0].Message), id.Encode(id.Article, story)) {
			t.Fatalf("mails: %+v", mails)
		}
		if strings.Contains(string(mails[0].Message), "Secret") {
			t.Error("the mail repeats words of the story")
		}
		for _, c := range must(n.partners.KillCompliance(admin(t), story))(t) {
			if reachable := c.Name != "Silent"; reachable != (c.RemindedAt != nil) || c.Name == "Hooked" && c.State != partner.Fetched || c.Name != "Hooked" && c.State != partner.NotFetched {
				t.Errorf("compliance: %+v", c)
			}
		}

		// The reminder has what to acknowledge, for one that never fetched the kill too.
		var m received
		if err := json.Unmarshal([]byte(r.bodies[0]), &m); err != nil {
			t.Fatal(err)
		}
		if err := n.partners.Acknowledge(t.Context(), hooked, m.Data.Cursor); err != nil || m.Data.Reason != "KILLED" || string(m.Data.Article) != "null" {
			t.Errorf("acknowledge %q: %v", r.bodies[0], err)
		}
		again := func() []string {
			some, _, err := n.partners.Remind(admin(t), story)
			return names(must(some, err)(t))
		}
		if got := again(); got != nil {
			t.Errorf("within the hour: %v", got)
		}
		later := n.partners.Now().Add(61 * time.Minute)
		n.partners.Now = func() time.Time { return later }
		if got := again(); !slices.Equal(got, []string{"Mailed"}) {
			t.Errorf("after an hour: %v", got)
		}
		n.settled(t)

		// The one that was reminded before it fetched the kill still gets it, and its
		// acknowledgement ends the reminders.
		page := must(n.partners.Changes(t.Context(), mailed, "", 0, []partner.ChangeType{partner.ChangeWithdrawn}))(t)
		if len(page.Changes) != 1 {
			t.Fatalf("the kill is in the feed: %+v", page.Changes)
		}
		if err := n.partners.Acknowledge(t.Context(), mailed, page.Changes[0].Cursor); err != nil {
			t.Fatal(err)
		}
		later = later.Add(61 * time.Minute)
		if got := again(); got != nil {
			t.Errorf("after all acknowledged: %v", got)
		}
		system := access.AsSystem(t.Context())
		if entries := must(n.db.Ent(system).AuditEntry.Query().Where(entaudit.Action("remindPartners")).Count(system))(t); entries != 11 {
			t.Errorf("%d entries in the audit log", entries)
		}
	})
}

var linkInMail = regexp.MustCompile(`https://api\.example(/partner/confirm/[\w.-]+)`)

// TestAKeyWithoutChangesConfirmsByTheLinkOfItsMail: what a reminder asks for can be done
// with what it says, once for this kill and by nobody else.
func TestAKeyWithoutChangesConfirmsByTheLinkOfItsMail(t *testing.T) {
	t.Parallel()
	eachNode(t, func(t *testing.T, n *node) {
		section := n.section(t, "inside")
		story := n.save(t, n.draft(0, "A Secret Name", article.StatusPublished, section.ID))
		other := n.save(t, n.draft(0, "Another", article.StatusPublished, section.ID))
		n.consumed(t)
		_, token, err := n.partners.Create(admin(t), partner.Key{Name: "Reader", Scopes: []partner.Scope{partner.Published}, ContactEmail: "desk@partner.example"})
		k, _, failed := n.partners.Use(t.Context(), must(token, err)(t), "192.0.2.1")
		k = must(k, failed)(t)
		ask := func(method, path string, key *partner.Key) (int, string) {
			w := httptest.NewRecorder()
			n.partners.Handler().ServeHTTP(w, httptest.NewRequestWithContext(partner.With(t.Context(), key), method, path, nil))
			return w.Code, w.Body.String()
		}
		for _, a := range []int{story, other} {
			if status, text := ask(http.MethodGet, "/partner/articles/"+id.Encode(id.Article, a), k); status != http.StatusOK {
				t.Fatalf("%d %s", status, text)
			}
		}
		stateOf := func(a int) partner.Compliance {
			all := must(n.partners.KillCompliance(admin(t), a))(t)
			if len(all) != 1 {
				t.Fatalf("compliance: %+v", all)
			}
			return all[0]
		}
		remind := func(a int) string {
			t.Helper()
			n.save(t, n.draft(a, "A Secret Name", article.StatusKilled, section.ID))
			n.settled(t)
			_, _, err := n.partners.Remind(admin(t), a)
			must(0, err)(t)
			n.settled(t)
			message := string(must(n.mails.Kept(t.Context(), 10))(t)[0].Message)
			message = strings.ReplaceAll(strings.ReplaceAll(message, "=\r\n", ""), "=3D", "=")
			found := linkInMail.FindStringSubmatch(message)
			if found == nil {
				t.Fatalf("no link in %s", message)
			}
			return found[1]
		}
		link := remind(story)
		if status, text := ask(http.MethodGet, link, nil); status != http.StatusOK || !strings.Contains(text, `<form method="post">`) || !strings.Contains(text, id.Encode(id.Article, story)) || strings.Contains(text, "Secret") {
			t.Errorf("the page: %d %s", status, text)
		}
		if c := stateOf(story); c.State != partner.NotFetched {
			t.Errorf("reading the page says %s", c.State)
		}
		for _, wrong := range []string{link + "x", strings.Replace(link, "confirm/", "confirm/1", 1), "/partner/confirm/", "/partner/confirm/1-2-3.AAAA", "/partner/confirm/" + strings.Repeat("x", 5000)} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if status, _ := ask(method, wrong, nil); status != http.StatusNotFound {
					t.Errorf("%s %.60s: %d", method, wrong, status)
				}
			}
		}
		if status, _ := ask(http.MethodDelete, link, nil); status != http.StatusMethodNotAllowed {
			t.Errorf("DELETE: %d", status)
		}
		for range 2 { // pressed twice
			if status, text := ask(http.MethodPost, link, nil); status != http.StatusOK || !strings.Contains(text, "Thank you") {
				t.Errorf("confirm: %d %s", status, text)
			}
		}
		confirmed := stateOf(story)
		if confirmed.State != partner.Acknowledged || confirmed.AcknowledgedAt == nil {
			t.Errorf("confirmed: %+v", confirmed)
		}
		if some, unreachable, err := n.partners.Remind(admin(t), story); err != nil || len(some)+len(unreachable) != 0 {
			t.Errorf("reminded again: %v, %v, %v", some, unreachable, err)
		}

		// The link is for that kill: not for one that was taken back, nor for the next.
		n.save(t, n.draft(story, "A Secret Name", article.StatusPublished, section.ID))
		if status, _ := ask(http.MethodPost, link, nil); status != http.StatusNotFound {
			t.Errorf("a story that is out again: %d", status)
		}
		if status, text := ask(http.MethodGet, "/partner/articles/"+id.Encode(id.Article, story), k); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		later := n.partners.Now().Add(2 * time.Hour)
		n.partners.Now = func() time.Time { return later }
		again := remind(story)
		if status, _ := ask(http.MethodPost, link, nil); status != http.StatusNotFound || stateOf(story).State == partner.Acknowledged {
			t.Errorf("the link of the kill before: %d, %+v", status, stateOf(story))
		}
		if status, _ := ask(http.MethodPost, again, nil); status != http.StatusOK || stateOf(story).State != partner.Acknowledged {
			t.Errorf("the link of the second kill: %d, %+v", status, stateOf(story))
		}
	})
}

func TestBadRemindersAreRefused(t *testing.T) {
	t.Parallel()
	eachNode(t, func(t *testing.T, n *node) {
		if _, _, err := n.partners.Remind(admin(t), 4711); reasonOf(err) != fault.Missing {
			t.Errorf("no article: %v", err)
		}
		if _, _, err := n.partners.Remind(t.Context(), 1); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody: %v", err)
		}
		k := n.key(t, partner.Entitlement{})
		for _, email := range []string{"nobody", "a@b\r\nBcc: c@d", strings.Repeat("x", 300) + "@example.org"} {
			if _, err := n.partners.Update(admin(t), k.ID, &email); reasonOf(err) != fault.Invalid && reasonOf(err) != fault.TooLong {
				t.Errorf("%.40q: %v", email, err)
			}
		}
		email := "desk@partner.example"
		if changed := must(n.partners.Update(admin(t), k.ID, &email))(t); changed.ContactEmail != email {
			t.Errorf("got %q", changed.ContactEmail)
		}
		if changed := must(n.partners.Update(admin(t), k.ID, nil))(t); changed.ContactEmail != email {
			t.Errorf("a change of nothing changes it to %q", changed.ContactEmail)
		}
		if _, err := n.partners.Update(t.Context(), k.ID, &email); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody: %v", err)
		}
	})
}

func reasonOf(err error) fault.Reason {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	return f.ReasonOf()
}
