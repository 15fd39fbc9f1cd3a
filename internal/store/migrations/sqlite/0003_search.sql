-- Search, kept by internal/search from what articles say.

-- One row for each article. row: its rowid in search_index; published_at:
-- microseconds since 1970, null while readers may not see it; head: the stems
-- that ranking reads.
CREATE TABLE search_documents (
  article_id integer NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  row integer NOT NULL UNIQUE,
  published_at integer NULL,
  head text NOT NULL
);

-- The inverted index holds stems made by internal/language. It keeps no text of
-- its own, and with contentless_delete needs none to delete a row; an
-- external-content table would need the old text and be corrupted by a wrong
-- one. Its rowid is the day of publication and the article's key, so that its
-- own order is the order of time.
CREATE VIRTUAL TABLE search_index USING fts5 (
  title, tags, bylines, excerpt, body, facts,
  content = '', contentless_delete = 1, tokenize = "ascii tokenchars '_'"
);
CREATE TRIGGER search_document_gone AFTER DELETE ON search_documents BEGIN
  DELETE FROM search_index WHERE rowid = old.row;
END;

-- The vocabulary: words as readers write them, their stems, and how many
-- articles had them when they were first indexed.
CREATE TABLE search_words (
  word text NOT NULL PRIMARY KEY,
  stem text NOT NULL,
  seen integer NOT NULL
) WITHOUT ROWID;
CREATE INDEX search_word_stem ON search_words (stem, seen);

-- Names to suggest: what follows each word's beginning in the folded name of a
-- section, tag, place, author or series (kind and owner_id as in listings).
CREATE TABLE search_names (
  folded text NOT NULL,
  kind integer NOT NULL,
  owner_id integer NOT NULL,
  PRIMARY KEY (folded, kind, owner_id)
) WITHOUT ROWID;
