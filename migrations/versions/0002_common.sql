-- Organisations, people, and what happened.

CREATE TABLE reference_organisation (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    kind text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL DEFAULT '(,)',
    CONSTRAINT reference_organisation_pkey PRIMARY KEY (id),
    CONSTRAINT reference_organisation_code_key UNIQUE (code),
    CONSTRAINT reference_organisation_kind_known CHECK (kind IN ('state', 'oblast', 'district', 'administrator', 'institution'))
);
COMMENT ON TABLE reference_organisation IS 'State institutions and the bodies above them.';
COMMENT ON COLUMN reference_organisation.code IS 'Business identification number (BIN), 12 digits.';

CREATE TABLE reference_organisation_link (
    child_id int NOT NULL,
    parent_id int NOT NULL,
    in_force daterange NOT NULL DEFAULT '(,)',
    CONSTRAINT reference_organisation_link_pkey PRIMARY KEY (child_id, in_force),
    CONSTRAINT reference_organisation_link_child_fkey FOREIGN KEY (child_id) REFERENCES reference_organisation,
    CONSTRAINT reference_organisation_link_parent_fkey FOREIGN KEY (parent_id) REFERENCES reference_organisation,
    CONSTRAINT reference_organisation_link_one_parent EXCLUDE USING gist (child_id WITH =, in_force WITH &&),
    CONSTRAINT reference_organisation_link_not_itself CHECK (child_id <> parent_id)
);
CREATE INDEX reference_organisation_link_by_parent ON reference_organisation_link (parent_id);
COMMENT ON TABLE reference_organisation_link IS 'The dated tree: one parent at a time.';

CREATE FUNCTION reference_refuse_cycle() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reference_organisation_link'));
    IF EXISTS (
        WITH RECURSIVE up AS (
            SELECT NEW.parent_id AS id, NEW.in_force
            UNION
            SELECT l.parent_id, up.in_force * l.in_force
              FROM up JOIN reference_organisation_link l ON l.child_id = up.id AND l.in_force && up.in_force
        ) SELECT FROM up WHERE id = NEW.child_id) THEN
        RAISE EXCEPTION 'organisation % would stand above itself', NEW.child_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_cycle BEFORE INSERT OR UPDATE ON reference_organisation_link
    FOR EACH ROW EXECUTE FUNCTION reference_refuse_cycle();

CREATE TABLE reference_serving (
    office_id int NOT NULL,
    institution_id int NOT NULL,
    in_force daterange NOT NULL DEFAULT '(,)',
    CONSTRAINT reference_serving_pkey PRIMARY KEY (institution_id, in_force),
    CONSTRAINT reference_serving_office_fkey FOREIGN KEY (office_id) REFERENCES reference_organisation,
    CONSTRAINT reference_serving_institution_fkey FOREIGN KEY (institution_id) REFERENCES reference_organisation,
    CONSTRAINT reference_serving_one_office EXCLUDE USING gist (institution_id WITH =, in_force WITH &&),
    CONSTRAINT reference_serving_not_itself CHECK (office_id <> institution_id)
);
CREATE INDEX reference_serving_by_office ON reference_serving (office_id);
COMMENT ON TABLE reference_serving IS 'Which centralised accounting office keeps whose books.';

CREATE TABLE reference_user (
    id int GENERATED ALWAYS AS IDENTITY,
    login text NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    language text NOT NULL DEFAULT 'kk',
    in_force daterange NOT NULL DEFAULT '(,)',
    failed_attempts int NOT NULL DEFAULT 0,
    retry_at timestamptz,
    CONSTRAINT reference_user_pkey PRIMARY KEY (id),
    CONSTRAINT reference_user_login_key UNIQUE (login),
    CONSTRAINT reference_user_login_lower CHECK (login = lower(login) AND login ~ '^[a-z0-9][a-z0-9._@-]+$'),
    CONSTRAINT reference_user_language_known CHECK (language IN ('kk', 'ru', 'en'))
);
COMMENT ON TABLE reference_user IS 'People who sign in.';
COMMENT ON COLUMN reference_user.password_hash IS 'argon2id.';
COMMENT ON COLUMN reference_user.retry_at IS 'No sign-in is tried before this instant; grows with each failure.';

CREATE TABLE reference_role_grant (
    id int GENERATED ALWAYS AS IDENTITY,
    user_id int NOT NULL,
    role text NOT NULL,
    organisation_id int NOT NULL,
    in_force daterange NOT NULL DEFAULT '(,)',
    CONSTRAINT reference_role_grant_pkey PRIMARY KEY (id),
    CONSTRAINT reference_role_grant_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT reference_role_grant_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT reference_role_grant_once EXCLUDE USING gist
        (user_id WITH =, role WITH =, organisation_id WITH =, in_force WITH &&),
    CONSTRAINT reference_role_grant_role_known CHECK (role IN ('accountant', 'chief_accountant', 'treasurer', 'planner',
        'budget_head', 'hr_officer', 'hr_head', 'manager', 'employee', 'auditor', 'administrator'))
);
COMMENT ON TABLE reference_role_grant IS 'Roles people hold at an organisation; they reach down its tree and to the institutions it serves.';

CREATE TABLE reference_session (
    token_hash bytea NOT NULL,
    user_id int NOT NULL,
    kind text NOT NULL,
    origin text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT reference_session_pkey PRIMARY KEY (token_hash),
    CONSTRAINT reference_session_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT reference_session_kind_known CHECK (kind IN ('browser', 'token'))
);
CREATE INDEX reference_session_by_user ON reference_session (user_id);
COMMENT ON TABLE reference_session IS 'Signed-in browsers and API tokens; only the SHA-256 of the secret is kept.';

CREATE FUNCTION reference_grants_of(p_user int, p_day date) RETURNS TABLE (organisation_id int, role text)
LANGUAGE sql STABLE AS
$$
    WITH RECURSIVE reach AS (
        SELECT g.organisation_id, g.role FROM reference_role_grant g
         WHERE g.user_id = p_user AND g.in_force @> p_day
        UNION
        SELECT l.child_id, r.role FROM reach r
          JOIN reference_organisation_link l ON l.parent_id = r.organisation_id AND l.in_force @> p_day
    )
    SELECT organisation_id, role FROM reach
    UNION
    SELECT s.institution_id, g.role FROM reference_role_grant g
      JOIN reference_serving s ON s.office_id = g.organisation_id AND s.in_force @> p_day
     WHERE g.user_id = p_user AND g.in_force @> p_day
$$;
COMMENT ON FUNCTION reference_grants_of IS 'Every role a user holds on a day, with each organisation it reaches.';

CREATE TABLE base_audit_event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id int NOT NULL,
    origin text NOT NULL,
    organisation_id int,
    action text NOT NULL,
    subject text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT base_audit_event_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE base_audit_event IS 'What happened outside the ledger: who, when, from where; append-only.';

CREATE FUNCTION base_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON base_audit_event FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON base_audit_event FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

GRANT SELECT ON reference_organisation, reference_organisation_link, reference_serving, reference_user,
    reference_role_grant, reference_session TO qazyna_app;
GRANT INSERT, UPDATE, DELETE ON reference_session TO qazyna_app;
GRANT UPDATE (failed_attempts, retry_at, language) ON reference_user TO qazyna_app;
GRANT INSERT ON base_audit_event TO qazyna_app;
GRANT SELECT ON alembic_version TO qazyna_app;  -- so that a login without the owner's rights sees that nothing is to be run
