-- The newsroom: accounts and their sessions, the history of articles, what is
-- said to readers about changes, the record of who did what.
ALTER TABLE `users` ADD COLUMN `totp_secret` text NOT NULL DEFAULT ('');
ALTER TABLE `users` ADD COLUMN `totp_confirmed_at` datetime NULL;
ALTER TABLE `users` ADD COLUMN `totp_last_step` integer NOT NULL DEFAULT (0);
ALTER TABLE `users` ADD COLUMN `recovery_codes` json NULL;
ALTER TABLE `users` ADD COLUMN `signed_in_at` datetime NULL;
ALTER TABLE `articles` ADD COLUMN `assignee_id` integer NULL;
ALTER TABLE `articles` ADD COLUMN `status_changed_at` datetime NULL;

CREATE TABLE `article_locks` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `acquired_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `article_locks_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_locks_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `articlelock_article_id` ON `article_locks` (`article_id`);
CREATE INDEX `articlelock_user_id` ON `article_locks` (`user_id`);

CREATE TABLE `article_notes` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `text` text NOT NULL,
  `created_at` datetime NOT NULL,
  `resolved_at` datetime NULL,
  `resolved_by` integer NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `article_notes_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_notes_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE INDEX `articlenote_article_id_created_at` ON `article_notes` (`article_id`, `created_at`);
CREATE INDEX `articlenote_user_id` ON `article_notes` (`user_id`);

CREATE TABLE `audit_entries` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `at` datetime NOT NULL,
  `actor_id` integer NULL,
  `actor_name` text NOT NULL DEFAULT (''),
  `actor_role` text NOT NULL DEFAULT (''),
  `action` text NOT NULL,
  `entity` text NOT NULL DEFAULT (''),
  `entity_id` integer NOT NULL DEFAULT (0),
  `before` json NULL,
  `after` json NULL,
  `address` text NOT NULL DEFAULT (''),
  `user_agent` text NOT NULL DEFAULT (''),
  `request_id` text NOT NULL DEFAULT ('')
);
CREATE INDEX `auditentry_at_id` ON `audit_entries` (`at`, `id`);
CREATE INDEX `auditentry_actor_id_at_id` ON `audit_entries` (`actor_id`, `at`, `id`);
CREATE INDEX `auditentry_entity_entity_id_at_id` ON `audit_entries` (`entity`, `entity_id`, `at`, `id`);

CREATE TABLE `autosaves` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `base_version` integer NOT NULL,
  `content` json NOT NULL,
  `saved_at` datetime NOT NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `autosaves_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `autosaves_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `autosave_article_id_user_id` ON `autosaves` (`article_id`, `user_id`);
CREATE INDEX `autosave_user_id` ON `autosaves` (`user_id`);

CREATE TABLE `corrections` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `note` text NOT NULL,
  `changes` json NOT NULL,
  `revision` integer NOT NULL,
  `issued_at` datetime NOT NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `corrections_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `corrections_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE INDEX `correction_article_id_issued_at` ON `corrections` (`article_id`, `issued_at`);
CREATE INDEX `correction_issued_at_id` ON `corrections` (`issued_at`, `id`);
CREATE INDEX `correction_user_id` ON `corrections` (`user_id`);

CREATE TABLE `identities` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `issuer` text NOT NULL,
  `subject` text NOT NULL,
  `created_at` datetime NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `identities_users_identities` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `identity_issuer_subject` ON `identities` (`issuer`, `subject`);
CREATE INDEX `identity_user_id` ON `identities` (`user_id`);

CREATE TABLE `one_time_tokens` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `purpose` text NOT NULL,
  `token_hash` text NOT NULL,
  `payload` json NULL,
  `created_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL
);
CREATE UNIQUE INDEX `one_time_tokens_token_hash_key` ON `one_time_tokens` (`token_hash`);
CREATE INDEX `onetimetoken_expires_at` ON `one_time_tokens` (`expires_at`);

CREATE TABLE `picks` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `position` integer NOT NULL,
  `expires_at` datetime NULL,
  `created_at` datetime NOT NULL,
  `category_id` integer NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `picks_categories_category` FOREIGN KEY (`category_id`) REFERENCES `categories` (`id`) ON DELETE CASCADE,
  CONSTRAINT `picks_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `picks_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE INDEX `pick_category_id_position` ON `picks` (`category_id`, `position`);
CREATE INDEX `pick_article_id` ON `picks` (`article_id`);
CREATE INDEX `pick_expires_at` ON `picks` (`expires_at`);
CREATE INDEX `pick_user_id` ON `picks` (`user_id`);

CREATE TABLE `preview_tokens` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `token_hash` text NOT NULL,
  `label` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `revoked_at` datetime NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `preview_tokens_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `preview_tokens_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `preview_tokens_token_hash_key` ON `preview_tokens` (`token_hash`);
CREATE INDEX `previewtoken_article_id` ON `preview_tokens` (`article_id`);
CREATE INDEX `previewtoken_user_id` ON `preview_tokens` (`user_id`);
CREATE INDEX `previewtoken_expires_at` ON `preview_tokens` (`expires_at`);

CREATE TABLE `repeats` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `user_id` integer NOT NULL,
  `key` text NOT NULL,
  `input_hash` text NOT NULL,
  `result` json NOT NULL,
  `created_at` datetime NOT NULL
);
CREATE UNIQUE INDEX `repeat_user_id_key` ON `repeats` (`user_id`, `key`);
CREATE INDEX `repeat_created_at` ON `repeats` (`created_at`);

CREATE TABLE `revisions` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `number` integer NOT NULL,
  `action` text NOT NULL,
  `status` text NOT NULL,
  `version` integer NOT NULL,
  `title` text NOT NULL,
  `snapshot` json NOT NULL,
  `note` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `revisions_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `revisions_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `revision_article_id_number` ON `revisions` (`article_id`, `number`);
CREATE INDEX `revision_article_id_created_at` ON `revisions` (`article_id`, `created_at`);
CREATE INDEX `revision_user_id` ON `revisions` (`user_id`);

CREATE TABLE `sessions` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `token_hash` text NOT NULL,
  `kind` text NOT NULL,
  `label` text NOT NULL DEFAULT (''),
  `address` text NOT NULL DEFAULT (''),
  `user_agent` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  `seen_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `sessions_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `sessions_token_hash_key` ON `sessions` (`token_hash`);
CREATE INDEX `session_user_id` ON `sessions` (`user_id`);
CREATE INDEX `session_expires_at` ON `sessions` (`expires_at`);

CREATE TABLE `sign_in_failures` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `subject` text NOT NULL,
  `count` integer NOT NULL DEFAULT (0),
  `failed_at` datetime NOT NULL,
  `blocked_until` datetime NOT NULL
);
CREATE UNIQUE INDEX `sign_in_failures_subject_key` ON `sign_in_failures` (`subject`);
CREATE INDEX `signinfailure_failed_at` ON `sign_in_failures` (`failed_at`);

CREATE TABLE `withdrawals` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `notice` text NOT NULL DEFAULT (''),
  `reason` text NOT NULL DEFAULT (''),
  `path` text NOT NULL DEFAULT (''),
  `withdrawn_at` datetime NOT NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `withdrawals_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `withdrawals_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `withdrawal_article_id` ON `withdrawals` (`article_id`);
CREATE INDEX `withdrawal_path` ON `withdrawals` (`path`);

-- The newsroom's lists: what waits, by status, the longest waiting first; what
-- is somebody's own; the trash; what is planned. Published articles are in none
-- of the first, so that a large archive costs them nothing.
DROP INDEX article_work;
CREATE INDEX article_queue ON articles (status, coalesce(status_changed_at, created_at), id) WHERE status <> 'PUBLISHED' AND trashed_at IS NULL;
CREATE INDEX article_created_by ON articles (created_by) WHERE created_by IS NOT NULL;
CREATE INDEX article_trash ON articles (trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX article_unpublish_later ON articles (unpublish_at) WHERE status IN ('SCHEDULED', 'EMBARGOED') AND unpublish_at IS NOT NULL;

-- What waits for a member of staff.
CREATE INDEX article_assignee ON articles (assignee_id, status_changed_at) WHERE assignee_id IS NOT NULL;

-- An article is picked once for a page; 0 stands for the front page.
CREATE UNIQUE INDEX pick_once ON picks (coalesce(category_id, 0), article_id);

-- What a server has put off relating and will do right away, on whichever node;
-- the rest waits for the end of an import.
ALTER TABLE related_pending ADD COLUMN soon bool NOT NULL DEFAULT false;
CREATE INDEX related_pending_soon ON related_pending (id) WHERE soon;

-- What the server did by itself at its moment, newest last.
CREATE INDEX audit_due ON audit_entries (at) WHERE action = 'due';

-- The record of who did what only ever grows.
CREATE TRIGGER audit_entries_are_not_changed BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries are not changed'); END;
CREATE TRIGGER audit_entries_are_not_removed BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries are not removed'); END;
