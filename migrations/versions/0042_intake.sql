-- Lists of people on their way onto the staff: sealed, private, gone once they are accepted.

CREATE TABLE hr_intake (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    owner_id int NOT NULL,
    key uuid NOT NULL,
    mark bytea NOT NULL,
    name text NOT NULL,
    brought bytea,
    mended bytea,
    settings jsonb NOT NULL,
    revision int NOT NULL DEFAULT 1,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted_at timestamptz,
    people int NOT NULL DEFAULT 0,
    appointments int NOT NULL DEFAULT 0,
    CONSTRAINT hr_intake_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_intake_key_key UNIQUE (organisation_id, owner_id, key),
    CONSTRAINT hr_intake_owner_fkey FOREIGN KEY (owner_id) REFERENCES reference_user,
    CONSTRAINT hr_intake_name_short CHECK (length(name) <= 200),
    CONSTRAINT hr_intake_form CHECK (jsonb_typeof(settings) = 'object'),
    CONSTRAINT hr_intake_gone_once_accepted CHECK (brought IS NOT NULL OR accepted_at IS NOT NULL AND mended IS NULL),
    CONSTRAINT hr_intake_counted CHECK (people BETWEEN 0 AND appointments)
);
CREATE INDEX hr_intake_by_owner ON hr_intake (organisation_id, owner_id, id);
COMMENT ON TABLE hr_intake IS 'Lists of people that a person brought: nobody is on the staff by them before they are accepted; nobody but their owner sees them, while they keep records there.';
COMMENT ON COLUMN hr_intake.mark IS 'HMAC-SHA-256 of what was brought, under a key derived from the key file: by it the same list is known under the same key.';
COMMENT ON COLUMN hr_intake.brought IS 'Rows as they came, AES-256-GCM under the key file; accepted rows are taken out, and with the last of them the list is gone.';
COMMENT ON COLUMN hr_intake.mended IS 'What the person wrote over cells, by address, and rows they left out, by number; sealed likewise; null where nothing.';
COMMENT ON COLUMN hr_intake.settings IS 'How the list is read: the field of each column, the last row of heads, what rows without it say, what is created where it is missing.';
COMMENT ON COLUMN hr_intake.revision IS 'Grows with every change; who saves names the one that they saw.';
COMMENT ON COLUMN hr_intake.people IS 'Persons who are on the staff by it; with the appointments of those who were there before, appointments.';

DO $$
DECLARE own text := 'organisation_id = ANY ((SELECT hr_writable())::int[]) AND owner_id = (SELECT reference_actor())';
BEGIN
    ALTER TABLE hr_intake ENABLE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY reads ON hr_intake FOR SELECT USING (%s)', own);
    EXECUTE format('CREATE POLICY writes ON hr_intake FOR INSERT WITH CHECK (%s)', own);
    EXECUTE format('CREATE POLICY changes ON hr_intake FOR UPDATE USING (%s) WITH CHECK (%s)', own, own);
    EXECUTE format('CREATE POLICY removes ON hr_intake FOR DELETE USING (%s)', own);
END $$;
GRANT SELECT, INSERT (organisation_id, owner_id, key, mark, name, brought, settings),
    UPDATE (brought, mended, settings, revision, updated_at, accepted_at, people, appointments), DELETE ON hr_intake TO qazyna_app;

CREATE FUNCTION hr_persons_known(p_organisation int, p_indexes bytea[]) RETURNS TABLE (identity_index bytea, person_id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT f.identity_index, f.person_id FROM hr_person_fact f
     WHERE p_organisation = ANY (hr_writable()) AND f.identity_index = ANY (p_indexes) AND f.superseded_xid IS NULL
$$;
COMMENT ON FUNCTION hr_persons_known IS 'The persons who have some identity numbers, wherever they serve; for who keeps records.';
REVOKE ALL ON FUNCTION hr_persons_known(int, bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_persons_known(int, bytea[]) TO qazyna_app;

-- The guard of facts sees them all, whatever the rows that its user sees: a person's may be recorded elsewhere too, and
-- policies would be asked anew for each row of a long list.
CREATE OR REPLACE FUNCTION base_bitemporal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_later boolean;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.superseded_xid IS NOT NULL OR NEW.superseded_xid IS DISTINCT FROM pg_current_xact_id() OR NEW.superseded_by IS NULL
           OR to_jsonb(NEW) - '{superseded_xid,superseded_by}'::text[] <> to_jsonb(OLD) - '{superseded_xid,superseded_by}'::text[] THEN
            RAISE EXCEPTION '%: what was recorded stays as it was; it is superseded once, by the transaction that does it', TG_TABLE_NAME
                USING ERRCODE = 'check_violation';
        END IF;
        v_later := OLD.recorded_xid > pg_current_xact_id();
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %s AND valid && ($1).valid AND superseded_xid > pg_current_xact_id())', TG_TABLE_NAME,
                       (SELECT string_agg(format('%I = ($1).%I', c, c), ' AND ') FROM unnest(TG_ARGV) c)) INTO v_later USING NEW;
    END IF;
    IF v_later THEN
        RAISE EXCEPTION '%: a younger transaction has recorded here already', TG_TABLE_NAME USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION base_bitemporal() FROM PUBLIC;
