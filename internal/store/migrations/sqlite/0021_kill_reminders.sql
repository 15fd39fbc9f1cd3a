-- Where a partner is written to, and when it was reminded of a story that was
-- killed.
ALTER TABLE api_keys ADD COLUMN contact_email text NOT NULL DEFAULT '';
ALTER TABLE partner_copies ADD COLUMN reminded_at datetime;
