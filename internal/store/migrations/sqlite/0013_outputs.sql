-- Settings of feeds, robots.txt and the like.
ALTER TABLE sites ADD COLUMN outputs json;

-- Old addresses of a WordPress site: /?p=123 and files that were uploaded.
CREATE INDEX article_numbered ON articles (substr(source_uri, instr(source_uri, '/?p='))) WHERE instr(source_uri, '/?p=') > 0;
CREATE INDEX page_numbered ON pages (substr(source_uri, instr(source_uri, '/?p='))) WHERE instr(source_uri, '/?p=') > 0;
CREATE INDEX media_uploaded ON media (substr(source_url, instr(source_url, '/wp-content/uploads/'))) WHERE instr(source_url, '/wp-content/uploads/') > 0;
