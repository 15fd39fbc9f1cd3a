// Package config is every setting of the program in one typed struct. A
// setting comes from its flag, else from its BROADSHEET_ variable, else from
// the settings file, else from its default.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
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
	MediaDir string `help:"Folder of the originals of pictures and files." default:"data/media" env:"BROADSHEET_MEDIA_DIR" placeholder:"DIR"`
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
	var all []netip.Prefix
	for _, text := range s.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			ip, bad := netip.ParseAddr(text)
			if bad != nil {
				return nil, fmt.Errorf("--trusted-proxies %q: want an address or a network, such as 127.0.0.1 or 10.0.0.0/8", text)
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

func (l Limits) validate() (wrong []error) {
	if l.MaxRequestBytes < 1024 || l.MaxAnswerBytes < 1024 || l.MaxDocumentBytes < 1024 {
		wrong = append(wrong, errors.New("--max-request-bytes, --max-answer-bytes and --max-document-bytes must be at least 1024"))
	}
	if l.MaxTokens < 1 || l.MaxDepth < 1 || l.MaxAliases < 1 || l.MaxRootFields < 1 || l.MaxMutations < 1 || l.MaxComplexity < 1 || l.DocumentCacheBytes < 1 {
		wrong = append(wrong, errors.New("limits must be above zero"))
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
	Addr             string        `help:"Address to listen on." default:"localhost:8080" env:"BROADSHEET_ADDR" placeholder:"HOST:PORT"`
	Demo             bool          `help:"Fill an empty database with the demo newsroom." env:"BROADSHEET_DEMO"`
	SiteURL          string        `help:"Address of the front end, for absolute addresses in answers; overrides the one stored." env:"BROADSHEET_SITE_URL" placeholder:"URL"`
	CORSOrigins      []string      `help:"Origins whose pages may read the API; * for all." default:"*" env:"BROADSHEET_CORS_ORIGINS" placeholder:"ORIGIN,…"`
	GraphiQL         bool          `name:"graphiql" help:"Serve the GraphQL playground at /graphiql." default:"true" negatable:"" env:"BROADSHEET_GRAPHIQL"`
	Introspection    bool          `help:"Let clients ask for the schema." default:"true" negatable:"" env:"BROADSHEET_INTROSPECTION"`
	RequestTimeout   time.Duration `help:"How long one request may take." default:"10s" env:"BROADSHEET_REQUEST_TIMEOUT" placeholder:"DURATION"`
	StatementTimeout time.Duration `help:"How long one SQL statement may take on PostgreSQL." default:"15s" env:"BROADSHEET_STATEMENT_TIMEOUT" placeholder:"DURATION"`
	DatabaseConns    int           `help:"Most connections to the database; 0: by the number of processors." default:"0" env:"BROADSHEET_DATABASE_CONNS" placeholder:"N"`
	ShutdownTimeout  time.Duration `help:"How long requests under way may take to end at shutdown." default:"10s" env:"BROADSHEET_SHUTDOWN_TIMEOUT" placeholder:"DURATION"`
}

// Validate finds settings that cannot work, all at once.
func (s *Serve) Validate() error {
	wrong := s.SignIn.validate()
	if s.SiteURL != "" {
		if !isURL(s.SiteURL) {
			wrong = append(wrong, fmt.Errorf("--site-url %q: want http:// or https:// and a host", s.SiteURL))
		}
	}
	if !strings.Contains(s.Addr, ":") {
		wrong = append(wrong, fmt.Errorf("--addr %q: want HOST:PORT, such as localhost:8080 or :8080", s.Addr))
	}
	if s.RequestTimeout <= 0 || s.StatementTimeout <= 0 || s.ShutdownTimeout <= 0 {
		wrong = append(wrong, errors.New("timeouts must be above zero"))
	}
	wrong = append(wrong, s.Limits.validate()...)
	if s.DatabaseConns < 0 {
		wrong = append(wrong, errors.New("limits: --database-conns must not be below zero"))
	}
	return errors.Join(wrong...)
}
