-- What lists of related articles ask of each article stands in its own row.
ALTER TABLE `articles` ADD COLUMN `body_hash` integer NOT NULL DEFAULT (0);
ALTER TABLE `articles` ADD COLUMN `subject_revision` integer NOT NULL DEFAULT (0);
-- A profile that is not listed or waits to be renewed may be of an older body:
-- without a hash it is computed when the article is next related.
UPDATE articles SET subject_revision = f.revision,
	body_hash = CASE WHEN f.listed AND NOT EXISTS (SELECT 1 FROM related_pending r WHERE r.article_id = articles.id) THEN f.body_hash ELSE 0 END
	FROM article_profiles f WHERE f.article_id = articles.id;
ALTER TABLE article_profiles DROP COLUMN revision;
