package graph_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	goast "go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/suppression"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// openColumns are the columns that hold nothing private: what readers see, what
// is derived from that, and values of closed lists, which cannot hold a text.
// A column that is neither here nor in privateColumns fails the test.
var openColumns = map[string]string{
	// What readers see.
	"ad_slots": "*", "authors": "*", "categories": "*", "corrections": "*", "live_entries": "*", "menu_items": "*", "menus": "*", "newsletters": "*", "places": "*",
	"redirects": "*", "series": "*", "tags": "*",
	"articles":        "kind status visibility title subtitle slug excerpt language comment_policy comment_moderation source_uri",
	"article_details": "blocks html text byline dateline seo rights source_name source_url",
	"comments":        "guest_name body kind status held_for removed_by removal_reason",
	"media":           "kind blob_key source_url content_type alt caption credit rights placeholder translations",
	"pages":           "title slug path status visibility language blocks html text seo",
	"sites":           "name tagline description url language time_zone copyright_holder social_profiles legal_documents consents outputs publish_checks",
	"withdrawals":     "notice path",
	// Derived from it.
	"article_candidates": "*", "article_profiles": "*", "related_corpora": "*", "search_documents": "*", "search_names": "*", "search_words": "*", "search_index_data": "*",
	"search_index_docsize": "*", "listings": "*", "terms": "*",
	// Closed lists, and what the program alone keeps there.
	"comment_reaction_counts": "*", "comment_reactions": "*", "deliveries": "*", "event_consumers": "*", "job_schedules": "*", "reader_settings": "*", "subscriptions": "*",
	"comment_reports": "reason decision", "reader_restrictions": "kind", "revisions": "action status", "sessions": "kind", "users": "display_name role status language", "audit_entries": "actor_role action entity",
	"events": "type entity", "jobs": "kind state", "newsletter_issues": "source status article_ids articles", "notifications": "kind", "one_time_tokens": "purpose", "subscribers": "language",
	"suppressions": "reason", "webhook_deliveries": "type state reason", "webhooks": "types disabled_reason", "api_keys": "scopes entitlement addresses", "consent_records": "document version",
	"trusted_documents": "*", "import_runs": "*",
}

var (
	moderators = []access.Role{access.Moderator, access.Editor, access.Admin}
	admins     = []access.Role{access.Admin}
)

// privateColumns are all others, with the roles that see what others' rows hold.
var privateColumns = map[string][]access.Role{
	// Nobody.
	"api_key_secrets.hash": nil, "api_keys.cursor_secret": nil, "articles.source_hash": nil, "comments.source_uri": nil, "comments.source_hash": nil,
	"comments.guest_token_hash": nil, "comments.body_hash": nil, "comment_reports.reporter": nil, "consent_records.text": nil, "consent_records.place": nil,
	"consent_records.address": nil, "consent_records.user_agent": nil, "data_exports.token_hash": nil, "data_exports.archive": nil, "events.payload": nil,
	"identities.issuer": nil, "identities.subject": nil, "import_sources.uri": nil, "import_sources.hash": nil, "jobs.args": nil, "jobs.unique_key": nil, "jobs.claim": nil,
	"kept_mails.recipient": nil, "kept_mails.subject": nil, "kept_mails.message": nil, "notifications.cause": nil, "notifications.text": nil,
	"one_time_tokens.token_hash": nil, "one_time_tokens.payload": nil, "one_time_tokens.email": nil, "one_time_tokens.code_hash": nil, "pages.source_uri": nil,
	"pages.source_hash": nil, "preview_tokens.token_hash": nil, "reader_restrictions.email_hash": nil, "reader_restrictions.address": nil, "reading_lists.token_hash": nil,
	"repeats.key": nil, "repeats.input_hash": nil, "repeats.result": nil, "sessions.token_hash": nil, "sign_in_failures.subject": nil, "signing_keys.name": nil,
	"signing_keys.key": nil, "subscribers.email": nil, "suppressions.email_hash": nil, "users.password_hash": nil, "users.totp_secret": nil, "users.recovery_codes": nil,
	"webhooks.secret": nil, "webhooks.old_secret": nil, "webhook_deliveries.cursor": nil, "media.source_uri": nil, "media.checksum": nil,
	"article_details.custom": nil, "pages.custom": nil,
	// The newsroom.
	"article_details.editor_note": nil, "article_notes.text": editors, "autosaves.content": nil, "preview_tokens.label": editors, "revisions.note": editors,
	"revisions.snapshot": editors, "revisions.title": editors, "withdrawals.reason": editors, "newsletter_issues.intro": editors, "newsletter_issues.subject": editors,
	"partner_copies.reason": nil, "api_keys.name": editors, "api_keys.contact_email": admins,
	// Moderators.
	"comments.address": moderators, "comments.guest_email": moderators, "comment_revisions.body": moderators, "comment_reports.email": moderators,
	"comment_reports.explanation": moderators, "comment_reports.law": moderators, "comment_reports.name": moderators, "reader_restrictions.name": moderators,
	"reader_restrictions.reason": moderators, "sites.comment_settings": moderators,
	// Administrators.
	"api_key_secrets.hint": admins, "audit_entries.actor_name": admins, "audit_entries.address": admins, "audit_entries.after": admins, "audit_entries.before": admins,
	"audit_entries.request_id": admins, "audit_entries.user_agent": admins, "jobs.last_error": admins, "sessions.address": nil, "sessions.label": nil, "sessions.user_agent": nil,
	"users.email": admins, "webhook_deliveries.last_answer": admins, "webhook_deliveries.last_error": admins,
	"webhooks.url": admins,
}

// column is a column of the catalogue.
type column struct {
	table, name string
	key         string // the column that tells rows of the table apart
	isJSON      bool
	isBytes     bool
	users       []string // columns of the table with ids of accounts
}

func (c column) String() string { return c.table + "." + c.name }

var columnsSQL = store.Read(
	`SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name <> 'schema_migrations' ORDER BY table_name, ordinal_position`,
	`SELECT m.name, c.name, lower(c.type) FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'schema_migrations' ORDER BY m.name, c.cid`)

// columns reads, from the database itself, which columns can hold words.
func (n *newsroom) columns(t *testing.T) (all []column) {
	t.Helper()
	type listed struct{ table, name, kind string }
	list, err := store.Collect(t.Context(), n.DB, columnsSQL, func(rows *sql.Rows) (c listed, err error) {
		err = rows.Scan(&c.table, &c.name, &c.kind)
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	keys, users := map[string]string{}, map[string][]string{}
	for _, c := range list {
		table, name, kind := c.table, c.name, c.kind
		switch {
		case strings.Contains(kind, "int"):
			if keys[table] == "" {
				keys[table] = name
			}
			if name == "user_id" || table == "users" && name == "id" {
				users[table] = append(users[table], name)
			}
		case slices.ContainsFunc([]string{"text", "char", "json", "blob", "bytea"}, func(k string) bool { return strings.Contains(kind, k) }):
			all = append(all, column{table: table, name: name, isJSON: strings.Contains(kind, "json"), isBytes: kind == "blob" || kind == "bytea"})
		}
	}
	for i, c := range all {
		all[i].key, all[i].users = keys[c.table], users[c.table]
	}
	return all
}

// The values that a planted text is put into, where a column has a form.
func (c column) form() string {
	switch c.String() {
	case "autosaves.content", "revisions.snapshot":
		draft, _ := json.Marshal(content.Draft{Title: "%"})
		return string(draft)
	case "users.recovery_codes":
		return `["%"]`
	case "sites.comment_settings":
		return `{"heldWords":["%"]}`
	}
	switch {
	case strings.HasSuffix(c.name, "email") || c.String() == "kept_mails.recipient":
		return "%@planted.example"
	case strings.HasSuffix(c.name, "_url") || c.name == "url":
		return "https://planted.example/%"
	case c.isJSON:
		return `{"planted":"%"}`
	}
	return "%"
}

// addReaders adds a row to each table that keeps what is private of readers.
func (n *newsroom) addReaders(t *testing.T) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	db := n.DB.Ent(ctx)
	u := db.User.Create().SetEmail("x@secret.example").SetDisplayName("Reader").SetPasswordHash("private").SetTotpSecret("private").
		SetRecoveryCodes([]string{"private"}).SaveX(ctx)
	in := n.Accounts.Now().AddDate(0, 0, 1)
	db.Session.Create().SetUserID(u.ID).SetTokenHash("private").SetKind(session.KindBearer).SetAddress("private").SetUserAgent("private").SetLabel("private").SetExpiresAt(in).ExecX(ctx)
	db.Identity.Create().SetUserID(u.ID).SetIssuer("private").SetSubject("private").ExecX(ctx)
	db.OneTimeToken.Create().SetUserID(u.ID).SetPurpose("sign-in").SetTokenHash("private").SetCodeHash("private").SetEmail("private").SetPayload([]byte(`{}`)).SetExpiresAt(in).ExecX(ctx)
	list := db.Newsletter.Create().SetName("Morning").SetSlug("morning").SaveX(ctx)
	b := db.Subscriber.Create().SetEmail("x@subscriber.example").SaveX(ctx)
	db.Subscription.Create().SetSubscriberID(b.ID).SetNewsletterID(list.ID).ExecX(ctx)
	db.ConsentRecord.Create().SetSubscriberID(b.ID).SetUserID(u.ID).SetDocument("terms").SetVersion("1").SetPlace("private").SetText("private").SetAddress("private").SetUserAgent("private").ExecX(ctx)
	db.Suppression.Create().SetEmailHash("private").SetReason(suppression.ReasonBounce).ExecX(ctx)
	db.KeptMail.Create().SetRecipient("private").SetSubject("private").SetMessage([]byte("private")).ExecX(ctx)
	db.SigningKey.Create().SetName("private").SetKey("private").ExecX(ctx)
	db.DataExport.Create().SetUserID(u.ID).SetTokenHash("private").SetArchive([]byte("private")).SetExpiresAt(in).ExecX(ctx)
	db.NewsletterIssue.Create().SetNewsletterID(list.ID).SetSubject("Hello").SetIntro("Words.").ExecX(ctx)
}

// addPrivateRows adds what no other test data has.
func (n *newsroom) addPrivateRows(t *testing.T) {
	t.Helper()
	made, _, err := n.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: "Partner", Scopes: partner.Scopes()})
	n.key = must[*partner.Key](t)(made, err)
	for _, insert := range privateRows {
		if _, err := n.DB.Exec(t.Context(), store.MaintainBoth(insert)); err != nil {
			t.Fatalf("%s: %v", insert, err)
		}
	}
	changed := store.Maintain(`DROP TRIGGER audit_entries_stay ON audit_entries`, `DROP TRIGGER audit_entries_are_not_changed`)
	if _, err := n.DB.Exec(t.Context(), changed); err != nil { // so that this test may plant into the audit log
		t.Fatal(err)
	}
}

// plant writes a text of its own into every private column of every row that
// does not belong to one of the viewers.
func (n *newsroom) plant(t *testing.T, columns []column, round string, viewers []string) {
	t.Helper()
	for _, c := range columns {
		before, after, _ := strings.Cut(c.form(), "%")
		number := c.key
		if round == "second" { // in the opposite order
			number = "(100000 - " + c.key + ")"
		}
		value := fmt.Sprintf(`'%splanted-%s.%s-%s-' || %s || '%s'`, before, c.table, c.name, round, number, after)
		where := "1 = 1"
		for _, u := range c.users {
			where += " AND (" + u + " IS NULL OR " + u + " NOT IN (" + strings.Join(viewers, ", ") + "))"
		}
		postgres, sqlite := value, value
		switch {
		case c.isJSON:
			postgres = "(" + value + ")::jsonb"
		case c.isBytes:
			postgres, sqlite = "convert_to("+value+", 'UTF8')", "CAST("+value+" AS BLOB)"
		}
		set := "UPDATE " + c.table + " SET " + `"` + c.name + `"` + " = "
		result, err := n.DB.Exec(t.Context(), store.Maintain(set+postgres+" WHERE "+where, set+sqlite+" WHERE "+where))
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			t.Errorf("nothing is planted in %s: it has no rows (%v)", c, err)
		}
	}
	if err := n.Directory.Consume(t.Context(), []event.Event{{Action: event.Missed}}); err != nil {
		t.Fatal(err)
	}
}

// privateRows adds a row to each table that would have none otherwise.
var privateRows = []string{
	`INSERT INTO comment_reports (comment_id, reporter, reason, created_at) SELECT max(id), 'x', 'ABUSE', CURRENT_TIMESTAMP FROM comments WHERE status = 'APPROVED'`,
	`UPDATE comments SET report_count = 1 WHERE id IN (SELECT comment_id FROM comment_reports)`,
	`INSERT INTO autosaves (article_id, user_id, base_version, content, saved_at) SELECT max(articles.id), max(users.id), 1, '{}', CURRENT_TIMESTAMP FROM articles, users WHERE users.id NOT IN (SELECT user_id FROM autosaves)`,
	`INSERT INTO comment_revisions (comment_id, body, replaced_at) SELECT id, 'Earlier', CURRENT_TIMESTAMP FROM comments`,
	`INSERT INTO reader_restrictions (kind, created_at) VALUES ('BANNED', CURRENT_TIMESTAMP)`,
	`INSERT INTO reading_lists (token_hash, created_at, used_at) VALUES ('x', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`,
	`INSERT INTO import_sources (uri, hash, version) VALUES ('x', 'x', 1)`,
	`INSERT INTO repeats (user_id, key, input_hash, result, created_at) SELECT max(id), 'x', 'x', '{}', CURRENT_TIMESTAMP FROM users`,
	`INSERT INTO sign_in_failures (subject, failed_at, blocked_until) VALUES ('x', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`,
	`INSERT INTO jobs (kind, args, state, priority, run_at, enqueued_at, died_at) VALUES ('mail', '{}', 'dead', 1, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)`,
	`INSERT INTO webhooks (key_id, url, types, full_payload, secret, created_at) SELECT id, 'x', '', false, 'x', CURRENT_TIMESTAMP FROM api_keys`,
	`INSERT INTO webhook_deliveries (webhook_id, article_id, type, at, state, next_at, created_at)
		SELECT webhooks.id, articles.id, 'article.published', CURRENT_TIMESTAMP, 'failed', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP FROM webhooks, articles`,
	`INSERT INTO partner_copies (key_id, article_id, version, fetched_at) SELECT api_keys.id, articles.id, 1, CURRENT_TIMESTAMP FROM api_keys, articles`,
}

var plantedText = regexp.MustCompile(`(?i)planted-([a-z_]+\.[a-z_]+)-(first|second)-[0-9]+`)

// roots makes a document for every field of Query, with all fields of its rows
// and of theirs, and one for each order that a list can have.
func (p *paths) roots() map[string]string {
	all := map[string]string{}
	for _, f := range p.schema.Query.Fields {
		target := p.schema.Types[f.Type.Name()]
		if strings.HasPrefix(f.Name, "__") || !target.IsCompositeType() || !p.may(f) {
			continue
		}
		selection := " { " + p.whole(target, 2, nil) + " }"
		all[f.Name] = "{ " + p.call(p.schema.Query, f) + selection + " }"
		for _, a := range f.Arguments {
			for _, order := range p.schema.Types[a.Type.Name()].EnumValues {
				all[f.Name+" "+order.Name] = "{ " + p.with(f, a.Name, order.Name) + " { " + p.whole(target, 1, nil) + " } }"
			}
		}
	}
	return all
}

// prefixes reads the prefixes of all ids from the constants that name them.
func prefixes(t *testing.T) (all []string) {
	t.Helper()
	file := must[*goast.File](t)(parser.ParseFile(token.NewFileSet(), "../internal/id/id.go", nil, 0))
	goast.Inspect(file, func(n goast.Node) bool {
		if spec, ok := n.(*goast.ValueSpec); ok && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*goast.BasicLit); ok && literal.Kind == token.STRING {
				if prefix, err := strconv.Unquote(literal.Value); err == nil && id.Known(prefix) {
					all = append(all, prefix)
				}
			}
		}
		return true
	})
	if len(all) < 30 {
		t.Fatalf("found only the prefixes %v", all)
	}
	return all
}

// with is a field of Query with one argument of a value, and the others that it needs.
func (p *paths) with(f *ast.FieldDefinition, name, value string) string {
	others := *f
	others.Arguments = slices.DeleteFunc(slices.Clone(f.Arguments), func(a *ast.ArgumentDefinition) bool { return a.Name == name })
	call := strings.TrimSuffix(p.call(p.schema.Query, &others), ")")
	if strings.Contains(call, "(") {
		return call + ", " + name + ": " + value + ")"
	}
	return call + "(" + name + ": " + value + ")"
}

// texts gives every place of an argument of a field that takes any text, as the
// value of that argument with the variable $text where the text goes, by the type
// of that variable.
func texts(s *ast.Schema, of *ast.Type, depth int) map[string]string {
	all := map[string]string{}
	d := s.Types[of.Name()]
	open, end := "", ""
	if of.Elem != nil {
		open, end = "[", "]"
	}
	switch {
	case d.Name == "String" || d.Name == "Email":
		all[open+"$text"+end] = d.Name + "!"
	case d.Kind == ast.InputObject && depth > 0:
		for _, f := range d.Fields {
			for value, of := range texts(s, f.Type, depth-1) {
				all[open+"{"+f.Name+": "+value+"}"+end] = of
			}
		}
	}
	return all
}

// TestSoakPrivateColumns reads from the database which columns can hold words, plants
// a text of its own into every private one, and asks for everything that the
// schema has: only the roles that privateColumns names get that text. Then the
// texts are changed, so that they would sort in the opposite order: the answers
// stay as they were but for those texts, so nothing is sorted, counted or chosen
// by them. And every argument that takes a text is given each of them, and a text
// that is nowhere: who may not see the column gets the same answer for both. Every role
// asks on SQLite, where a request takes less time, and four of them give the arguments;
// make soak has every role do both on both databases.
func TestSoakPrivateColumns(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	sdl, prefixes := loadSchema(t, broadsheet.SDL), prefixes(t)
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.hideRows(t)
		n.addReaders(t)
		w := n.widen(t, 2)
		n.addPrivateRows(t)
		n.handler = graph.Handler(n.Graph(), graph.Options{Limits: unlimited, Timeout: time.Minute, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
		var private []column
		for _, c := range n.columns(t) {
			open, known := openColumns[c.table]
			isOpen := open == "*" || slices.Contains(strings.Fields(open), c.name)
			_, isPrivate := privateColumns[c.String()]
			switch {
			case isOpen == isPrivate:
				t.Errorf("%s is open: %v, private: %v (the table is known: %v)", c, isOpen, isPrivate, known)
			case isPrivate:
				private = append(private, c)
			}
		}
		roles, probed := []access.Role{"", access.Moderator}, []access.Role{"", access.Moderator}
		if n.DB.Dialect == store.SQLite {
			roles, probed = classes, append(probed, access.Author, access.Admin)
		}
		if _, long := testkit.Soak(t); long {
			roles, probed = classes, classes
		}
		var viewers []string
		for _, role := range roles {
			viewers = append(viewers, fmt.Sprint(n.holder(t, role).UserID))
		}
		ask := func(role access.Role, documents map[string]string) map[string]string {
			all := map[string]string{}
			for what, document := range documents {
				_, raw := n.askAs(t, n.holder(t, role), document, nil)
				all[what] = string(raw)
			}
			p := &paths{wide: w, schema: sdl, viewer: n.holder(t, role), fail: t.Fatalf}
			nodes := "query($ids: [ID!]!) { nodes(ids: $ids) { " + p.whole(sdl.Types["Node"], 1, nil) + " } }"
			for _, prefix := range prefixes {
				ids := make([]string, 12)
				for i := range ids {
					ids[i] = id.Encode(prefix, i+1)
				}
				_, raw := n.askAs(t, p.viewer, nodes, map[string]any{"ids": ids})
				all["nodes of "+prefix] = string(raw)
			}
			return all
		}
		documents, first := map[access.Role]map[string]string{}, map[access.Role]map[string]string{}
		n.plant(t, private, "first", viewers)
		for _, role := range roles {
			documents[role] = (&paths{wide: w, schema: sdl, viewer: n.holder(t, role), fail: t.Fatalf}).roots()
			first[role] = ask(role, documents[role])
		}
		n.plant(t, private, "second", viewers)
		seen := map[string][]access.Role{}
		for _, role := range roles {
			for what, answer := range ask(role, documents[role]) {
				for _, found := range plantedText.FindAllStringSubmatch(answer, -1) {
					if !slices.Contains(privateColumns[found[1]], role) {
						t.Errorf("%s as %q shows what %s holds", what, role, found[1])
					}
					if !slices.Contains(seen[found[1]], role) {
						seen[found[1]] = append(seen[found[1]], role)
					}
				}
				if plantedText.ReplaceAllString(answer, "") != plantedText.ReplaceAllString(first[role][what], "") {
					t.Errorf("%s as %q depends on what private columns hold: %s then %s", what, role, first[role][what], answer)
				}
			}
		}
		for _, c := range private {
			for _, role := range privateColumns[c.String()] {
				if slices.Contains(roles, role) && !slices.Contains(seen[c.String()], role) {
					t.Errorf("%s may be seen as %q, and was not: is it private for everybody?", c, role)
				}
			}
		}
		n.probe(t, w, sdl, private, probed)
	})
}

// payloadTexts are the fields with words of the types that mutations alone answer, with
// what they say: nothing of anybody but who sends the mutation.
var payloadTexts = map[string]string{
	"UserError.field": "the argument", "UserError.message": "what is wrong with it", "InputError.field": "the argument", "InputError.message": "what is wrong with it",
	"VersionConflict.field": "the argument", "VersionConflict.message": "that somebody saved meanwhile", "ArticleLocked.field": "the argument", "ArticleLocked.message": "that somebody edits",
	"SignInPayload.token": "the session just opened", "VerifyEmailPayload.token": "the session just opened", "SignInWithLinkPayload.token": "the session just opened",
	"StartSecondFactorPayload.secret": "the viewer's own, told once", "StartSecondFactorPayload.otpauthUrl": "the viewer's own, told once",
	"ConfirmSecondFactorPayload.recoveryCodes": "the viewer's own, told once", "RegenerateRecoveryCodesPayload.recoveryCodes": "the viewer's own, told once",
	"CreateUserPayload.generatedPassword": "just made, told once to the administrator", "ResetUserPasswordPayload.generatedPassword": "just made, told once to the administrator",
	"AddBookmarkPayload.deviceToken": "the list just begun", "RemoveBookmarkPayload.undoToken": "a number of the viewer's list", "ClearBookmarksPayload.undoToken": "a number of the viewer's list",
	"AddCommentPayload.guestToken": "the comment just posted", "PreviewTokenPayload.token": "just made, told once", "CreateApiKeyPayload.secret": "just made, told once",
	"RotateApiKeyPayload.secret": "just made, told once", "CreateWebhookPayload.secret": "just made, told once", "AcknowledgeChangePayload.acknowledgedCursor": "the partner's own",
	"ConfirmNewsletterSubscriptionPayload.preferencesToken": "the subscription just confirmed",
}

// TestPayloadsSayNothingPrivate: what a mutation answers is of types that queries answer
// too, which TestSoakPrivateColumns walks, or has no field with words but those named.
func TestPayloadsSayNothingPrivate(t *testing.T) {
	t.Parallel()
	sdl := loadSchema(t, broadsheet.SDL)
	var walk func(d *ast.Definition, seen map[string]bool)
	walk = func(d *ast.Definition, seen map[string]bool) {
		if !d.IsCompositeType() || seen[d.Name] {
			return
		}
		seen[d.Name] = true
		for _, possible := range sdl.GetPossibleTypes(d) {
			walk(possible, seen)
		}
		for _, f := range d.Fields {
			walk(sdl.Types[f.Type.Name()], seen)
		}
	}
	queried, answered := map[string]bool{}, map[string]bool{}
	walk(sdl.Query, queried)
	walk(sdl.Mutation, answered)
	found := map[string]bool{}
	for name := range answered {
		d := sdl.Types[name]
		if queried[name] || d == sdl.Mutation {
			continue
		}
		for _, f := range d.Fields {
			of := sdl.Types[f.Type.Name()]
			if of.Kind != ast.Scalar || slices.Contains([]string{"ID", "Int", "Float", "Boolean", "DateTime"}, of.Name) {
				continue
			}
			field := name + "." + f.Name
			found[field] = true
			if payloadTexts[field] == "" {
				t.Errorf("%s holds words, and no query answers a %s: payloadTexts must say whose they are", field, name)
			}
		}
	}
	for field := range payloadTexts {
		if !found[field] {
			t.Errorf("payloadTexts names %s, which is not there", field)
		}
	}
	if len(answered) < 100 {
		t.Errorf("mutations answer %d types only", len(answered))
	}
}

// probe gives every text argument of Query each planted text.
func (n *newsroom) probe(t *testing.T, w *wide, sdl *ast.Schema, private []column, roles []access.Role) {
	t.Helper()
	type value struct{ column, text string }
	var values []value
	for _, c := range private {
		cast := `CAST("` + c.name + `" AS text)`
		if c.isBytes {
			cast = `encode("` + c.name + `", 'escape')`
		}
		text := n.oneText(t, store.Maintain("SELECT max("+cast+") FROM "+c.table, `SELECT max(CAST("`+c.name+`" AS text)) FROM `+c.table))
		values = append(values, value{c.String(), text})
		if found := plantedText.FindString(text); found != text {
			values = append(values, value{c.String(), found})
		}
	}
	if len(values) < 40 {
		t.Errorf("only %d texts are tried", len(values))
	}
	tried := 0
	for _, role := range roles {
		p := &paths{wide: w, schema: sdl, viewer: n.holder(t, role), fail: t.Fatalf}
		for _, f := range sdl.Query.Fields {
			target := sdl.Types[f.Type.Name()]
			if strings.HasPrefix(f.Name, "__") || !p.may(f) {
				continue
			}
			selection := ""
			if target.IsCompositeType() {
				selection = " { " + p.whole(target, 1, nil) + " }"
			}
			for _, a := range f.Arguments {
				if a.Name == "after" || a.Name == "before" { // cursors, which hold keys of their own list
					continue
				}
				for form, of := range texts(sdl, a.Type, 2) {
					document := "query($text: " + of + ") { " + p.with(f, a.Name, form) + selection + " }"
					ask := func(text string) string {
						_, raw := n.askAs(t, p.viewer, document, map[string]any{"text": text})
						return plantedText.ReplaceAllString(string(raw), "…")
					}
					nowhere := map[string]string{}
					for _, v := range values {
						tried++
						form := plantedText.ReplaceAllString(v.text, "planted-no.thing-first-4242")
						if _, known := nowhere[form]; !known {
							nowhere[form] = ask(form)
						}
						if got := ask(v.text); got != nowhere[form] && !slices.Contains(privateColumns[v.column], role) {
							t.Errorf("%s(%s: %q) as %q tells of %s: %s, of a text that is nowhere: %s", f.Name, a.Name, v.text, role, v.column, got, nowhere[form])
						}
					}
				}
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d texts were given to arguments", tried)
	}
}

func (n *newsroom) oneText(t *testing.T, q *store.Statement) string {
	t.Helper()
	found, err := store.Collect(t.Context(), n.DB, q, func(rows *sql.Rows) (text string, err error) {
		err = rows.Scan(&text)
		return text, err
	})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d rows: %v", len(found), err)
	}
	return found[0]
}
