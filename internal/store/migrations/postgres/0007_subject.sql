-- What lists of related articles ask of each article stands in its own row.
ALTER TABLE articles ADD COLUMN body_hash bigint NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN subject_revision bigint NOT NULL DEFAULT 0;
-- A profile that is not listed or waits to be renewed may be of an older body:
-- without a hash it is computed when the article is next related.
UPDATE articles a SET subject_revision = f.revision,
	body_hash = CASE WHEN f.listed AND NOT EXISTS (SELECT 1 FROM related_pending r WHERE r.article_id = a.id) THEN f.body_hash ELSE 0 END
	FROM article_profiles f WHERE f.article_id = a.id;
-- Nodes of the version before still read and write this one; nobody else does.
ALTER TABLE article_profiles ALTER COLUMN revision SET DEFAULT 0;
