-- A reader's reactions to the comments of one article are a range of an index.
ALTER TABLE comment_reactions ADD COLUMN article_id integer NOT NULL DEFAULT 0;
UPDATE comment_reactions SET article_id = (SELECT c.article_id FROM comments c WHERE c.id = comment_reactions.comment_id);
DROP INDEX commentreaction_user_id;
CREATE INDEX commentreaction_user_id_article_id_comment_id ON comment_reactions (user_id, article_id, comment_id);

-- When the next digest of a reader is sent.
ALTER TABLE reader_settings ADD COLUMN digest_due_at datetime NULL;
CREATE INDEX readersettings_digest_digest_due_at ON reader_settings (digest, digest_due_at);
