package account

import "github.com/broadsheet-cms/broadsheet/internal/store"

// part is a part of an archive: columns of a table, of the rows that the account's
// key ($1) finds.
type part struct {
	name, table, columns, from string
	statement                  *store.Statement
}

// archived are the parts of an archive. Every column that says something about an
// account stands here, or in the exceptions of the test that compares this list
// with the database.
var archived = func() []part {
	const subscriber = ` JOIN subscribers b ON b.id = t.subscriber_id JOIN users u ON u.email = b.email WHERE u.id = $1 ORDER BY t.id`
	const own = ` WHERE t.user_id = $1 ORDER BY t.id`
	const comment = `t.id, t.article_id, t.parent_id, t.thread_id, t.depth, t.guest_name, t.guest_email, t.body, t.kind, t.status, t.posted_at, t.created_at, t.modified_at, t.edited_at, t.held_for, t.address,
		t.reply_count, t.reaction_count, t.report_count, t.pinned_at, t.closed_at, t.removed_at, t.removed_by, t.removal_reason, t.source_uri`
	all := []part{
		{name: "account", table: "users", columns: `t.id, t.email, t.display_name, t.role, t.status, t.language, t.created_at, t.modified_at, t.signed_in_at, t.deletes_at, t.totp_confirmed_at AS second_factor_since`, from: ` WHERE t.id = $1`},
		{name: "sessions", table: "sessions", columns: `t.kind, t.label, t.address, t.user_agent, t.created_at, t.seen_at, t.expires_at`, from: own},
		{name: "identities", table: "identities", columns: `t.issuer, t.subject, t.created_at`, from: own},
		{name: "consents", table: "consent_records", columns: `t.document, t.version, t.text, t.place, t.given_at, t.address, t.user_agent, t.newsletter_id`, from: own},
		{name: "pendingMails", table: "one_time_tokens", columns: `t.purpose, t.email, t.tries, t.created_at, t.expires_at`, from: own},
		{name: "exports", table: "data_exports", columns: `t.requested_at, t.expires_at`, from: own},
		{name: "comments", table: "comments", columns: comment, from: own},
		{name: "readingList", table: "reading_lists", columns: `t.bookmark_count, t.created_at, t.used_at`, from: own},
		{name: "bookmarks", table: "bookmarks", columns: `t.article_id, t.saved_at, t.removed_at`, from: ` JOIN reading_lists l ON l.id = t.list_id WHERE l.user_id = $1 ORDER BY t.id`},
		{name: "reactions", table: "comment_reactions", columns: `t.comment_id, t.article_id, t.kind, t.created_at`, from: own},
		{name: "reports", table: "comment_reports", columns: `t.comment_id, t.reason, t.explanation, t.law, t.name, t.email, t.good_faith, t.created_at, t.decided_at, t.decision`, from: own},
		{name: "restrictions", table: "reader_restrictions", columns: `t.kind, t.name, t.reason, t.address, t.created_at, t.expires_at`, from: own},
		// A text belongs to the author of the comment, whoever replaced it.
		{name: "earlierComments", table: "comment_revisions", columns: `t.comment_id, t.body, t.replaced_at`, from: ` JOIN comments c ON c.id = t.comment_id WHERE c.user_id = $1 ORDER BY t.id`},
		{name: "follows", table: "follows", columns: `t.kind, t.owner_id, t.notify, t.created_at`, from: own},
		{name: "settings", table: "reader_settings", columns: `t.history_enabled, t.notify_replies, t.notify_followed, t.notify_breaking, t.digest, t.digest_sent_at, t.digest_due_at`, from: own},
		{name: "history", table: "reading_history", columns: `t.article_id, t.read_at`, from: own},
		{name: "notifications", table: "notifications", columns: `t.kind, t.cause, t.article_id, t.comment_id, t.media_id, t.text, t.created_at, t.read_at`, from: own},
		{name: "auditLog", table: "audit_entries", columns: `t.at, t.actor_name, t.actor_role, t.action, t.entity, t.entity_id, t.address, t.user_agent, t.request_id`, from: ` WHERE t.actor_id = $1 ORDER BY t.id`},
		{name: "newsletterAddress", table: "subscribers", columns: `t.email, t.language, t.created_at`, from: ` JOIN users u ON u.email = t.email WHERE u.id = $1`},
		{name: "newsletters", table: "subscriptions", columns: `n.name, t.newsletter_id, t.status, t.created_at, t.confirmed_at, t.ended_at`, from: ` JOIN newsletters n ON n.id = t.newsletter_id` + subscriber},
		{name: "newsletterConsents", table: "consent_records", columns: `t.document, t.version, t.text, t.place, t.given_at, t.address, t.user_agent, t.newsletter_id`, from: subscriber},
		{name: "deliveries", table: "deliveries", columns: `t.issue_id, t.status, t.changed_at`, from: subscriber},
	}
	for i := range all {
		p := &all[i]
		p.statement = store.MaintainBoth(`SELECT ` + p.columns + ` FROM ` + p.table + ` t` + p.from)
	}
	return all
}()
