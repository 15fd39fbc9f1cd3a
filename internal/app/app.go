// Package app puts the program together: it is the only one that knows every
// other.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"gocloud.dev/blob"
	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet"
	entnewsletter "github.com/broadsheet-cms/broadsheet/ent/newsletter"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/cache"
	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/graph/graphiql"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/demo"
	"github.com/broadsheet-cms/broadsheet/internal/digest"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/feed"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/ingest"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/metrics"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
	"github.com/broadsheet-cms/broadsheet/internal/retention"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/seed"
	"github.com/broadsheet-cms/broadsheet/internal/server"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/tracing"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
	"github.com/broadsheet-cms/broadsheet/internal/watch"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
	"github.com/broadsheet-cms/broadsheet/internal/wprest"
)

// Services are all services over one database.
type Services struct {
	DB         *store.DB
	Log        *event.Log
	Jobs       *job.Runner
	JobOffice  *job.Office
	Partners   *partner.Service
	Feeds      *feed.Service
	Webhooks   *webhook.Service
	WordPress  *wprest.Service
	Directory  *directory.Directory
	Articles   *content.Service
	Bookmarks  *bookmark.Service
	Comments   *comment.Service
	Moderator  *comment.Moderator
	Interests  *interest.Service
	Popularity *popularity.Service
	Taxonomy   *taxonomy.Service
	Terms      *taxonomy.Editor
	Site       *site.Service
	SiteEditor *site.Editor
	Accounts   *account.Service
	Media      *media.Service
	MediaDesk  *media.Editor
	Search     *search.Service
	Audit      *audit.Log
	Repeats    *idempotency.Store
	Newsroom   *newsroom.Service

	Mail        *mail.Mailer
	Links       *link.Signer
	Newsletters *newsletter.Service
	Digests     *digest.Service
	Retention   *retention.Service
	Watch       *watch.Hub
	Trusted     *trusted.Store
}

// NewServices puts the services together over a migrated database. Without a
// bucket files can be referred to but not stored.
func NewServices(db *store.DB, bucket *blob.Bucket) *Services {
	s := &Services{DB: db, Log: event.NewLog(db)}
	s.Audit = audit.NewLog(db)
	s.Jobs = job.New(db, s.Log.Woken, job.Settings{})
	s.JobOffice = job.NewOffice(s.Jobs, s.Audit)
	s.Directory = directory.New(db, s.Log)
	s.Articles = content.New(db, s.Log, s.Directory)
	s.Articles.RelateLater(s.Jobs)
	s.Comments = comment.New(db, s.Log)
	s.Moderator = comment.NewModerator(s.Comments, s.Audit)
	s.Bookmarks = bookmark.New(db)
	s.Interests = interest.New(db, s.Log, s.Jobs, s.Audit)
	s.Log.OnceForAllNodes(s.Interests)
	s.Popularity = popularity.New(db)
	s.Taxonomy = taxonomy.New(db, s.Log, s.Articles)
	s.Site = site.New(db, s.Log)
	s.SiteEditor = site.NewEditor(s.Site, s.Audit)
	s.Terms = taxonomy.NewEditor(s.Taxonomy, s.Site, s.Audit)
	s.Accounts = account.New(db, s.Log, s.Audit)
	s.Media = media.New(db, s.Log, bucket)
	s.MediaDesk = media.NewEditor(s.Media, s.Audit)
	s.Search = search.New(db, s.Directory)
	s.Articles.Derive(s.Search)
	s.Repeats = idempotency.New(db)
	s.Partners = partner.New(db, s.Log, s.Articles, s.Comments, s.Directory, s.Audit)
	s.Feeds = feed.New(db, s.Log, s.Directory, s.Articles, s.Taxonomy, s.Comments, s.Site, s.Partners)
	s.WordPress = wprest.New(s.Log, s.Directory, s.Articles, s.Taxonomy, s.Site, s.Comments, s.Search)
	s.Webhooks = webhook.New(db, s.Log, s.Partners, s.Jobs, s.Audit)
	s.Newsroom = newsroom.New(db, s.Log, s.Audit, s.Articles, s.Site, s.Repeats)
	s.Links = link.New(db)
	s.Comments.Links = s.Links
	s.Mail = mail.New(db, s.brand)
	s.Partners.SendBy(s.Jobs, s.Mail, s.Links)
	s.Comments.SendBy(s.Jobs, s.Mail)
	s.Accounts.SendBy(s.Jobs, s.Mail, s.Links, s.settings)
	s.Newsletters = newsletter.New(db, s.Audit, s.Articles, s.Directory, s.Jobs, s.Mail, s.Links)
	s.Newsletters.Admit = s.Comments.Admit
	s.Digests = digest.New(db, s.Interests, s.Articles, s.Jobs, s.Mail, s.Links)
	s.Digests.Zone = s.zone
	s.Retention = retention.New(db, s.Log, s.Jobs)
	s.Trusted = trusted.New(db)
	s.Watch = watch.New(s.Log)
	return s
}

// Graph are the services that the API calls.
func (s *Services) Graph() graph.Services {
	return graph.Services{Accounts: s.Accounts, Articles: s.Articles, Comments: s.Comments, Bookmarks: s.Bookmarks, Moderator: s.Moderator, Interests: s.Interests, Popularity: s.Popularity, Taxonomy: s.Taxonomy, Pages: s.Site, Search: s.Search, Directory: s.Directory,
		Newsroom: s.Newsroom, MediaDesk: s.MediaDesk, Repeats: s.Repeats, Terms: s.Terms, SiteEditor: s.SiteEditor, Audit: s.Audit, Jobs: s.JobOffice, Partners: s.Partners, Feeds: s.Feeds, Webhooks: s.Webhooks, Newsletters: s.Newsletters, Digests: s.Digests, Trusted: s.Trusted, Watch: s.Watch}
}

// App is the server with all it needs.
type App struct {
	*Services
	// WebSub tells a hub which feeds changed.
	WebSub *feed.Publisher

	cfg    config.Serve
	logger *slog.Logger
	server *server.Server
	bucket *blob.Bucket
	// answers are those kept in memory; nil when none are.
	answers *cache.Cache
	// demoSignIns are the demo accounts that were made, with their passwords.
	demoSignIns []demo.SignIn
	metrics     *metrics.Metrics
	traces      *tracing.Tracing
	sockets     *graph.Sockets
}

// New opens and migrates the database and puts the server together. The caller
// closes it.
func New(ctx context.Context, cfg config.Serve, logger *slog.Logger) (*App, error) {
	a := &App{cfg: cfg, logger: logger, metrics: metrics.New()}
	var err error
	a.traces, err = tracing.New(ctx, tracing.Settings{Endpoint: cfg.OTLPEndpoint, Share: cfg.TraceShare})
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.Database.Database, store.Options{StatementTimeout: cfg.StatementTimeout, MaxConns: cfg.DatabaseConns, Relaxed: cfg.Relaxed(), Observe: a.statement})
	if err != nil {
		return nil, errors.Join(err, a.endTraces())
	}
	for _, replica := range cfg.DatabaseReplica {
		if err := db.AddReplica(replica, store.Options{StatementTimeout: cfg.StatementTimeout, MaxConns: cfg.DatabaseConns, Observe: a.statement}); err != nil {
			return nil, errors.Join(fmt.Errorf("--database-replica: %w", err), db.Close(), a.endTraces())
		}
	}
	a.bucket, err = OpenMedia(cfg.Media)
	if err != nil {
		return nil, errors.Join(err, db.Close(), a.endTraces())
	}
	if err := a.open(ctx, db); err != nil {
		a.sockets.Close()
		return nil, errors.Join(err, a.bucket.Close(), db.Close(), a.endTraces())
	}
	return a, nil
}

// OpenMedia opens the store of media files.
func OpenMedia(c config.Media) (*blob.Bucket, error) {
	return media.Open(media.Location{Folder: c.MediaDir, URL: c.MediaStore, KeyID: c.MediaStoreKeyID, Secret: c.MediaStoreSecret})
}

func (a *App) open(ctx context.Context, db *store.DB) error {
	steps, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	if len(steps) > 0 {
		last := steps[len(steps)-1]
		a.logger.InfoContext(ctx, "migrated the database", "steps", len(steps), "to", fmt.Sprintf("%04d_%s", last.Version, last.Name))
	}
	a.Services = NewServices(db, a.bucket)
	if err := a.Log.RepairRestored(ctx); err != nil {
		return err
	}
	a.Log.Logger = a.logger
	a.Jobs.Configure(job.Settings{Grace: a.cfg.ShutdownTimeout, Logger: a.logger})
	a.registerJobs()
	if err := a.setUpReaders(); err != nil {
		return err
	}
	if a.cfg.Demo {
		if err := a.fillDemo(ctx); err != nil {
			return err
		}
	}
	if err := a.checkDocuments(ctx); err != nil {
		return err
	}
	exempt, err := a.cfg.Exempt()
	if err != nil {
		return err
	}
	budgets := budget.New(budget.Settings{Address: a.cfg.RateLimit, Account: a.cfg.RateLimitSignedIn, Exempt: exempt})
	authenticator, openID, err := a.signIn()
	if err != nil {
		return err
	}
	a.answers = cache.New(cache.Options{Bytes: a.cfg.CacheBytes, Timeout: a.cfg.RequestTimeout, Audit: a.cfg.CacheAudit, SharedAge: a.cfg.CacheSharedAge,
		Tags: a.cfg.CacheTags, Vouched: a.Log.Hears, Logger: slog.New(server.LogRequestID(a.logger.Handler()))})
	if a.answers != nil {
		a.Log.EveryNode(a.answers) // after the directory, which answers are made from
	}
	a.Media.UploadDir = cmp.Or(a.cfg.UploadDir, filepath.Join(a.cfg.MediaDir, "uploads"))
	a.Media.Budget, a.Feeds.Budget = budgets, budgets
	a.Media.SignIn = authenticator.Handler
	uploads, err := a.MediaDesk.Resumable(a.Media.UploadDir)
	if err != nil {
		return err
	}
	admit := func(next http.Handler) http.Handler {
		return authenticator.Handler(preview(a.Newsroom, a.logger, next))
	}
	introspection := graph.Audience(a.cfg.Introspection)
	if a.cfg.Introspection == "nobody" {
		introspection = graph.Nobody
	}
	a.sockets = a.newSockets(admit, budgets.Exempts)
	api := admit(graph.Handler(a.Graph(), graph.Options{Introspection: introspection, TrustedOnly: a.cfg.TrustedDocumentsOnly, NoAutomatic: !a.cfg.PersistedQueries,
		Sockets: a.sockets, Budget: budgets, Tracer: a.traces.Tracer(), SlowOperation: a.cfg.SlowOperation,
		Statements: store.Counted,
		Observe:    func(o graph.Observed) { a.metrics.Operation(o.Name, o.Type, o.FromMemory, o.Codes, o.Cost, o.Took) }, Limits: a.documentLimits(),
		MaxAnswerBytes: a.cfg.MaxAnswerBytes, MaxRequestBytes: a.cfg.MaxRequestBytes, MaxUploadBytes: a.cfg.MaxUploadBytes, Timeout: a.cfg.RequestTimeout, Cache: a.answers, Reading: a.reading, Logger: a.requestLogger()}))
	routes := server.Routes{
		GraphQL: api,
		SignIn:  openID,
		Partner: authenticator.Handler(a.Partners.Handler()),
		Outputs: authenticator.Handler(a.Feeds.Handler()),
		Export:  a.Accounts.ExportHandler(), Newsletters: a.Newsletters.Handler(), Digests: a.Digests.Handler(),
		Media: authenticator.From(a.Media.Handler()), Uploads: authenticator.Handler(uploads),
		Ready: db.Ready,
	}
	switch introspection {
	case graph.Everyone:
		routes.SDL = broadsheet.SDL
	case graph.Staff:
		routes.SDL, routes.MaySDL = broadsheet.SDL, func(next http.Handler) http.Handler {
			return authenticator.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !introspection.Has(r.Context()) {
					http.Error(w, "the schema is for staff: sign in", http.StatusForbidden)
					return
				}
				next.ServeHTTP(w, r)
			}))
		}
	}
	if a.Mail.Keeps() {
		routes.Mail = a.Mail.Handler()
	}
	if a.cfg.Site {
		if routes.Site, err = a.site(api, routes.Outputs); err != nil {
			return err
		}
	}
	if a.cfg.WordPressREST {
		a.WordPress.Budget = budgets
		routes.WordPress = authenticator.From(a.WordPress.Handler())
	}
	if a.cfg.GraphiQL {
		routes.GraphiQL = graphiql.Handler(graphiql.Options{SubscriptionEndpoint: "/graphql"})
	}
	a.metrics.Ask(a.sources())
	a.server = server.New(routes, server.Options{Addr: a.cfg.Addr, CORSOrigins: a.cfg.CORSOrigins, CORSHeaders: a.cfg.CORSHeaders, CORSCredentials: a.cfg.CORSCredentials,
		MaxRequestBytes: a.cfg.MaxRequestBytes, MaxUploadBytes: a.cfg.MaxUploadBytes, UploadTimeout: a.cfg.UploadTimeout,
		MaxRequests: a.cfg.MaxRequests, PlainAddr: a.cfg.HTTPAddr,
		TLS:     server.TLS{CertFile: a.cfg.TLSCert, KeyFile: a.cfg.TLSKey, Hosts: a.cfg.ACMEHost, Folder: a.cfg.ACMEDir, Email: a.cfg.ACMEMail, Directory: a.cfg.ACMEURL},
		Metrics: a.metrics, Trace: a.traces.Handler, HTTPS: strings.HasPrefix(cmp.Or(a.cfg.PublicURL, a.cfg.SiteURL), "https://"), PublicPort: a.publicPort(),
		RequestTimeout: a.cfg.RequestTimeout, ShutdownTimeout: a.cfg.ShutdownTimeout, DrainDelay: a.cfg.DrainDelay, Drain: a.sockets.Drain, Logger: a.logger})
	return nil
}

// publicPort is the port of https at which the server is reached, as far as the
// settings tell it.
func (a *App) publicPort() string {
	u, err := url.Parse(cmp.Or(a.cfg.PublicURL, a.cfg.SiteURL))
	if err != nil || u.Scheme != "https" {
		return ""
	}
	return cmp.Or(u.Port(), "443")
}

// reading sends a reading to a standby. A process that does not hear of changes does not
// know what a standby must have.
func (a *App) reading(ctx context.Context) context.Context {
	if !a.Log.Hears() {
		return ctx
	}
	return a.DB.Reading(ctx)
}

func (a *App) documentLimits() document.Limits { return DocumentLimits(a.cfg) }

// DocumentLimits are the limits of documents that the settings say.
func DocumentLimits(cfg config.Serve) document.Limits {
	return document.Limits{Bytes: cfg.MaxDocumentBytes, Tokens: cfg.MaxTokens, Depth: cfg.MaxDepth, Aliases: cfg.MaxAliases,
		RootFields: cfg.MaxRootFields, Mutations: cfg.MaxMutations, Cost: cfg.MaxComplexity, CacheBytes: cfg.DocumentCacheBytes}
}

// fillDemo fills an empty database with the demo newsroom and leaves any other
// as it is.
func (a *App) fillDemo(ctx context.Context) error {
	start := time.Now()
	err := demo.Load(ctx, a.Demo(), a.Articles.Now())
	if errors.Is(err, demo.ErrNotEmpty) {
		a.logger.InfoContext(ctx, "the database holds articles already: the demo newsroom is not added")
		return nil
	}
	if err != nil {
		return fmt.Errorf("fill the database with the demo newsroom: %w", err)
	}
	if _, err = a.Newsletters.Create(access.AsSystem(ctx), newsletter.Newsletter{Name: "The Morning Letter", Description: "The day’s news from the harbour, at seven.", Language: "en", Frequency: entnewsletter.FrequencyDaily}); err != nil {
		return fmt.Errorf("make the newsletter of the demo newsroom: %w", err)
	}
	if a.demoSignIns, err = demo.SignIns(ctx, a.Demo()); err != nil {
		return err
	}
	a.logger.InfoContext(ctx, "filled the database with the demo newsroom", "duration", time.Since(start).Round(time.Millisecond))
	return nil
}

// Demo are the services that the demo newsroom is filled in through.
func (s *Services) Demo() demo.Services {
	return demo.Services{DB: s.DB, Accounts: s.Accounts, Comments: s.Comments, Content: s.Articles, Media: s.Media, Newsroom: s.Newsroom, Site: s.Site, Taxonomy: s.Taxonomy}
}

// Seed are the services that a synthetic newsroom is filled in through.
func (s *Services) Seed() seed.Services {
	return seed.Services{DB: s.DB, Accounts: s.Accounts, Comments: s.Comments, Content: s.Articles, Media: s.Media, Site: s.Site, Taxonomy: s.Taxonomy}
}

// Ingest are the services that content of other systems is brought in through.
func (s *Services) Ingest() ingest.Services {
	return ingest.Services{DB: s.DB, Log: s.Log, Directory: s.Directory, Content: s.Articles, Taxonomy: s.Taxonomy}
}

// requestLogger logs what happens while a request is answered, with its id.
func (a *App) requestLogger() *slog.Logger { return slog.New(server.LogRequestID(a.logger.Handler())) }

// Close closes the database and the folder of files.
func (a *App) Close() error {
	a.sockets.Close()
	a.answers.Close()
	return errors.Join(a.bucket.Close(), a.DB.Close(), a.endTraces())
}

// Handler answers requests without a listener, for tests.
func (a *App) Handler() http.Handler { return a.server }

// Listen takes an address for Serve.
func Listen(ctx context.Context, addr string) (net.Listener, error) { return server.Listen(ctx, addr) }

// Run serves until ctx ends, on the address of the settings.
func (a *App) Run(ctx context.Context, listening func(net.Addr)) error {
	listener, err := server.Listen(ctx, a.cfg.Addr)
	if err != nil {
		return err
	}
	return a.Serve(ctx, listener, listening)
}

// Serve is Run with an address that was taken before.
func (a *App) Serve(ctx context.Context, listener net.Listener, listening func(net.Addr)) error {
	if os.Getenv("GOGC") == "" {
		// Answers are garbage as soon as they are sent, and what stays is small:
		// collecting half as often costs some 20 MB and saves a tenth of the time.
		debug.SetGCPercent(200)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	// What requests need goes on until the last of them is answered.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group.Go(func() error {
		defer stop()
		return a.server.Serve(ctx, listener, listening)
	})
	if a.cfg.AdminAddr != "" {
		group.Go(func() error { return a.server.RunPrivate(work, a.cfg.AdminAddr, a.metrics.Handler()) })
	}
	for what, do := range map[string]func(context.Context) error{
		"listen":   func(ctx context.Context) error { return a.DB.Listen(ctx, a.Log.Wake) },
		"jobs":     a.Jobs.Run,
		"views":    func(ctx context.Context) error { return a.Popularity.Run(ctx, a.logger) },
		"follow":   a.Log.Run,
		"replicas": func(ctx context.Context) error { return a.DB.FollowReplicas(ctx, a.logger) },
		"schedule": func(ctx context.Context) error { return a.Newsroom.KeepSchedule(ctx, a.logger) },
	} {
		group.Go(func() error { return a.again(work, what, func() error { return do(work) }) })
	}
	return group.Wait()
}

// again runs do until ctx ends: a database that is away for a moment must not
// end the server.
func (a *App) again(ctx context.Context, what string, do func() error) error {
	for {
		err := do()
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end of the context is the end that was asked for
		}
		a.logger.WarnContext(ctx, "will try again", "task", what, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}
