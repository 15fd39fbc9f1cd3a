-- What ent/schema describes.

CREATE TABLE `ad_slots` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `placement` text NOT NULL,
  `name` text NOT NULL,
  `width` integer NOT NULL DEFAULT (0),
  `height` integer NOT NULL DEFAULT (0),
  `provider` text NOT NULL DEFAULT (''),
  `unit` text NOT NULL DEFAULT (''),
  `position` integer NOT NULL DEFAULT (0),
  `is_active` bool NOT NULL DEFAULT (true)
);
CREATE TABLE `articles` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `kind` text NOT NULL DEFAULT ('ARTICLE'),
  `status` text NOT NULL DEFAULT ('DRAFT'),
  `visibility` text NOT NULL DEFAULT ('PUBLIC'),
  `trashed_at` datetime NULL,
  `title` text NOT NULL,
  `subtitle` text NOT NULL DEFAULT (''),
  `slug` text NOT NULL,
  `excerpt` text NOT NULL DEFAULT (''),
  `language` text NOT NULL DEFAULT ('en'),
  `translation_group` integer NULL,
  `published_at` datetime NULL,
  `first_published_at` datetime NULL,
  `updated_at` datetime NULL,
  `corrected_at` datetime NULL,
  `scheduled_at` datetime NULL,
  `embargo_until` datetime NULL,
  `unpublish_at` datetime NULL,
  `word_count` integer NOT NULL DEFAULT (0),
  `reading_minutes` integer NOT NULL DEFAULT (0),
  `comment_count` integer NOT NULL DEFAULT (0),
  `comment_policy` text NOT NULL DEFAULT ('OPEN'),
  `comments_close_at` datetime NULL,
  `series_position` integer NULL,
  `version` integer NOT NULL DEFAULT (1),
  `created_by` integer NULL,
  `edited_at` datetime NULL,
  `source_uri` text NULL,
  `source_version_at` datetime NULL,
  `source_hash` text NOT NULL DEFAULT (''),
  `primary_category_id` integer NULL,
  `featured_media_id` integer NULL,
  `series_id` integer NULL,
  CONSTRAINT `articles_categories_primary_articles` FOREIGN KEY (`primary_category_id`) REFERENCES `categories` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `articles_media_featured_in` FOREIGN KEY (`featured_media_id`) REFERENCES `media` (`id`) ON DELETE SET NULL,
  CONSTRAINT `articles_series_articles` FOREIGN KEY (`series_id`) REFERENCES `series` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `articles_slug_key` ON `articles` (`slug`);
CREATE UNIQUE INDEX `articles_source_uri_key` ON `articles` (`source_uri`);
CREATE INDEX `article_translation_group` ON `articles` (`translation_group`);
CREATE INDEX `article_primary_category_id` ON `articles` (`primary_category_id`);
CREATE INDEX `article_series_id_series_position` ON `articles` (`series_id`, `series_position`);
CREATE INDEX `article_featured_media_id` ON `articles` (`featured_media_id`);
CREATE TABLE `article_details` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `blocks` json NOT NULL,
  `html` text NOT NULL DEFAULT (''),
  `text` text NOT NULL DEFAULT (''),
  `byline` text NOT NULL DEFAULT (''),
  `dateline` text NOT NULL DEFAULT (''),
  `editor_note` text NOT NULL DEFAULT (''),
  `seo` json NULL,
  `rights` json NULL,
  `source_name` text NOT NULL DEFAULT (''),
  `source_url` text NOT NULL DEFAULT (''),
  `custom` json NULL,
  `article_id` integer NOT NULL,
  CONSTRAINT `article_details_articles_detail` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `article_details_article_id_key` ON `article_details` (`article_id`);
CREATE TABLE `authors` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `kind` text NOT NULL DEFAULT ('PERSON'),
  `name` text NOT NULL,
  `slug` text NOT NULL,
  `bio` text NOT NULL DEFAULT (''),
  `labels` json NULL,
  `avatar_id` integer NULL,
  `user_id` integer NULL,
  CONSTRAINT `authors_media_avatar_of` FOREIGN KEY (`avatar_id`) REFERENCES `media` (`id`) ON DELETE SET NULL,
  CONSTRAINT `authors_users_author` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `authors_slug_key` ON `authors` (`slug`);
CREATE UNIQUE INDEX `authors_user_id_key` ON `authors` (`user_id`);
CREATE TABLE `bookmarks` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `article_id` integer NOT NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `bookmarks_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `bookmarks_users_bookmarks` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `bookmark_user_id_article_id` ON `bookmarks` (`user_id`, `article_id`);
CREATE INDEX `bookmark_user_id_created_at_id` ON `bookmarks` (`user_id`, `created_at`, `id`);
CREATE INDEX `bookmark_article_id` ON `bookmarks` (`article_id`);
CREATE TABLE `bylines` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `position` integer NOT NULL,
  `article_id` integer NOT NULL,
  `author_id` integer NOT NULL,
  CONSTRAINT `bylines_articles_bylines` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `bylines_authors_bylines` FOREIGN KEY (`author_id`) REFERENCES `authors` (`id`) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX `byline_article_id_author_id` ON `bylines` (`article_id`, `author_id`);
CREATE INDEX `byline_author_id` ON `bylines` (`author_id`);
CREATE TABLE `categories` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `name` text NOT NULL,
  `slug` text NOT NULL,
  `description` text NOT NULL DEFAULT (''),
  `labels` json NULL,
  `position` integer NOT NULL DEFAULT (0),
  `parent_id` integer NULL,
  CONSTRAINT `categories_categories_children` FOREIGN KEY (`parent_id`) REFERENCES `categories` (`id`) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX `categories_slug_key` ON `categories` (`slug`);
CREATE TABLE `comments` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `guest_name` text NOT NULL DEFAULT (''),
  `guest_email` text NOT NULL DEFAULT (''),
  `body` text NOT NULL,
  `kind` text NOT NULL DEFAULT ('COMMENT'),
  `status` text NOT NULL DEFAULT ('PENDING'),
  `posted_at` datetime NOT NULL,
  `edited_at` datetime NULL,
  `reply_count` integer NOT NULL DEFAULT (0),
  `source_uri` text NULL,
  `source_hash` text NOT NULL DEFAULT (''),
  `article_id` integer NOT NULL,
  `parent_id` integer NULL,
  `user_id` integer NULL,
  CONSTRAINT `comments_articles_comments` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comments_comments_replies` FOREIGN KEY (`parent_id`) REFERENCES `comments` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comments_users_comments` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `comments_source_uri_key` ON `comments` (`source_uri`);
CREATE INDEX `comment_parent_id` ON `comments` (`parent_id`);
CREATE INDEX `comment_article_id` ON `comments` (`article_id`);
CREATE INDEX `comment_user_id` ON `comments` (`user_id`);
CREATE INDEX `comment_status_posted_at` ON `comments` (`status`, `posted_at`);
CREATE TABLE `events` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `txid` integer NULL DEFAULT (0),
  `type` text NOT NULL,
  `entity` text NOT NULL,
  `entity_id` integer NOT NULL,
  `actor_id` integer NULL,
  `payload` json NULL,
  `occurred_at` datetime NOT NULL
);
CREATE INDEX `event_txid_id` ON `events` (`txid`, `id`);
CREATE INDEX `event_entity_entity_id` ON `events` (`entity`, `entity_id`);
CREATE TABLE `live_entries` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `title` text NOT NULL DEFAULT (''),
  `blocks` json NOT NULL,
  `html` text NOT NULL DEFAULT (''),
  `published_at` datetime NOT NULL,
  `is_key` bool NOT NULL DEFAULT (false),
  `is_pinned` bool NOT NULL DEFAULT (false),
  `article_id` integer NOT NULL,
  CONSTRAINT `live_entries_articles_live_entries` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
);
CREATE INDEX `liveentry_article_id_published_at` ON `live_entries` (`article_id`, `published_at`);
CREATE TABLE `media` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `kind` text NOT NULL DEFAULT ('IMAGE'),
  `blob_key` text NOT NULL DEFAULT (''),
  `source_url` text NOT NULL DEFAULT (''),
  `source_uri` text NULL,
  `content_type` text NOT NULL DEFAULT (''),
  `width` integer NOT NULL DEFAULT (0),
  `height` integer NOT NULL DEFAULT (0),
  `size` integer NOT NULL DEFAULT (0),
  `checksum` text NOT NULL DEFAULT (''),
  `alt` text NOT NULL DEFAULT (''),
  `caption` text NOT NULL DEFAULT (''),
  `credit` text NOT NULL DEFAULT (''),
  `focal_x` real NULL,
  `focal_y` real NULL,
  `rights` json NULL
);
CREATE UNIQUE INDEX `media_source_uri_key` ON `media` (`source_uri`);
CREATE TABLE `menus` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `location` text NOT NULL,
  `language` text NOT NULL DEFAULT (''),
  `name` text NOT NULL DEFAULT ('')
);
CREATE UNIQUE INDEX `menu_location_language` ON `menus` (`location`, `language`);
CREATE TABLE `menu_items` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `position` integer NOT NULL DEFAULT (0),
  `label` text NOT NULL DEFAULT (''),
  `labels` json NULL,
  `target_type` text NOT NULL DEFAULT ('NONE'),
  `target_id` integer NULL,
  `address` text NOT NULL DEFAULT (''),
  `menu_id` integer NOT NULL,
  `parent_id` integer NULL,
  CONSTRAINT `menu_items_menus_items` FOREIGN KEY (`menu_id`) REFERENCES `menus` (`id`) ON DELETE CASCADE,
  CONSTRAINT `menu_items_menu_items_children` FOREIGN KEY (`parent_id`) REFERENCES `menu_items` (`id`) ON DELETE CASCADE
);
CREATE TABLE `pages` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `title` text NOT NULL,
  `slug` text NOT NULL,
  `path` text NOT NULL,
  `status` text NOT NULL DEFAULT ('DRAFT'),
  `visibility` text NOT NULL DEFAULT ('PUBLIC'),
  `trashed_at` datetime NULL,
  `language` text NOT NULL DEFAULT ('en'),
  `translation_group` integer NULL,
  `position` integer NOT NULL DEFAULT (0),
  `published_at` datetime NULL,
  `updated_at` datetime NULL,
  `blocks` json NOT NULL,
  `html` text NOT NULL DEFAULT (''),
  `text` text NOT NULL DEFAULT (''),
  `seo` json NULL,
  `version` integer NOT NULL DEFAULT (1),
  `source_uri` text NULL,
  `source_hash` text NOT NULL DEFAULT (''),
  `custom` json NULL,
  `parent_id` integer NULL,
  CONSTRAINT `pages_pages_children` FOREIGN KEY (`parent_id`) REFERENCES `pages` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `pages_slug_key` ON `pages` (`slug`);
CREATE UNIQUE INDEX `pages_path_key` ON `pages` (`path`);
CREATE UNIQUE INDEX `pages_source_uri_key` ON `pages` (`source_uri`);
CREATE TABLE `places` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `name` text NOT NULL,
  `slug` text NOT NULL,
  `kind` text NOT NULL DEFAULT ('OTHER'),
  `country_code` text NOT NULL DEFAULT (''),
  `labels` json NULL,
  `latitude` real NULL,
  `longitude` real NULL
);
CREATE UNIQUE INDEX `places_slug_key` ON `places` (`slug`);
CREATE INDEX `place_country_code_kind` ON `places` (`country_code`, `kind`);
CREATE TABLE `redirects` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `path` text NOT NULL,
  `target_type` text NOT NULL DEFAULT ('ADDRESS'),
  `target_id` integer NULL,
  `address` text NOT NULL DEFAULT (''),
  `status_code` integer NOT NULL DEFAULT (301)
);
CREATE UNIQUE INDEX `redirects_path_key` ON `redirects` (`path`);
CREATE INDEX `redirect_target_type_target_id` ON `redirects` (`target_type`, `target_id`);
CREATE TABLE `related_pins` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `position` integer NOT NULL,
  `article_id` integer NOT NULL,
  `related_id` integer NOT NULL,
  CONSTRAINT `related_pins_articles_article` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `related_pins_articles_related` FOREIGN KEY (`related_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE
);
CREATE UNIQUE INDEX `relatedpin_article_id_related_id` ON `related_pins` (`article_id`, `related_id`);
CREATE INDEX `relatedpin_related_id` ON `related_pins` (`related_id`);
CREATE TABLE `series` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `name` text NOT NULL,
  `slug` text NOT NULL,
  `description` text NOT NULL DEFAULT (''),
  `labels` json NULL
);
CREATE UNIQUE INDEX `series_slug_key` ON `series` (`slug`);
CREATE TABLE `sites` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `name` text NOT NULL,
  `tagline` text NOT NULL DEFAULT (''),
  `description` text NOT NULL DEFAULT (''),
  `url` text NOT NULL DEFAULT (''),
  `language` text NOT NULL DEFAULT ('en'),
  `time_zone` text NOT NULL DEFAULT ('UTC'),
  `copyright_holder` text NOT NULL DEFAULT (''),
  `founded_year` integer NOT NULL DEFAULT (0),
  `logo_id` integer NULL,
  `logo_dark_id` integer NULL,
  `social_profiles` json NULL,
  `legal_documents` json NULL,
  `consents` json NULL
);
CREATE TABLE `tags` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `name` text NOT NULL,
  `slug` text NOT NULL,
  `scheme` text NOT NULL DEFAULT (''),
  `description` text NOT NULL DEFAULT (''),
  `labels` json NULL
);
CREATE UNIQUE INDEX `tags_slug_key` ON `tags` (`slug`);
CREATE TABLE `users` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `email` text NOT NULL,
  `display_name` text NOT NULL,
  `role` text NOT NULL DEFAULT ('READER'),
  `status` text NOT NULL DEFAULT ('ACTIVE'),
  `password_hash` text NOT NULL DEFAULT ('')
);
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
CREATE TABLE `article_tags` (
  `article_id` integer NOT NULL,
  `tag_id` integer NOT NULL,
  PRIMARY KEY (`article_id`, `tag_id`),
  CONSTRAINT `article_tags_article_id` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_tags_tag_id` FOREIGN KEY (`tag_id`) REFERENCES `tags` (`id`) ON DELETE CASCADE
);
CREATE TABLE `article_places` (
  `article_id` integer NOT NULL,
  `place_id` integer NOT NULL,
  PRIMARY KEY (`article_id`, `place_id`),
  CONSTRAINT `article_places_article_id` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_places_place_id` FOREIGN KEY (`place_id`) REFERENCES `places` (`id`) ON DELETE CASCADE
);
CREATE TABLE `article_categories` (
  `article_id` integer NOT NULL,
  `category_id` integer NOT NULL,
  PRIMARY KEY (`article_id`, `category_id`),
  CONSTRAINT `article_categories_article_id` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_categories_category_id` FOREIGN KEY (`category_id`) REFERENCES `categories` (`id`) ON DELETE CASCADE
);

-- Listings: one row for each place where a published article is listed, so that
-- every latestNews is one range of an index. kind: 0 site, 1 category (with its
-- sub-sections), 2 tag, 3 place, 4 author, 5 series; published_at: microseconds
-- since 1970. Kept by internal/content.
CREATE TABLE listings (
  kind integer NOT NULL,
  owner_id integer NOT NULL,
  published_at integer NOT NULL,
  article_id integer NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
  language text NOT NULL,
  PRIMARY KEY (kind, owner_id, published_at, article_id)
) WITHOUT ROWID;
CREATE INDEX listing_language ON listings (kind, owner_id, language, published_at, article_id);
CREATE INDEX listing_article ON listings (article_id);

-- Threads are read through this one.
CREATE INDEX comment_thread ON comments (article_id, parent_id, posted_at, id) WHERE status = 'APPROVED' AND kind = 'COMMENT';

-- The newsroom's work: everything that is not published.
CREATE INDEX article_work ON articles (status, modified_at) WHERE status <> 'PUBLISHED';

-- Work of the clock: what is due next.
CREATE INDEX article_scheduled ON articles (scheduled_at) WHERE status = 'SCHEDULED';
CREATE INDEX article_embargoed ON articles (embargo_until) WHERE status = 'EMBARGOED';
CREATE INDEX article_unpublish ON articles (unpublish_at) WHERE status = 'PUBLISHED' AND unpublish_at IS NOT NULL;

-- The other direction of the join tables.
CREATE INDEX article_tag_tag ON article_tags (tag_id, article_id);
CREATE INDEX article_place_place ON article_places (place_id, article_id);
CREATE INDEX article_category_category ON article_categories (category_id, article_id);
