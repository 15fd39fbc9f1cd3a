-- Keys that execute only documents that were registered.
ALTER TABLE api_keys ADD COLUMN trusted_documents_only bool NOT NULL DEFAULT false;
