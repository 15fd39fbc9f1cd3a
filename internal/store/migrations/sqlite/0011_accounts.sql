-- Readers' accounts: links that prove an address or sign in, consents, exports.
ALTER TABLE `users` ADD COLUMN `language` text NOT NULL DEFAULT ('');
ALTER TABLE `users` ADD COLUMN `deletes_at` datetime NULL;
ALTER TABLE `one_time_tokens` ADD COLUMN `user_id` integer NULL CONSTRAINT `one_time_tokens_users_one_time_tokens` REFERENCES `users` (`id`) ON DELETE CASCADE;
ALTER TABLE `one_time_tokens` ADD COLUMN `email` text NOT NULL DEFAULT ('');
ALTER TABLE `one_time_tokens` ADD COLUMN `code_hash` text NOT NULL DEFAULT ('');
ALTER TABLE `one_time_tokens` ADD COLUMN `tries` integer NOT NULL DEFAULT (0);
CREATE INDEX `user_deletes_at` ON `users` (`deletes_at`);
CREATE INDEX `onetimetoken_purpose_email` ON `one_time_tokens` (`purpose`, `email`);
CREATE INDEX `onetimetoken_user_id` ON `one_time_tokens` (`user_id`);
CREATE TABLE `consent_records` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `document` text NOT NULL, `version` text NOT NULL, `text` text NOT NULL DEFAULT (''), `place` text NOT NULL DEFAULT (''), `given_at` datetime NOT NULL, `address` text NOT NULL DEFAULT (''), `user_agent` text NOT NULL DEFAULT (''), `newsletter_id` integer NULL, `subscriber_id` integer NULL, `user_id` integer NULL, CONSTRAINT `consent_records_newsletters_newsletter` FOREIGN KEY (`newsletter_id`) REFERENCES `newsletters` (`id`) ON DELETE SET NULL, CONSTRAINT `consent_records_subscribers_consents` FOREIGN KEY (`subscriber_id`) REFERENCES `subscribers` (`id`) ON DELETE CASCADE, CONSTRAINT `consent_records_users_consents` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
CREATE INDEX `consentrecord_user_id_given_at` ON `consent_records` (`user_id`, `given_at`);
CREATE INDEX `consentrecord_subscriber_id_given_at` ON `consent_records` (`subscriber_id`, `given_at`);
CREATE INDEX `consentrecord_newsletter_id` ON `consent_records` (`newsletter_id`);
CREATE INDEX `consentrecord_given_at` ON `consent_records` (`given_at`);
CREATE TABLE `data_exports` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `token_hash` text NULL, `archive` blob NULL, `requested_at` datetime NOT NULL, `expires_at` datetime NOT NULL, `user_id` integer NOT NULL, CONSTRAINT `data_exports_users_data_exports` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE);
CREATE UNIQUE INDEX `data_exports_token_hash_key` ON `data_exports` (`token_hash`);
CREATE INDEX `dataexport_user_id` ON `data_exports` (`user_id`);
CREATE INDEX `dataexport_expires_at` ON `data_exports` (`expires_at`);
CREATE TABLE `deliveries` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `status` text NOT NULL DEFAULT ('QUEUED'), `changed_at` datetime NOT NULL, `issue_id` integer NOT NULL, `subscriber_id` integer NOT NULL, CONSTRAINT `deliveries_newsletter_issues_deliveries` FOREIGN KEY (`issue_id`) REFERENCES `newsletter_issues` (`id`) ON DELETE CASCADE, CONSTRAINT `deliveries_subscribers_deliveries` FOREIGN KEY (`subscriber_id`) REFERENCES `subscribers` (`id`) ON DELETE CASCADE);
CREATE UNIQUE INDEX `delivery_issue_id_subscriber_id` ON `deliveries` (`issue_id`, `subscriber_id`);
CREATE INDEX `delivery_issue_id_status_id` ON `deliveries` (`issue_id`, `status`, `id`);
CREATE INDEX `delivery_subscriber_id` ON `deliveries` (`subscriber_id`);
CREATE TABLE `kept_mails` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `recipient` text NOT NULL, `subject` text NOT NULL, `message` blob NOT NULL, `created_at` datetime NOT NULL);
CREATE INDEX `keptmail_created_at` ON `kept_mails` (`created_at`);
CREATE TABLE `newsletters` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `created_at` datetime NOT NULL, `modified_at` datetime NOT NULL, `slug` text NOT NULL, `name` text NOT NULL, `description` text NOT NULL DEFAULT (''), `language` text NOT NULL DEFAULT ('en'), `frequency` text NOT NULL DEFAULT ('IRREGULAR'), `is_open` bool NOT NULL DEFAULT (true));
CREATE UNIQUE INDEX `newsletters_slug_key` ON `newsletters` (`slug`);
CREATE TABLE `newsletter_issues` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `created_at` datetime NOT NULL, `modified_at` datetime NOT NULL, `subject` text NOT NULL, `intro` text NOT NULL DEFAULT (''), `source` text NOT NULL DEFAULT ('LATEST'), `category_id` integer NULL, `article_ids` json NULL, `article_count` integer NOT NULL DEFAULT (10), `status` text NOT NULL DEFAULT ('DRAFT'), `articles` json NULL, `created_by` integer NULL, `started_at` datetime NULL, `sent_at` datetime NULL, `newsletter_id` integer NOT NULL, CONSTRAINT `newsletter_issues_newsletters_issues` FOREIGN KEY (`newsletter_id`) REFERENCES `newsletters` (`id`) ON DELETE CASCADE);
CREATE INDEX `newsletterissue_newsletter_id_id` ON `newsletter_issues` (`newsletter_id`, `id`);
CREATE TABLE `signing_keys` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL, `key` text NOT NULL, `created_at` datetime NOT NULL);
CREATE UNIQUE INDEX `signing_keys_name_key` ON `signing_keys` (`name`);
CREATE TABLE `subscribers` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `email` text NOT NULL, `language` text NOT NULL DEFAULT (''), `created_at` datetime NOT NULL);
CREATE UNIQUE INDEX `subscribers_email_key` ON `subscribers` (`email`);
CREATE INDEX `subscriber_created_at` ON `subscribers` (`created_at`);
CREATE TABLE `subscriptions` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `status` text NOT NULL DEFAULT ('CONFIRMED'), `created_at` datetime NOT NULL, `confirmed_at` datetime NOT NULL, `ended_at` datetime NULL, `newsletter_id` integer NOT NULL, `subscriber_id` integer NOT NULL, CONSTRAINT `subscriptions_newsletters_subscriptions` FOREIGN KEY (`newsletter_id`) REFERENCES `newsletters` (`id`) ON DELETE CASCADE, CONSTRAINT `subscriptions_subscribers_subscriptions` FOREIGN KEY (`subscriber_id`) REFERENCES `subscribers` (`id`) ON DELETE CASCADE);
CREATE UNIQUE INDEX `subscription_subscriber_id_newsletter_id` ON `subscriptions` (`subscriber_id`, `newsletter_id`);
CREATE INDEX `subscription_newsletter_id_status_subscriber_id` ON `subscriptions` (`newsletter_id`, `status`, `subscriber_id`);
CREATE TABLE `suppressions` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `email_hash` text NOT NULL, `reason` text NOT NULL, `created_at` datetime NOT NULL);
CREATE UNIQUE INDEX `suppressions_email_hash_key` ON `suppressions` (`email_hash`);
CREATE INDEX `suppression_created_at` ON `suppressions` (`created_at`);

-- Audit entries are kept for as long as the settings say, and never for less
-- than thirty days.
DROP TRIGGER audit_entries_are_not_removed;
CREATE TRIGGER audit_entries_are_not_removed BEFORE DELETE ON audit_entries
WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%S', 'now', '-30 days')
BEGIN SELECT RAISE(ABORT, 'audit entries of the last 30 days are not removed'); END;
