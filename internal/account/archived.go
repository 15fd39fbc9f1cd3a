package account

import "github.com/broadsheet-cms/broadsheet/internal/store"

// archived are the parts of an archive, each by what the account's key ($1)
// finds. A table with a column for an account stands here, or in the exceptions
// of the test that compares this list with the database.
var archived = []struct {
	name      string
	statement *store.Statement
}{
	{"account", store.MaintainBoth(`SELECT id, email, display_name, role, language, created_at, signed_in_at, deletes_at FROM users WHERE id = $1`)},
	{"sessions", store.MaintainBoth(`SELECT kind, label, address, user_agent, created_at, seen_at, expires_at FROM sessions WHERE user_id = $1 ORDER BY id`)},
	{"identities", store.MaintainBoth(`SELECT issuer, subject, created_at FROM identities WHERE user_id = $1 ORDER BY id`)},
	{"consents", store.MaintainBoth(`SELECT document, version, text, place, given_at, address, user_agent FROM consent_records WHERE user_id = $1 ORDER BY id`)},
	{"pendingMails", store.MaintainBoth(`SELECT purpose, email, created_at, expires_at FROM one_time_tokens WHERE user_id = $1 ORDER BY id`)},
	{"exports", store.MaintainBoth(`SELECT requested_at, expires_at FROM data_exports WHERE user_id = $1 ORDER BY id`)},
	{"comments", store.MaintainBoth(`SELECT id, article_id, parent_id, body, status, posted_at, edited_at FROM comments WHERE user_id = $1 ORDER BY id`)},
	{"bookmarks", store.MaintainBoth(`SELECT b.article_id, b.saved_at, b.removed_at FROM bookmarks b JOIN reading_lists l ON l.id = b.list_id WHERE l.user_id = $1 ORDER BY b.id`)},
	{"reactions", store.MaintainBoth(`SELECT comment_id, kind, created_at FROM comment_reactions WHERE user_id = $1 ORDER BY id`)},
	{"reports", store.MaintainBoth(`SELECT comment_id, reason, explanation, law, name, email, created_at, decision FROM comment_reports WHERE user_id = $1 ORDER BY id`)},
	{"restrictions", store.MaintainBoth(`SELECT kind, created_at, expires_at FROM reader_restrictions WHERE user_id = $1 ORDER BY id`)},
	{"earlierComments", store.MaintainBoth(`SELECT comment_id, body, replaced_at FROM comment_revisions WHERE user_id = $1 ORDER BY id`)},
	{"follows", store.MaintainBoth(`SELECT kind, owner_id, notify, created_at FROM follows WHERE user_id = $1 ORDER BY id`)},
	{"settings", store.MaintainBoth(`SELECT history_enabled, notify_replies, notify_followed, notify_breaking, digest FROM reader_settings WHERE user_id = $1 ORDER BY id`)},
	{"history", store.MaintainBoth(`SELECT article_id, read_at FROM reading_history WHERE user_id = $1 ORDER BY id`)},
	{"notifications", store.MaintainBoth(`SELECT kind, cause, text, created_at, read_at FROM notifications WHERE user_id = $1 ORDER BY id`)},
	{"auditLog", store.MaintainBoth(`SELECT at, action, entity, address, user_agent FROM audit_entries WHERE actor_id = $1 ORDER BY id`)},
	{"newsletters", store.MaintainBoth(`SELECT n.name, s.status, s.created_at, s.confirmed_at, s.ended_at FROM subscriptions s JOIN newsletters n ON n.id = s.newsletter_id
		JOIN subscribers b ON b.id = s.subscriber_id JOIN users u ON u.email = b.email WHERE u.id = $1 ORDER BY s.id`)},
	{"newsletterConsents", store.MaintainBoth(`SELECT c.document, c.version, c.text, c.place, c.given_at, c.address, c.user_agent FROM consent_records c
		JOIN subscribers b ON b.id = c.subscriber_id JOIN users u ON u.email = b.email WHERE u.id = $1 ORDER BY c.id`)},
}
