-- Secrets of the second factor are sealed with a key that stands outside the database.

ALTER TABLE reference_second_factor
    ADD COLUMN sealed bytea,
    ALTER COLUMN secret DROP NOT NULL,
    ADD CONSTRAINT reference_second_factor_kept_once CHECK ((secret IS NULL) <> (sealed IS NULL));
COMMENT ON COLUMN reference_second_factor.sealed IS 'Base32, shared with the person''s device; AES-256-GCM under the key file, bound to the person.';
COMMENT ON COLUMN reference_second_factor.secret IS 'The same as it was kept before there was a key; the program seals it when it starts.';
REVOKE INSERT (user_id, secret), UPDATE (secret, is_confirmed, last_step) ON reference_second_factor FROM qazyna_app;
REVOKE SELECT ON reference_second_factor FROM qazyna_app;
GRANT SELECT (user_id, sealed, is_confirmed, last_step), INSERT (user_id, sealed), UPDATE (sealed, is_confirmed, last_step)
    ON reference_second_factor TO qazyna_app;
