-- GraphQL documents that clients registered before they send them by name.
CREATE TABLE trusted_documents (
	document_id text PRIMARY KEY,
	text text NOT NULL,
	created_at timestamp with time zone NOT NULL
);
