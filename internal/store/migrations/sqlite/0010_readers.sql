-- What readers do: bookmarks, comments, interests, notifications; views of articles.
ALTER TABLE `articles` ADD COLUMN `comment_moderation` text NOT NULL DEFAULT ('SITE');
-- Nothing has used this table yet.
DROP TABLE `bookmarks`;
CREATE TABLE `bookmarks` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `saved_at` datetime NOT NULL,
  `revision` integer NOT NULL,
  `removed_at` datetime NULL,
  `removed_in` integer NULL,
  `article_id` integer NOT NULL,
  `list_id` integer NOT NULL,
  CONSTRAINT `bookmarks_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `bookmarks_reading_lists_bookmarks` FOREIGN KEY (`list_id`) REFERENCES `reading_lists` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `bookmark_list_id_article_id` ON `bookmarks` (`list_id`, `article_id`);
CREATE INDEX `bookmark_list_id_revision_id` ON `bookmarks` (`list_id`, `revision`, `id`);
CREATE INDEX `bookmark_list_id_removed_in` ON `bookmarks` (`list_id`, `removed_in`);
CREATE INDEX `bookmark_article_id` ON `bookmarks` (`article_id`);
CREATE INDEX `bookmark_removed_at` ON `bookmarks` (`removed_at`);
ALTER TABLE `comments` ADD COLUMN `depth` integer NOT NULL DEFAULT (0);
ALTER TABLE `comments` ADD COLUMN `thread_id` integer NULL;
ALTER TABLE `comments` ADD COLUMN `reaction_count` integer NOT NULL DEFAULT (0);
ALTER TABLE `comments` ADD COLUMN `pinned_at` datetime NULL;
ALTER TABLE `comments` ADD COLUMN `closed_at` datetime NULL;
ALTER TABLE `comments` ADD COLUMN `held_for` text NOT NULL DEFAULT ('');
ALTER TABLE `comments` ADD COLUMN `report_count` integer NOT NULL DEFAULT (0);
ALTER TABLE `comments` ADD COLUMN `removed_at` datetime NULL;
ALTER TABLE `comments` ADD COLUMN `removed_by` text NOT NULL DEFAULT ('NOBODY');
ALTER TABLE `comments` ADD COLUMN `removal_reason` text NOT NULL DEFAULT ('');
ALTER TABLE `comments` ADD COLUMN `guest_token_hash` text NULL;
ALTER TABLE `comments` ADD COLUMN `address` text NOT NULL DEFAULT ('');
ALTER TABLE `comments` ADD COLUMN `body_hash` text NOT NULL DEFAULT ('');
CREATE UNIQUE INDEX `comments_guest_token_hash_key` ON `comments` (`guest_token_hash`);
CREATE INDEX `comment_body_hash` ON `comments` (`body_hash`);
CREATE INDEX `comment_thread_id` ON `comments` (`thread_id`);
ALTER TABLE `sites` ADD COLUMN `comment_settings` json NULL;
CREATE TABLE `comment_reactions` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `kind` text NOT NULL,
  `created_at` datetime NOT NULL,
  `comment_id` integer NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `comment_reactions_comments_comment` FOREIGN KEY (`comment_id`) REFERENCES `comments` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comment_reactions_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `commentreaction_comment_id_user_id` ON `comment_reactions` (`comment_id`, `user_id`);
CREATE INDEX `commentreaction_comment_id_kind` ON `comment_reactions` (`comment_id`, `kind`);
CREATE INDEX `commentreaction_user_id` ON `comment_reactions` (`user_id`);
CREATE TABLE `comment_reports` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `reporter` text NOT NULL,
  `reason` text NOT NULL,
  `explanation` text NOT NULL DEFAULT (''),
  `law` text NOT NULL DEFAULT (''),
  `name` text NOT NULL DEFAULT (''),
  `email` text NOT NULL DEFAULT (''),
  `good_faith` bool NOT NULL DEFAULT (false),
  `created_at` datetime NOT NULL,
  `decided_at` datetime NULL,
  `decision` text NOT NULL DEFAULT ('NONE'),
  `decided_by` integer NULL,
  `comment_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `comment_reports_comments_comment` FOREIGN KEY (`comment_id`) REFERENCES `comments` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comment_reports_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `commentreport_comment_id_reporter` ON `comment_reports` (`comment_id`, `reporter`);
CREATE INDEX `commentreport_user_id` ON `comment_reports` (`user_id`);
CREATE TABLE `comment_revisions` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `body` text NOT NULL,
  `replaced_at` datetime NOT NULL,
  `comment_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `comment_revisions_comments_comment` FOREIGN KEY (`comment_id`) REFERENCES `comments` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comment_revisions_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE INDEX `commentrevision_comment_id_id` ON `comment_revisions` (`comment_id`, `id`);
CREATE INDEX `commentrevision_user_id` ON `comment_revisions` (`user_id`);
CREATE TABLE `follows` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `kind` integer NOT NULL,
  `owner_id` integer NOT NULL,
  `notify` bool NOT NULL DEFAULT (true),
  `created_at` datetime NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `follows_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `follow_user_id_kind_owner_id` ON `follows` (`user_id`, `kind`, `owner_id`);
CREATE INDEX `follow_kind_owner_id_user_id` ON `follows` (`kind`, `owner_id`, `user_id`);
CREATE TABLE `reading_history` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `read_at` datetime NOT NULL,
  `user_id` integer NOT NULL,
  `article_id` integer NOT NULL,
  CONSTRAINT `reading_history_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `reading_history_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `historyentry_user_id_article_id` ON `reading_history` (`user_id`, `article_id`);
CREATE INDEX `historyentry_user_id_read_at_id` ON `reading_history` (`user_id`, `read_at`, `id`);
CREATE INDEX `historyentry_article_id` ON `reading_history` (`article_id`);
CREATE TABLE `notifications` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `kind` text NOT NULL,
  `cause` text NOT NULL,
  `text` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  `read_at` datetime NULL,
  `user_id` integer NOT NULL,
  `article_id` integer NULL,
  `comment_id` integer NULL,
  CONSTRAINT `notifications_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `notifications_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `notifications_comments_comment` FOREIGN KEY (`comment_id`) REFERENCES `comments` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `notification_user_id_cause` ON `notifications` (`user_id`, `cause`);
CREATE INDEX `notification_user_id_created_at_id` ON `notifications` (`user_id`, `created_at`, `id`);
CREATE INDEX `notification_created_at` ON `notifications` (`created_at`);
CREATE INDEX `notification_article_id` ON `notifications` (`article_id`);
CREATE INDEX `notification_comment_id` ON `notifications` (`comment_id`);
CREATE TABLE `reader_restrictions` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `kind` text NOT NULL,
  `email_hash` text NOT NULL DEFAULT (''),
  `address` text NOT NULL DEFAULT (''),
  `name` text NOT NULL DEFAULT (''),
  `reason` text NOT NULL DEFAULT (''),
  `expires_at` datetime NULL,
  `created_by` integer NULL,
  `created_at` datetime NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `reader_restrictions_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE INDEX `readerrestriction_user_id` ON `reader_restrictions` (`user_id`);
CREATE INDEX `readerrestriction_email_hash` ON `reader_restrictions` (`email_hash`);
CREATE INDEX `readerrestriction_address` ON `reader_restrictions` (`address`);
CREATE INDEX `readerrestriction_expires_at` ON `reader_restrictions` (`expires_at`);
CREATE TABLE `reader_settings` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `history_enabled` bool NOT NULL DEFAULT (true),
  `notify_replies` bool NOT NULL DEFAULT (true),
  `notify_followed` bool NOT NULL DEFAULT (true),
  `notify_breaking` bool NOT NULL DEFAULT (true),
  `digest` text NOT NULL DEFAULT ('NEVER'),
  `digest_sent_at` datetime NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `reader_settings_users_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `readersettings_user_id` ON `reader_settings` (`user_id`);
CREATE TABLE `reading_lists` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `token_hash` text NULL,
  `revision` integer NOT NULL DEFAULT (0),
  `forgotten` integer NOT NULL DEFAULT (0),
  `bookmark_count` integer NOT NULL DEFAULT (0),
  `created_at` datetime NOT NULL,
  `used_at` datetime NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `reading_lists_users_reading_list` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `reading_lists_token_hash_key` ON `reading_lists` (`token_hash`);
CREATE UNIQUE INDEX `reading_lists_user_id_key` ON `reading_lists` (`user_id`);
CREATE INDEX `readinglist_used_at` ON `reading_lists` (`used_at`);

-- Counts of reactions by kind, kept with every reaction.
CREATE TABLE comment_reaction_counts (
  comment_id integer NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
  kind text NOT NULL,
  reactions integer NOT NULL,
  PRIMARY KEY (comment_id, kind)
) WITHOUT ROWID;

-- Views of articles by the hour (hours since 1970), and of all time. Nothing says who looked.
CREATE TABLE article_views (
  hour integer NOT NULL,
  article_id integer NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
  views integer NOT NULL,
  PRIMARY KEY (hour, article_id)
) WITHOUT ROWID;
CREATE INDEX article_view_article ON article_views (article_id);
CREATE TABLE article_view_totals (
  article_id integer PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  views integer NOT NULL
);
-- The most read articles of the site and of each section, counted from article_views every half minute.
CREATE TABLE most_read (
  span integer NOT NULL,
  kind integer NOT NULL,
  owner_id integer NOT NULL,
  position integer NOT NULL,
  article_id integer NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
  views integer NOT NULL,
  PRIMARY KEY (span, kind, owner_id, position)
) WITHOUT ROWID;
CREATE INDEX most_read_article ON most_read (article_id);

CREATE INDEX bookmark_saved ON bookmarks (list_id, saved_at, id) WHERE removed_at IS NULL;
CREATE INDEX comment_by_reactions ON comments (article_id, parent_id, reaction_count, id) WHERE status = 'APPROVED' AND kind = 'COMMENT';
CREATE INDEX comment_pinned ON comments (article_id, pinned_at) WHERE pinned_at IS NOT NULL;
-- The moderation queue.
CREATE INDEX comment_waiting ON comments (posted_at, id) WHERE status = 'PENDING' AND kind = 'COMMENT';
CREATE INDEX comment_reported ON comments (posted_at, id) WHERE report_count > 0;
CREATE INDEX notification_unread ON notifications (user_id) WHERE read_at IS NULL;

-- How deep the comments that are there stand in their threads.
WITH RECURSIVE thread (id, depth, thread_id) AS (
  SELECT c.id, 1, p.id FROM comments c JOIN comments p ON p.id = c.parent_id WHERE p.parent_id IS NULL
  UNION ALL SELECT c.id, thread.depth + 1, thread.thread_id FROM comments c JOIN thread ON c.parent_id = thread.id
)
UPDATE comments SET depth = thread.depth, thread_id = thread.thread_id FROM thread WHERE thread.id = comments.id;
