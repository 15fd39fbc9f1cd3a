-- Not used since 0007, and not there in SQLite, whose rows are copied here.
ALTER TABLE article_profiles DROP COLUMN revision;
