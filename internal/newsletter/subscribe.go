package newsletter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/onetimetoken"
	"github.com/broadsheet-cms/broadsheet/ent/subscriber"
	"github.com/broadsheet-cms/broadsheet/ent/subscription"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

const (
	forSubscribe   = "subscribe" // purpose of one-time tokens
	maxLists       = 20
	consentForm    = "NEWSLETTER"
	tokenPrefix    = "bst_"
	signPreference = "preferences" // purposes of signed links
	signUnsubscrib = "unsubscribe"
)

// How often confirmation mails are asked for.
var (
	mailsToAddress   = throttle.Limit{Name: "newsletter to", Free: 4, First: time.Minute, Longest: 6 * time.Hour}
	mailsFromAddress = throttle.Limit{Name: "newsletter from", Free: 20, First: time.Minute, Longest: time.Hour}
)

// confirmation is how long the link of a confirmation is valid.
var confirmation = mail.Span{Number: 7, Unit: "day"}

const confirmationLifetime = 7 * 24 * time.Hour

// Subscribe is a subscription that somebody asks for.
type Subscribe struct {
	Newsletters    []int
	Email          string
	ConsentVersion string
	Place          string
	Language       string
	Website        string // a field that people leave empty
}

// asked is a Subscribe as it waits for its address to be confirmed.
type asked struct {
	Newsletters []int     `json:"newsletters"`
	Language    string    `json:"language"`
	Version     string    `json:"version"`
	Text        string    `json:"text"`
	Place       string    `json:"place"`
	At          time.Time `json:"at"`
	Address     string    `json:"address"`
	UserAgent   string    `json:"userAgent"`
}

type confirmArgs struct {
	Token int `json:"token"`
}

// Subscribe asks an address to confirm subscriptions. It does the same for all
// addresses, subscribed or not. Mistakes: INVALID, BLANK, TOO_LONG, NOT_FOUND,
// EXPIRED, RATE_LIMITED.
func (s *Service) Subscribe(ctx context.Context, in Subscribe) error {
	email, err := account.MailAddress("email", in.Email)
	if err != nil {
		return err
	}
	lists, err := s.lists(ctx, in.Newsletters, true)
	if err != nil {
		return err
	}
	if len(lists) == 0 {
		return fault.Mistake(fault.Blank, "newsletterIds", "At least one newsletter is needed.")
	}
	a := asked{Newsletters: lists, Language: in.Language, At: s.Now()}
	if a.Place, err = account.CheckPlace("place", in.Place); err != nil {
		return err
	}
	if a.Text, err = s.consent(ctx, in.ConsentVersion); err != nil {
		return err
	}
	if in.Website != "" {
		return nil // a program filled in what people do not see; it need not know
	}
	a.Version = in.ConsentVersion
	origin := access.OriginOf(ctx)
	a.Address, a.UserAgent = origin.Address, origin.UserAgent
	subjects := []throttle.Subject{mailsToAddress.Subject(email)}
	if network := throttle.Network(origin.Address); network != "" {
		subjects = append(subjects, mailsFromAddress.Subject(network))
	}
	if err := s.throttle.Count(ctx, "Too many mails were asked for. Try again later.", subjects...); err != nil {
		return err
	}
	payload, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		// The token is made when it is sent; until then it has the hash of nothing.
		row, err := s.db.Ent(ctx).OneTimeToken.Create().SetPurpose(forSubscribe).SetTokenHash(secret.Hash(secret.New(tokenPrefix))).SetEmail(email).
			SetPayload(payload).SetCreatedAt(a.At).SetExpiresAt(a.At.Add(confirmationLifetime)).Save(ctx)
		if err != nil {
			return fmt.Errorf("keep a token: %w", err)
		}
		return job.Enqueue(ctx, s.jobs, confirmJob, confirmArgs{Token: row.ID}, job.Options{Priority: job.High})
	})
}

// lists checks keys of newsletters and gives each once, in order. Open ones
// alone take new subscribers.
func (s *Service) lists(ctx context.Context, keys []int, open bool) ([]int, error) {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	keys = slices.Compact(keys)
	if len(keys) > maxLists {
		return nil, fault.Mistake(fault.TooLong, "newsletterIds", "At most %d newsletters are chosen at once.", maxLists)
	}
	found, err := s.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if n := found[key]; n == nil || open && !n.IsOpen {
			return nil, fault.Mistake(fault.Missing, "newsletterIds", "One of the newsletters does not exist, or takes no subscribers.")
		}
	}
	return keys, nil
}

// consent gives the sentence that readers agree to, when the version is the one
// that is shown now.
func (s *Service) consent(ctx context.Context, version string) (string, error) {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return "", err
	}
	form, ok := dir.Site.Consents[consentForm]
	if !ok {
		return "", fault.Mistake(fault.Missing, "consentVersion", "The site has no consent sentence for newsletters: updateSite sets it.")
	}
	if form.Version != version {
		return "", fault.Mistake(fault.Expired, "consentVersion", "The version in force is %s: show that one.", form.Version)
	}
	return form.HTML, nil
}

// sendConfirmation sends the mail that asks to confirm subscriptions.
func (s *Service) sendConfirmation(ctx context.Context, args confirmArgs) error {
	row, err := s.db.Ent(ctx).OneTimeToken.Get(ctx, args.Token)
	if ent.IsNotFound(err) {
		return nil // confirmed or expired
	}
	if err != nil {
		return fmt.Errorf("read a token: %w", err)
	}
	suppressed, err := s.suppressed(ctx, row.Email)
	if err != nil {
		return err
	}
	var a asked
	if err := json.Unmarshal(row.Payload, &a); err != nil {
		return job.Permanent(fmt.Errorf("read a subscription: %w", err))
	}
	lists, err := s.ByIDs(ctx, a.Newsletters)
	if err != nil {
		return err
	}
	names := []string{}
	for _, key := range a.Newsletters {
		if n := lists[key]; n != nil {
			names = append(names, n.Name)
			if a.Language == "" {
				a.Language = n.Language
			}
		}
	}
	if suppressed || len(names) == 0 {
		_, err := s.db.Ent(ctx).OneTimeToken.Delete().Where(onetimetoken.ID(row.ID)).Exec(ctx)
		return err
	}
	brand, err := s.mail.Brand(ctx)
	if err != nil {
		return err
	}
	token := secret.New(tokenPrefix)
	if err := s.db.Ent(ctx).OneTimeToken.UpdateOne(row).SetTokenHash(secret.Hash(token)).SetExpiresAt(s.Now().Add(confirmationLifetime)).Exec(ctx); err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return sent(s.mail.SendTemplate(ctx, mail.Address{Email: row.Email}, "confirm-subscription", a.Language,
		mail.Words{Email: row.Email, URL: brand.Link(mail.PageConfirm, token), Lasts: confirmation, Lists: names}))
}

var subscribeSQL = store.MaintainBoth(`INSERT INTO subscriptions (subscriber_id, newsletter_id, status, created_at, confirmed_at) VALUES ($1, $2, 'CONFIRMED', $3, $3)
	ON CONFLICT (subscriber_id, newsletter_id) DO UPDATE SET confirmed_at = CASE WHEN subscriptions.status = 'CONFIRMED' THEN subscriptions.confirmed_at ELSE excluded.confirmed_at END,
	status = 'CONFIRMED', ended_at = NULL`)

var addSubscriberSQL = store.MaintainBoth(`INSERT INTO subscribers (email, language, created_at) VALUES ($1, $2, $3) ON CONFLICT (email) DO UPDATE SET language = excluded.language`)

// Confirm makes the subscriptions that a mail asked to confirm, and gives the
// token of the preference page. Mistakes: EXPIRED.
func (s *Service) Confirm(ctx context.Context, token string) (p *Preferences, preferences string, err error) {
	var key int
	err = s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		valid := onetimetoken.And(onetimetoken.Purpose(forSubscribe), onetimetoken.TokenHash(secret.Hash(token)), onetimetoken.ExpiresAtGT(s.Now()))
		row, err := client.OneTimeToken.Query().Where(valid).Only(ctx)
		if ent.IsNotFound(err) {
			return errExpired()
		}
		if err != nil {
			return fmt.Errorf("look for a token: %w", err)
		}
		if n, err := client.OneTimeToken.Delete().Where(valid).Exec(ctx); err != nil || n == 0 {
			return orElse(err, errExpired())
		}
		var a asked
		if err := json.Unmarshal(row.Payload, &a); err != nil {
			return fmt.Errorf("read a subscription: %w", err)
		}
		if _, err := s.db.Exec(ctx, addSubscriberSQL, row.Email, a.Language, s.Now()); err != nil {
			return fmt.Errorf("keep a subscriber: %w", err)
		}
		if key, err = client.Subscriber.Query().Where(subscriber.Email(row.Email)).OnlyID(ctx); err != nil {
			return fmt.Errorf("read a subscriber: %w", err)
		}
		lists, err := s.ByIDs(ctx, a.Newsletters) // one may be gone
		if err != nil {
			return err
		}
		for _, list := range a.Newsletters {
			if lists[list] == nil {
				continue
			}
			if err := s.join(ctx, key, list, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if preferences, err = s.links.Sign(ctx, signPreference, strconv.Itoa(key)); err != nil {
		return nil, "", err
	}
	p, err = s.preferences(ctx, key)
	return p, preferences, err
}

// join puts a subscriber on a list, with the consent.
func (s *Service) join(ctx context.Context, key, list int, a asked) error {
	if _, err := s.db.Exec(ctx, subscribeSQL, key, list, s.Now()); err != nil {
		return fmt.Errorf("keep a subscription: %w", err)
	}
	err := s.db.Ent(ctx).ConsentRecord.Create().SetSubscriberID(key).SetNewsletterID(list).SetDocument(consentForm).SetVersion(a.Version).SetText(a.Text).
		SetPlace(a.Place).SetGivenAt(a.At).SetAddress(a.Address).SetUserAgent(a.UserAgent).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep a consent: %w", err)
	}
	return nil
}

func errExpired() error {
	return fault.Mistake(fault.Expired, "token", "This link is not valid, was used before, or is not valid any more.")
}

// Preferences are what an address gets.
type Preferences struct {
	MaskedEmail string
	Choices     []*Choice
}

// Choice is a newsletter and whether an address gets it.
type Choice struct {
	Newsletter   *ent.Newsletter
	IsSubscribed bool
}

// Preferences gives what the preference page of a token shows, nil when the
// token is not valid.
func (s *Service) Preferences(ctx context.Context, token string) (*Preferences, error) {
	key, err := s.openPreferences(ctx, token)
	if err != nil || key == 0 {
		return nil, err
	}
	return s.preferences(access.AsSystem(ctx), key)
}

func (s *Service) openPreferences(ctx context.Context, token string) (int, error) {
	payload, ok, err := s.links.Open(ctx, signPreference, token)
	if err != nil || !ok {
		return 0, err
	}
	key, err := strconv.Atoi(payload)
	if err != nil {
		return 0, nil //nolint:nilerr // no payload of ours
	}
	there, err := s.db.Ent(ctx).Subscriber.Query().Where(subscriber.ID(key)).Exist(ctx)
	if err != nil || !there {
		return 0, err
	}
	return key, nil
}

func (s *Service) preferences(ctx context.Context, key int) (*Preferences, error) {
	who, err := s.db.Ent(ctx).Subscriber.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read a subscriber: %w", err)
	}
	choices, err := s.choices(ctx, key)
	return &Preferences{MaskedEmail: mask(who.Email), Choices: choices}, err
}

// choices are all newsletters that an address gets or could get.
func (s *Service) choices(ctx context.Context, key int) ([]*Choice, error) {
	all, err := s.All(ctx)
	if err != nil {
		return nil, err
	}
	var on []int
	if key != 0 {
		on, err = s.db.Ent(ctx).Subscription.Query().Where(subscription.SubscriberID(key), subscription.StatusEQ(subscription.StatusConfirmed)).
			Select(subscription.FieldNewsletterID).Ints(ctx)
		if err != nil {
			return nil, fmt.Errorf("read subscriptions: %w", err)
		}
	}
	choices := []*Choice{}
	for _, n := range all {
		if gets := slices.Contains(on, n.ID); gets || n.IsOpen {
			choices = append(choices, &Choice{Newsletter: n, IsSubscribed: gets})
		}
	}
	return choices, nil
}

// OfAddress gives what the address of an account gets. Accounts have proven
// their addresses.
func (s *Service) OfAddress(ctx context.Context, email string) ([]*Choice, error) {
	key, err := s.db.Ent(ctx).Subscriber.Query().Where(subscriber.Email(email)).OnlyID(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("look for a subscriber: %w", err)
	}
	return s.choices(ctx, key)
}

// mask hides an address from whoever looks over a shoulder, or got a link that
// was passed on.
func mask(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	return local[:1] + "***@" + domain
}

// SetPreferences replaces the newsletters of a subscriber. Mistakes: EXPIRED,
// NOT_FOUND, TOO_LONG.
func (s *Service) SetPreferences(ctx context.Context, token string, lists []int, version string) (*Preferences, error) {
	key, err := s.openPreferences(ctx, token)
	if err != nil {
		return nil, err
	}
	if key == 0 {
		return nil, errExpired()
	}
	if lists, err = s.lists(ctx, lists, false); err != nil {
		return nil, err
	}
	origin := access.OriginOf(ctx)
	a := asked{Version: version, Place: mail.PagePreferences.Path(), At: s.Now(), Address: origin.Address, UserAgent: origin.UserAgent}
	ctx = access.AsSystem(ctx)
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		before, err := s.choices(ctx, key)
		if err != nil {
			return err
		}
		for _, c := range before {
			switch wanted := slices.Contains(lists, c.Newsletter.ID); {
			case c.IsSubscribed && !wanted:
				err = s.leave(ctx, key, c.Newsletter.ID)
			case wanted && !c.IsSubscribed:
				if a.Text, err = s.consent(ctx, version); err == nil {
					err = s.join(ctx, key, c.Newsletter.ID, a)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.preferences(ctx, key)
}

// leave ends the subscriptions of an address: one, or all for 0.
func (s *Service) leave(ctx context.Context, key, list int) error {
	update := s.db.Ent(ctx).Subscription.Update().Where(subscription.SubscriberID(key), subscription.StatusEQ(subscription.StatusConfirmed)).
		SetStatus(subscription.StatusEnded).SetEndedAt(s.Now())
	if list != 0 {
		update.Where(subscription.NewsletterID(list))
	}
	if err := update.Exec(ctx); err != nil {
		return fmt.Errorf("end a subscription: %w", err)
	}
	return nil
}

// Unsubscribe ends a subscription by the token of a newsletter, or all by that
// of the preference page. Doing it again changes nothing. Mistakes: EXPIRED.
func (s *Service) Unsubscribe(ctx context.Context, token string) (*Preferences, error) {
	key, list, err := s.openUnsubscribe(ctx, token)
	if err == nil && key == 0 {
		key, err = s.openPreferences(ctx, token)
	}
	if err != nil {
		return nil, err
	}
	if key == 0 {
		return nil, errExpired()
	}
	ctx = access.AsSystem(ctx)
	if err := s.leave(ctx, key, list); err != nil {
		return nil, err
	}
	p, err := s.preferences(ctx, key)
	if ent.IsNotFound(err) {
		return nil, errExpired()
	}
	return p, err
}

// signUnsubscribe gives the token by which an address leaves one list.
func (s *Service) signUnsubscribe(ctx context.Context, key, list int) (string, error) {
	return s.links.Sign(ctx, signUnsubscrib, fmt.Sprintf("%d-%d", key, list))
}

func (s *Service) openUnsubscribe(ctx context.Context, token string) (key, list int, err error) {
	payload, ok, err := s.links.Open(ctx, signUnsubscrib, token)
	if err != nil || !ok {
		return 0, 0, err
	}
	if n, err := fmt.Sscanf(payload, "%d-%d", &key, &list); n != 2 || err != nil || list == 0 {
		return 0, 0, nil //nolint:nilerr // no payload of ours
	}
	return key, list, nil
}
