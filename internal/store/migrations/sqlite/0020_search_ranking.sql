-- The search index keeps what BM25F ranks by. It is made anew by a job.

DROP TRIGGER search_document_gone;
DROP TABLE search_documents;
INSERT INTO search_index (search_index) VALUES ('delete-all');
DELETE FROM search_words;

-- One row for each article. row: its rowid in search_index; published_at:
-- microseconds since 1970, null while readers may not see it; title: its stems;
-- vector: how often each word stands in each field, see internal/search/vector.go,
-- null until the index is made anew.
CREATE TABLE search_documents (
  article_id integer NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  row integer NOT NULL UNIQUE,
  published_at integer NULL,
  title text NOT NULL,
  vector blob NULL
);
CREATE TRIGGER search_document_gone AFTER DELETE ON search_documents BEGIN
  DELETE FROM search_index WHERE rowid = old.row;
END;

-- How a word of the vocabulary is spelt when it is suggested.
ALTER TABLE search_words ADD COLUMN spelling text NOT NULL DEFAULT '';

-- How many articles that readers can find have a stem, by its hash. Negative keys
-- are sums over all of them; see internal/search/frequency.go.
CREATE TABLE search_frequencies (
  stem integer NOT NULL PRIMARY KEY,
  articles integer NOT NULL
);

INSERT INTO jobs (kind, args, priority, unique_key, run_at, enqueued_at)
	SELECT 'search.rebuild', '{}', 1, 'once', stored.at, stored.at
	FROM (SELECT min(created_at) AS at FROM articles) AS stored
	WHERE stored.at IS NOT NULL;
