-- Failed sign-ins are counted for every login alike, so that being told to wait says nothing about who exists.

CREATE TABLE reference_sign_in_failure (
    login text NOT NULL,
    origin text NOT NULL,
    failures int NOT NULL,
    retry_at timestamptz NOT NULL,
    CONSTRAINT reference_sign_in_failure_pkey PRIMARY KEY (login, origin),
    CONSTRAINT reference_sign_in_failure_some CHECK (failures > 0)
);
CREATE INDEX reference_sign_in_failure_by_retry ON reference_sign_in_failure (retry_at);
COMMENT ON TABLE reference_sign_in_failure IS 'Sign-ins in a row that did not succeed; a success removes the row.';
COMMENT ON COLUMN reference_sign_in_failure.login IS 'As typed, in small letters, cut to 100 characters; nobody need have it.';
COMMENT ON COLUMN reference_sign_in_failure.origin IS 'Address the sign-in came from.';
COMMENT ON COLUMN reference_sign_in_failure.retry_at IS 'No sign-in is tried before this instant; grows with each failure.';

ALTER TABLE reference_user DROP COLUMN failed_attempts, DROP COLUMN retry_at;

CREATE INDEX reference_session_by_expiry ON reference_session (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON reference_sign_in_failure TO qazyna_app;
