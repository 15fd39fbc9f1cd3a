// Package config is every setting of the program in one typed struct. A
// setting comes from its flag, else from its BROADSHEET_ variable, else from
// the settings file, else from its default.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/secret"
)

// Database says where content is stored. Every command has it.
type Database struct {
	Database   string `help:"Where content is stored: sqlite:PATH or postgres://…" default:"sqlite:data/broadsheet.db" env:"BROADSHEET_DATABASE" placeholder:"URL"`
	SQLiteSync string `name:"sqlite-sync" help:"When SQLite reports a change as stored: full, once it is safe on the disk; normal, earlier, so that a power cut can lose the last changes." default:"full" enum:"full,normal" env:"BROADSHEET_SQLITE_SYNC" placeholder:"MODE"`
}

// Relaxed reports whether SQLite may say that a change is stored before it is safe
// on the disk.
func (d Database) Relaxed() bool { return d.SQLiteSync == "normal" }

// Media says where pictures and files are stored.
type Media struct {
	MediaDir string `help:"Folder of the originals of pictures and files, and of what is made from them." default:"data/media" env:"BROADSHEET_MEDIA_DIR" placeholder:"DIR"`
	// MediaStore and its keys are for a store that is not a folder.
	MediaStore       string `help:"Where originals and variants are kept in place of --media-dir: s3://BUCKET/PREFIX?region=REGION&endpoint=ADDRESS for S3 and what speaks its protocol (endpoint omitted: AWS), or gs://BUCKET/PREFIX for Google Cloud Storage." env:"BROADSHEET_MEDIA_STORE" placeholder:"URL"`
	MediaStoreKeyID  string `help:"Id of the key that signs requests to --media-store. Omitted, with the secret: from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the file of AWS, or the role of the machine." env:"BROADSHEET_MEDIA_STORE_KEY_ID" placeholder:"ID"`
	MediaStoreSecret string `help:"Secret of the key that signs requests to --media-store; better given by its variable." env:"BROADSHEET_MEDIA_STORE_SECRET" placeholder:"SECRET"`
	UploadDir        string `help:"Folder of uploads that are not complete yet; uploads in --media-dir if omitted." env:"BROADSHEET_UPLOAD_DIR" placeholder:"DIR"`
}

// Log says what is logged and how.
type Log struct {
	LogLevel  string `help:"What is logged: debug, info, warn or error." default:"info" enum:"debug,info,warn,error" env:"BROADSHEET_LOG_LEVEL" placeholder:"LEVEL"`
	LogFormat string `help:"Form of the log: text or json." default:"text" enum:"text,json" env:"BROADSHEET_LOG_FORMAT" placeholder:"FORMAT"`
}

// Logger makes the logger.
func (l Log) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel)) // the values are checked
	opts := &slog.HandlerOptions{Level: level}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// SignIn says how people sign in and for how long that holds.
type SignIn struct {
	SessionIdle         time.Duration `help:"How long a browser stays signed in without a request." default:"12h" env:"BROADSHEET_SESSION_IDLE" placeholder:"DURATION"`
	TokenIdle           time.Duration `help:"How long a token of a program is valid without a request." default:"168h" env:"BROADSHEET_TOKEN_IDLE" placeholder:"DURATION"`
	SessionLifetime     time.Duration `help:"How long a sign-in holds at most, of browsers and of programs." default:"720h" env:"BROADSHEET_SESSION_LIFETIME" placeholder:"DURATION"`
	RequireSecondFactor bool          `help:"Let staff do nothing but set up a second factor until they have one." env:"BROADSHEET_REQUIRE_SECOND_FACTOR"`
	TrustedProxies      []string      `help:"Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed." env:"BROADSHEET_TRUSTED_PROXIES" placeholder:"CIDR,…"`
	OIDCIssuer          string        `name:"oidc-issuer" help:"OpenID provider at which people may sign in: its issuer address." env:"BROADSHEET_OIDC_ISSUER" placeholder:"URL"`
	OIDCClientID        string        `name:"oidc-client-id" help:"Name of this server at the OpenID provider." env:"BROADSHEET_OIDC_CLIENT_ID" placeholder:"ID"`
	OIDCClientSecret    string        `name:"oidc-client-secret" help:"Secret of this server at the OpenID provider; better given by its variable." env:"BROADSHEET_OIDC_CLIENT_SECRET" placeholder:"SECRET"`
	OIDCRedirectURL     string        `name:"oidc-redirect-url" help:"Address of /auth/oidc/callback of this server, as the OpenID provider knows it." env:"BROADSHEET_OIDC_REDIRECT_URL" placeholder:"URL"`
}

// Proxies are the networks that are trusted.
func (s SignIn) Proxies() ([]netip.Prefix, error) {
	return networks("--trusted-proxies", s.TrustedProxies)
}

// networks reads addresses and networks of a setting.
func networks(setting string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			ip, bad := netip.ParseAddr(text)
			if bad != nil {
				return nil, fmt.Errorf("%s %q: want an address or a network, such as 127.0.0.1 or 10.0.0.0/8", setting, text)
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		all = append(all, p)
	}
	return all, nil
}

func (s SignIn) validate() (wrong []error) {
	if _, err := s.Proxies(); err != nil {
		wrong = append(wrong, err)
	}
	if s.SessionIdle < time.Minute || s.TokenIdle < time.Minute || s.SessionLifetime < time.Minute {
		wrong = append(wrong, errors.New("--session-idle, --token-idle and --session-lifetime must be at least a minute"))
	}
	if s.OIDCIssuer == "" {
		return wrong
	}
	if !isURL(s.OIDCIssuer) || !isURL(s.OIDCRedirectURL) || s.OIDCClientID == "" {
		wrong = append(wrong, errors.New("--oidc-issuer needs --oidc-client-id and --oidc-redirect-url, and both addresses begin with http:// or https://"))
	}
	return wrong
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// Limits bound what one request may ask of the server; see docs/limits.md.
type Limits struct {
	MaxRequestBytes    int64 `help:"Largest body of a request, in bytes." default:"1048576" env:"BROADSHEET_MAX_REQUEST_BYTES" placeholder:"BYTES"`
	MaxUploadBytes     int64 `help:"Largest request with files, in bytes." default:"67108864" env:"BROADSHEET_MAX_UPLOAD_BYTES" placeholder:"BYTES"`
	MaxAnswerBytes     int   `help:"Largest answer, in bytes." default:"8388608" env:"BROADSHEET_MAX_ANSWER_BYTES" placeholder:"BYTES"`
	MaxDocumentBytes   int   `help:"Longest GraphQL document, in bytes." default:"131072" env:"BROADSHEET_MAX_DOCUMENT_BYTES" placeholder:"BYTES"`
	MaxTokens          int   `help:"Most tokens of a GraphQL document." default:"10000" env:"BROADSHEET_MAX_TOKENS" placeholder:"TOKENS"`
	MaxDepth           int   `help:"Most levels of fields inside one another in a GraphQL document." default:"20" env:"BROADSHEET_MAX_DEPTH" placeholder:"N"`
	MaxAliases         int   `help:"Most aliases of a GraphQL document." default:"200" env:"BROADSHEET_MAX_ALIASES" placeholder:"N"`
	MaxRootFields      int   `help:"Most root fields of a query." default:"50" env:"BROADSHEET_MAX_ROOT_FIELDS" placeholder:"N"`
	MaxMutations       int   `help:"Most mutations of one request." default:"10" env:"BROADSHEET_MAX_MUTATIONS" placeholder:"N"`
	MaxComplexity      int   `help:"Largest cost of a GraphQL document." default:"25000" env:"BROADSHEET_MAX_COMPLEXITY" placeholder:"COST"`
	DocumentCacheBytes int   `help:"Memory for GraphQL documents that were checked before, in bytes." default:"16777216" env:"BROADSHEET_DOCUMENT_CACHE_BYTES" placeholder:"BYTES"`
}

// Rates bound what comes over time.
type Rates struct {
	RateLimit             int      `help:"Cost that one address may ask for in a minute; 0: any." default:"1000000" env:"BROADSHEET_RATE_LIMIT" placeholder:"COST"`
	RateLimitSignedIn     int      `help:"Cost that one account may ask for in a minute; 0: any." default:"2000000" env:"BROADSHEET_RATE_LIMIT_SIGNED_IN" placeholder:"COST"`
	RateLimitExempt       []string `help:"Networks that --rate-limit does not bound, such as those of the front end's servers." default:"127.0.0.0/8,::1" env:"BROADSHEET_RATE_LIMIT_EXEMPT" placeholder:"CIDR,…"`
	MaxConnections        int      `help:"Most WebSockets and event streams of this server at once." default:"20000" env:"BROADSHEET_MAX_CONNECTIONS" placeholder:"N"`
	ConnectionsPerAddress int      `help:"Most WebSockets and event streams of one address at once; --rate-limit-exempt says which are not bounded." default:"100" env:"BROADSHEET_CONNECTIONS_PER_ADDRESS" placeholder:"N"`
	MaxSubscriptions      int      `help:"Most operations of one WebSocket at once." default:"50" env:"BROADSHEET_MAX_SUBSCRIPTIONS" placeholder:"N"`
	MaxRequests           int      `help:"Most requests to the API that are answered at once; others are refused with 503. 0: any." default:"512" env:"BROADSHEET_MAX_REQUESTS" placeholder:"N"`
}

// Exempt are the networks that no rate bounds.
func (r Rates) Exempt() ([]netip.Prefix, error) {
	return networks("--rate-limit-exempt", r.RateLimitExempt)
}

func (r Rates) validate(maxCost int) (wrong []error) {
	if _, err := r.Exempt(); err != nil {
		wrong = append(wrong, err)
	}
	for name, n := range map[string]int{"--rate-limit": r.RateLimit, "--rate-limit-signed-in": r.RateLimitSignedIn} {
		if n != 0 && n < maxCost {
			wrong = append(wrong, fmt.Errorf("%s must be 0 or at least --max-complexity", name))
		}
	}
	if r.MaxConnections < 1 || r.ConnectionsPerAddress < 1 || r.MaxSubscriptions < 1 {
		wrong = append(wrong, errors.New("--max-connections, --connections-per-address and --max-subscriptions must be above zero"))
	}
	if r.MaxRequests < 0 {
		wrong = append(wrong, errors.New("--max-requests must not be below zero"))
	}
	return wrong
}

// Operations says how the server is watched.
type Operations struct {
	AdminAddr     string        `help:"Address of a private port with /metrics for Prometheus and /debug/pprof/; empty: there is none." env:"BROADSHEET_ADMIN_ADDR" placeholder:"HOST:PORT"`
	OTLPEndpoint  string        `name:"otlp-endpoint" help:"Collector that traces are sent to by OTLP over HTTP, such as http://localhost:4318; empty: nothing is traced." env:"BROADSHEET_OTLP_ENDPOINT" placeholder:"URL"`
	TraceShare    float64       `help:"Share of the requests that are traced, 0 to 1; what clients trace is traced on." default:"0.01" env:"BROADSHEET_TRACE_SHARE" placeholder:"SHARE"`
	SlowOperation time.Duration `help:"Log operations that take so long; 0: none." default:"1s" env:"BROADSHEET_SLOW_OPERATION" placeholder:"DURATION"`
}

func (o Operations) validate() (wrong []error) {
	if o.AdminAddr != "" && !strings.Contains(o.AdminAddr, ":") {
		wrong = append(wrong, fmt.Errorf("--admin-addr %q: want HOST:PORT, such as localhost:9090", o.AdminAddr))
	}
	if o.OTLPEndpoint != "" && !isURL(o.OTLPEndpoint) {
		wrong = append(wrong, fmt.Errorf("--otlp-endpoint %q: want http:// or https:// and a host", o.OTLPEndpoint))
	}
	if o.TraceShare < 0 || o.TraceShare > 1 {
		wrong = append(wrong, errors.New("--trace-share must be 0 to 1"))
	}
	if o.SlowOperation < 0 {
		wrong = append(wrong, errors.New("--slow-operation must not be below zero"))
	}
	return wrong
}

func (l Limits) validate() (wrong []error) {
	if l.MaxUploadBytes < l.MaxRequestBytes {
		wrong = append(wrong, errors.New("--max-upload-bytes must not be below --max-request-bytes"))
	}
	if l.MaxRequestBytes < 1024 || l.MaxAnswerBytes < 1024 || l.MaxDocumentBytes < 1024 {
		wrong = append(wrong, errors.New("--max-request-bytes, --max-answer-bytes and --max-document-bytes must be at least 1024"))
	}
	if l.MaxTokens < 1 || l.MaxDepth < 1 || l.MaxAliases < 1 || l.MaxRootFields < 1 || l.MaxMutations < 1 || l.MaxComplexity < 1 || l.DocumentCacheBytes < 1 {
		wrong = append(wrong, errors.New("limits must be above zero"))
	}
	return wrong
}

// Mail says how mails are sent. Every command that sends mails has it.
type Mail struct {
	SMTPHost     string `name:"smtp-host" help:"Mail server that mails are sent through. Without one mails are kept, and shown at /mail to this machine." env:"BROADSHEET_SMTP_HOST" placeholder:"HOST"`
	SMTPPort     int    `name:"smtp-port" help:"Port of the mail server." default:"587" env:"BROADSHEET_SMTP_PORT" placeholder:"PORT"`
	SMTPSecurity string `name:"smtp-security" help:"How the connection to the mail server is protected: starttls, tls (from the first byte, port 465) or none." default:"starttls" enum:"starttls,tls,none" env:"BROADSHEET_SMTP_SECURITY" placeholder:"KIND"`
	SMTPUsername string `name:"smtp-username" help:"Name that signs in to the mail server; empty: none does." env:"BROADSHEET_SMTP_USERNAME" placeholder:"NAME"`
	SMTPPassword string `name:"smtp-password" help:"Password for the mail server; better given by its variable." env:"BROADSHEET_SMTP_PASSWORD" placeholder:"PASSWORD"`
	MailFrom     string `help:"Address that mails come from; noreply@ the host of the site if omitted." env:"BROADSHEET_MAIL_FROM" placeholder:"ADDRESS"`
	SiteURL      string `help:"Address of the front end, for absolute addresses in answers and mails; overrides the one stored." env:"BROADSHEET_SITE_URL" placeholder:"URL"`
}

func (m Mail) validate() (wrong []error) {
	if m.SiteURL != "" && !isURL(m.SiteURL) {
		wrong = append(wrong, fmt.Errorf("--site-url %q: want http:// or https:// and a host", m.SiteURL))
	}
	if m.MailFrom != "" {
		if _, err := mail.ParseAddress(m.MailFrom); err != nil {
			wrong = append(wrong, fmt.Errorf("--mail-from %q: want an e-mail address", m.MailFrom))
		}
	}
	if m.SMTPPort < 1 || m.SMTPPort > 65535 {
		wrong = append(wrong, errors.New("--smtp-port must be 1 to 65535"))
	}
	return wrong
}

// Readers says what readers can do beside reading.
type Readers struct {
	PublicURL          string        `name:"public-url" help:"Address at which this server is reached from outside, for links in mails that lead to it; --site-url if omitted." env:"BROADSHEET_PUBLIC_URL" placeholder:"URL"`
	ReaderOIDC         []string      `name:"reader-oidc" sep:"none" help:"OpenID provider by which readers sign in and sign up: NAME,ISSUER,CLIENT-ID,CLIENT-SECRET; may be given several times. Its callback is /auth/reader/NAME/callback in lower case." env:"BROADSHEET_READER_OIDC" placeholder:"PROVIDER"`
	Registration       string        `help:"Who can sign up: open, invitation or off." default:"open" enum:"open,invitation,off" env:"BROADSHEET_REGISTRATION" placeholder:"KIND"`
	DeletionGrace      time.Duration `help:"How long an account stays after its owner asked to remove it." default:"336h" env:"BROADSHEET_DELETION_GRACE" placeholder:"DURATION"`
	ContactAddress     string        `help:"Where messages of the contact form go; empty: none are taken." env:"BROADSHEET_CONTACT_ADDRESS" placeholder:"ADDRESS"`
	BounceSecret       string        `help:"Secret that reports of bounces are signed with; better given by its variable. Empty: none are taken." env:"BROADSHEET_BOUNCE_SECRET" placeholder:"SECRET"`
	ModerationURL      string        `name:"moderation-url" help:"Server that is asked about each comment before it is shown; see docs/operations.md. Empty: none is." env:"BROADSHEET_MODERATION_URL" placeholder:"URL"`
	ModerationToken    string        `help:"Token that the moderation server is shown; better given by its variable." env:"BROADSHEET_MODERATION_TOKEN" placeholder:"TOKEN"`
	ModerationDeadline time.Duration `help:"How long the moderation server may take; after it the comment waits for a moderator." default:"2s" env:"BROADSHEET_MODERATION_DEADLINE" placeholder:"DURATION"`
	LinkKey            string        `help:"Key that signs links in mails; better given by its variable. Without one the server makes one and keeps it in the database." env:"BROADSHEET_LINK_KEY" placeholder:"KEY"`
}

func (r Readers) validate() (wrong []error) {
	if r.PublicURL != "" && !isURL(r.PublicURL) {
		wrong = append(wrong, fmt.Errorf("--public-url %q: want http:// or https:// and a host", r.PublicURL))
	}
	if r.ContactAddress != "" {
		if _, err := mail.ParseAddress(r.ContactAddress); err != nil {
			wrong = append(wrong, fmt.Errorf("--contact-address %q: want an e-mail address", r.ContactAddress))
		}
	}
	for name, secret := range map[string]string{"--bounce-secret": r.BounceSecret, "--link-key": r.LinkKey} {
		if secret != "" && len(secret) < minSecret {
			wrong = append(wrong, fmt.Errorf("%s must have at least %d characters", name, minSecret))
		}
	}
	if _, err := r.Providers(); err != nil {
		wrong = append(wrong, err)
	}
	if r.ModerationURL != "" && !isURL(r.ModerationURL) {
		wrong = append(wrong, fmt.Errorf("--moderation-url %q: want http:// or https:// and a host", r.ModerationURL))
	}
	if r.ModerationDeadline <= 0 || r.ModerationDeadline > maxModeration {
		wrong = append(wrong, fmt.Errorf("--moderation-deadline must be above zero and at most %s: a reader waits for it", maxModeration))
	}
	if r.DeletionGrace < 0 {
		wrong = append(wrong, errors.New("--deletion-grace must not be below zero"))
	}
	return wrong
}

// maxModeration is the most that a reader waits for a moderation server, well
// within the time of a request.
const maxModeration = 8 * time.Second

// Provider is an OpenID provider for readers.
type Provider struct{ Name, Issuer, ClientID, ClientSecret string }

// Slug is the provider's part of paths.
func (p Provider) Slug() string { return strings.ToLower(p.Name) }

// Providers are the OpenID providers for readers.
func (r Readers) Providers() (all []Provider, err error) {
	seen := map[string]bool{}
	for _, text := range r.ReaderOIDC {
		parts := strings.Split(text, ",")
		if len(parts) != 4 || !isURL(parts[1]) || parts[2] == "" || strings.Trim(strings.ToLower(parts[0]), "abcdefghijklmnopqrstuvwxyz0123456789") != "" || parts[0] == "" {
			return nil, errors.New("--reader-oidc: want NAME,ISSUER,CLIENT-ID,CLIENT-SECRET, with a name of letters and digits and an issuer that begins with https://")
		}
		p := Provider{parts[0], parts[1], parts[2], parts[3]}
		if seen[p.Slug()] {
			return nil, fmt.Errorf("--reader-oidc: there are two providers %q", p.Name)
		}
		seen[p.Slug()] = true
		all = append(all, p)
	}
	if len(all) > maxProviders {
		return nil, fmt.Errorf("--reader-oidc: at most %d providers", maxProviders)
	}
	return all, nil
}

const maxProviders = 20

// minSecret is the least length of a secret that somebody made up.
const minSecret = 16

// Seal says how the secrets that must be read again are stored. Every command that
// reads or writes them has it.
type Seal struct {
	SealKey    string   `help:"Key that seals the secrets in the database: of second factors, webhooks, cursors and links; better given by its variable. Without one they are stored as they are." env:"BROADSHEET_SEAL_KEY" placeholder:"KEY"`
	UnsealKeys []string `help:"Further keys, without commas, that open sealed secrets while --seal-key is rotated; better given by its variable." env:"BROADSHEET_UNSEAL_KEYS" placeholder:"KEY,…"`
}

// Sealer seals and opens by the keys.
func (s Seal) Sealer() secret.Sealer { return secret.NewSealer(s.SealKey, s.UnsealKeys...) }

// Validate finds keys that are too short to be secret.
func (s *Seal) Validate() error {
	for _, key := range append([]string{s.SealKey}, s.UnsealKeys...) {
		if key != "" && len(key) < minSecret {
			return fmt.Errorf("--seal-key and each of --unseal-keys must have at least %d characters", minSecret)
		}
	}
	return nil
}

// Retention says after which time what is personal is removed.
type Retention struct {
	RetainAuditLog          time.Duration `help:"How long audit entries are kept, with the addresses in them; at least 720h." default:"17520h" env:"BROADSHEET_RETAIN_AUDIT_LOG" placeholder:"DURATION"`
	RetainGuestEmails       time.Duration `help:"How long the e-mail addresses of guests who commented are kept, and the links by which they change their comments work." default:"4320h" env:"BROADSHEET_RETAIN_GUEST_EMAILS" placeholder:"DURATION"`
	RetainRemovedComments   time.Duration `help:"How long the texts of comments are kept that their authors deleted or moderators removed, and earlier texts of those that were edited." default:"4320h" env:"BROADSHEET_RETAIN_REMOVED_COMMENTS" placeholder:"DURATION"`
	RetainAddresses         time.Duration `help:"How long network addresses are kept with consents, comments and bans." default:"2160h" env:"BROADSHEET_RETAIN_ADDRESSES" placeholder:"DURATION"`
	RetainUnsubscribed      time.Duration `help:"How long an address that left all newsletters is kept, with its consents." default:"2160h" env:"BROADSHEET_RETAIN_UNSUBSCRIBED" placeholder:"DURATION"`
	RetainDeliveries        time.Duration `help:"How long it is kept who was sent an issue of a newsletter." default:"2160h" env:"BROADSHEET_RETAIN_DELIVERIES" placeholder:"DURATION"`
	RetainViews             time.Duration `help:"How long it is kept how often articles were viewed in each hour; at least 744h, which the lists of the most read need." default:"744h" env:"BROADSHEET_RETAIN_VIEWS" placeholder:"DURATION"`
	RetainAnonymousConsents time.Duration `help:"How long consents of readers without an account are kept." default:"8760h" env:"BROADSHEET_RETAIN_ANONYMOUS_CONSENTS" placeholder:"DURATION"`
}

func (r Retention) validate() (wrong []error) {
	if r.RetainAuditLog < leastAudit {
		wrong = append(wrong, errors.New("--retain-audit-log must be at least 720h: the database removes no younger entries"))
	}
	if r.RetainViews < leastViews {
		wrong = append(wrong, errors.New("--retain-views must be at least 744h: mostRead counts a month"))
	}
	for name, d := range map[string]time.Duration{"--retain-guest-emails": r.RetainGuestEmails, "--retain-removed-comments": r.RetainRemovedComments, "--retain-addresses": r.RetainAddresses, "--retain-unsubscribed": r.RetainUnsubscribed,
		"--retain-deliveries": r.RetainDeliveries, "--retain-anonymous-consents": r.RetainAnonymousConsents} {
		if d < time.Hour {
			wrong = append(wrong, fmt.Errorf("%s must be at least an hour", name))
		}
	}
	return wrong
}

const (
	leastAudit = 30 * 24 * time.Hour
	leastViews = 31 * 24 * time.Hour
)

// TLS says where certificates come from.
type TLS struct {
	TLSCert  string   `name:"tls-cert" help:"File of the certificate with its chain, PEM; the server then speaks https. It is read again when it is renewed." env:"BROADSHEET_TLS_CERT" placeholder:"FILE"`
	TLSKey   string   `name:"tls-key" help:"File of the certificate's key, PEM." env:"BROADSHEET_TLS_KEY" placeholder:"FILE"`
	ACMEHost []string `name:"acme-host" help:"Hosts that certificates are had for by ACME, from Let's Encrypt; the server then speaks https. By this its terms are agreed to." env:"BROADSHEET_ACME_HOST" placeholder:"HOST,…"`
	ACMEDir  string   `name:"acme-dir" help:"Folder that keeps those certificates." default:"data/acme" env:"BROADSHEET_ACME_DIR" placeholder:"DIR"`
	ACMEMail string   `name:"acme-mail" help:"Address that the authority writes to." env:"BROADSHEET_ACME_MAIL" placeholder:"ADDRESS"`
	ACMEURL  string   `name:"acme-url" help:"Directory of another authority than Let's Encrypt." env:"BROADSHEET_ACME_URL" placeholder:"URL"`
	HTTPAddr string   `name:"http-addr" help:"Second address, of plain HTTP, that sends browsers to https and answers challenges of ACME, such as :80; empty: there is none." env:"BROADSHEET_HTTP_ADDR" placeholder:"HOST:PORT"`
}

// Enabled reports whether the server speaks https itself.
func (t TLS) Enabled() bool { return t.TLSCert != "" || len(t.ACMEHost) > 0 }

func (t TLS) validate() (wrong []error) {
	if (t.TLSCert == "") != (t.TLSKey == "") {
		wrong = append(wrong, errors.New("--tls-cert and --tls-key go together"))
	}
	if t.TLSCert != "" && len(t.ACMEHost) > 0 {
		wrong = append(wrong, errors.New("--tls-cert and --acme-host exclude one another"))
	}
	if t.HTTPAddr != "" && !t.Enabled() {
		wrong = append(wrong, errors.New("--http-addr needs --tls-cert or --acme-host: without them --addr speaks plain HTTP"))
	}
	if t.ACMEURL != "" && !isURL(t.ACMEURL) {
		wrong = append(wrong, fmt.Errorf("--acme-url %q: want http:// or https:// and a host", t.ACMEURL))
	}
	return wrong
}

// Cache says how answers are kept, in this process and by caches between.
type Cache struct {
	CacheBytes     int           `help:"Memory for answers that are the same for everybody, in bytes; 0: none are kept." default:"33554432" env:"BROADSHEET_CACHE_BYTES" placeholder:"BYTES"`
	CacheAudit     float64       `help:"Share of the answers from memory that are executed again and compared, 0 to 1." default:"0.001" env:"BROADSHEET_CACHE_AUDIT" placeholder:"SHARE"`
	CacheSharedAge time.Duration `help:"How long a CDN may keep an answer without asking. Above 0 it must be purged by tags." default:"0s" env:"BROADSHEET_CACHE_SHARED_AGE" placeholder:"DURATION"`
	CacheTags      bool          `help:"Send the tags of answers to CDNs, as Cache-Tag and Surrogate-Key." env:"BROADSHEET_CACHE_TAGS"`
}

func (c Cache) validate() (wrong []error) {
	if c.CacheBytes < 0 || c.CacheSharedAge < 0 {
		wrong = append(wrong, errors.New("--cache-bytes and --cache-shared-age must not be below zero"))
	}
	if c.CacheAudit < 0 || c.CacheAudit > 1 {
		wrong = append(wrong, errors.New("--cache-audit must be 0 to 1"))
	}
	if c.CacheSharedAge > 0 && !c.CacheTags {
		wrong = append(wrong, errors.New("--cache-shared-age needs --cache-tags, by which the CDN is purged"))
	}
	return wrong
}

// Serve are the settings of the server.
type Serve struct {
	Database
	Media
	Log
	SignIn
	Limits
	Rates
	Operations
	Mail
	Readers
	Seal
	Retention
	Cache
	TLS
	Addr                 string        `help:"Address to listen on." default:"localhost:8080" env:"BROADSHEET_ADDR" placeholder:"HOST:PORT"`
	Demo                 bool          `help:"Fill an empty database with the demo newsroom." env:"BROADSHEET_DEMO"`
	CORSOrigins          []string      `help:"Origins whose pages may read the API; * for all." default:"*" env:"BROADSHEET_CORS_ORIGINS" placeholder:"ORIGIN,…"`
	CORSHeaders          []string      `help:"Headers that such pages may send, beside those of the usual GraphQL clients." env:"BROADSHEET_CORS_HEADERS" placeholder:"NAME,…"`
	CORSCredentials      bool          `help:"Let pages of --cors-origins send cookies, and so act for who is signed in; not with *." env:"BROADSHEET_CORS_CREDENTIALS"`
	Site                 bool          `help:"Serve the news site at /." default:"true" negatable:"" env:"BROADSHEET_SITE"`
	SiteTheme            string        `help:"Settings file of the site's colours and letters; see docs/site.md." env:"BROADSHEET_SITE_THEME" placeholder:"FILE"`
	WebSubHub            string        `name:"websub-hub" help:"Hub of WebSub on the open web that is told of feeds that changed, and that feeds name; empty: none." env:"BROADSHEET_WEBSUB_HUB" placeholder:"URL"`
	WordPressREST        bool          `name:"wordpress-rest" help:"Serve WordPress' REST interface at /wp-json/wp/v2/, for reading; see docs/partners.md." env:"BROADSHEET_WORDPRESS_REST"`
	GraphiQL             bool          `name:"graphiql" help:"Serve the GraphQL playground at /graphiql." default:"true" negatable:"" env:"BROADSHEET_GRAPHIQL"`
	Introspection        string        `help:"Who may ask for the schema and is helped by its names in messages: everyone, staff or nobody." default:"everyone" enum:"everyone,staff,nobody" env:"BROADSHEET_INTROSPECTION" placeholder:"WHO"`
	PersistedQueries     bool          `help:"Let clients name documents by their hash once they sent them (Apollo's automatic persisted queries)." default:"true" negatable:"" env:"BROADSHEET_PERSISTED_QUERIES"`
	TrustedDocumentsOnly bool          `help:"Answer only documents that were registered by broadsheet documents push." env:"BROADSHEET_TRUSTED_DOCUMENTS_ONLY"`
	RequestTimeout       time.Duration `help:"How long one request may take." default:"10s" env:"BROADSHEET_REQUEST_TIMEOUT" placeholder:"DURATION"`
	UploadTimeout        time.Duration `help:"How long the body of a request with files may take to arrive." default:"5m" env:"BROADSHEET_UPLOAD_TIMEOUT" placeholder:"DURATION"`
	StatementTimeout     time.Duration `help:"How long one SQL statement may take on PostgreSQL." default:"15s" env:"BROADSHEET_STATEMENT_TIMEOUT" placeholder:"DURATION"`
	DatabaseReplica      []string      `name:"database-replica" sep:" " help:"Standby of the PostgreSQL of --database that answers readers, postgres://…; may be given several times, in the variable with spaces between." env:"BROADSHEET_DATABASE_REPLICA" placeholder:"URL"`
	DatabaseConns        int           `help:"Most connections to the database; 0: by the number of processors." default:"0" env:"BROADSHEET_DATABASE_CONNS" placeholder:"N"`
	DrainDelay           time.Duration `help:"How long requests are still taken at shutdown after /readyz says no, for load balancers to learn of it." default:"0s" env:"BROADSHEET_DRAIN_DELAY" placeholder:"DURATION"`
	ShutdownTimeout      time.Duration `help:"How long requests under way may take to end at shutdown." default:"10s" env:"BROADSHEET_SHUTDOWN_TIMEOUT" placeholder:"DURATION"`
}

// Validate finds settings that cannot work, all at once.
func (s *Serve) Validate() error {
	wrong := slices.Concat(s.SignIn.validate(), s.Rates.validate(s.MaxComplexity), s.Operations.validate(), s.Mail.validate(), s.Readers.validate(), s.Retention.validate(), s.Cache.validate(), s.TLS.validate())
	if !strings.Contains(s.Addr, ":") {
		wrong = append(wrong, fmt.Errorf("--addr %q: want HOST:PORT, such as localhost:8080 or :8080", s.Addr))
	}
	if s.RequestTimeout <= 0 || s.UploadTimeout <= 0 || s.StatementTimeout <= 0 || s.ShutdownTimeout <= 0 {
		wrong = append(wrong, errors.New("timeouts must be above zero"))
	}
	if s.DrainDelay < 0 {
		wrong = append(wrong, errors.New("--drain-delay must not be below zero"))
	}
	if s.WebSubHub != "" && !isURL(s.WebSubHub) {
		wrong = append(wrong, fmt.Errorf("--websub-hub %q: want http:// or https:// and a host", s.WebSubHub))
	}
	if s.CORSCredentials && slices.Contains(s.CORSOrigins, "*") {
		wrong = append(wrong, errors.New("--cors-credentials needs a list of origins in --cors-origins, without *"))
	}
	wrong = append(wrong, s.Limits.validate()...)
	if len(s.DatabaseReplica) > 0 && !strings.HasPrefix(s.Database.Database, "postgres") {
		wrong = append(wrong, errors.New("--database-replica: only PostgreSQL has standbys, and --database is none"))
	}
	for _, replica := range s.DatabaseReplica {
		if !strings.HasPrefix(replica, "postgres://") && !strings.HasPrefix(replica, "postgresql://") {
			wrong = append(wrong, errors.New("--database-replica: want postgres://…")) // the value may hold a password
		}
	}
	if s.DatabaseConns < 0 {
		wrong = append(wrong, errors.New("limits: --database-conns must not be below zero"))
	}
	wrong = append(wrong, s.Seal.Validate())
	return errors.Join(wrong...)
}
