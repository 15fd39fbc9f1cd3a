-- Each hour looks for reports of comments that still have what is kept for a time: few do.
CREATE INDEX comment_report_network ON comment_reports (created_at) WHERE user_id IS NULL AND reporter NOT LIKE 'gone:%';
CREATE INDEX comment_report_words ON comment_reports (decided_at) WHERE explanation <> '' OR law <> '';
CREATE INDEX comment_report_person ON comment_reports (created_at) WHERE email <> '' OR name <> '';

-- The count of an article has become that of the comments that readers can get to. It was
-- that of all shown ones, also those below comments that are not shown.
WITH RECURSIVE reached(id, removed_at) AS (
	SELECT c.id, c.removed_at FROM comments c WHERE c.parent_id IS NULL AND c.status = 'APPROVED' AND c.kind = 'COMMENT'
	UNION ALL SELECT c.id, c.removed_at FROM reached r JOIN comments c ON c.parent_id = r.id WHERE c.status = 'APPROVED' AND c.kind = 'COMMENT')
UPDATE articles SET comment_count = counted.n
	FROM (SELECT c.article_id, count(r.id) AS n FROM comments c LEFT JOIN reached r ON r.id = c.id AND r.removed_at IS NULL GROUP BY c.article_id) AS counted
	WHERE articles.id = counted.article_id AND articles.comment_count <> counted.n;
