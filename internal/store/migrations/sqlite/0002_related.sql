-- Related articles. Kept by internal/content; docs/related.md tells what for.

-- How many articles of a language (primary subtag) have been published. A
-- publisher holds the row of its language until it commits, so that no two
-- change the counts and lists of one language at once.
CREATE TABLE related_corpora (
  language text NOT NULL PRIMARY KEY,
  articles integer NOT NULL
) WITHOUT ROWID;

-- What articles are about: words, tags, series, places and people, by language.
-- count: articles that hold the term; name: of a tag, series, place or person.
CREATE TABLE terms (
  id integer NOT NULL PRIMARY KEY,
  key text NOT NULL,
  name text NOT NULL,
  count integer NOT NULL
);
CREATE UNIQUE INDEX terms_key_key ON terms (key);

-- The salient terms of an article, as [[term, weight], …]. words: how it spells
-- them, in the same order with a space between; listed: its postings are in
-- article_terms, as those of every visible article are; published: minutes since
-- 1970; revision: goes up when the article becomes another one.
CREATE TABLE article_profiles (
  article_id integer NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  language text NOT NULL,
  listed integer NOT NULL,
  published integer NOT NULL,
  section_id integer NOT NULL,
  body_hash integer NOT NULL,
  revision integer NOT NULL,
  terms text NOT NULL,
  words text NOT NULL
);
CREATE INDEX article_profile_published ON article_profiles (language, published, article_id);

-- The same the other way round. The newest articles of a term are one range.
CREATE TABLE article_terms (
  term_id integer NOT NULL,
  published integer NOT NULL,
  article_id integer NOT NULL,
  weight integer NOT NULL,
  PRIMARY KEY (term_id, published, article_id)
) WITHOUT ROWID;

-- The candidates of an article, best first, with scores and reasons.
CREATE TABLE article_candidates (
  article_id integer NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  candidates text NOT NULL
);

-- Articles whose related articles are still to be found, after a save in bulk.
CREATE TABLE related_pending (
  id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  article_id integer NOT NULL REFERENCES articles (id) ON DELETE CASCADE
);
CREATE INDEX related_pending_article ON related_pending (article_id);
