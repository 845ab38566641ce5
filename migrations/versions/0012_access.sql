-- Delegations, second factors, tokens of a few rights; names by day; who may change people and the tree.

-- ---------------------------------------------------------------------------------------------- scope

CREATE FUNCTION reference_administered() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.administers', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION reference_administered() IS 'Organisations whose people and place in the tree this transaction may change.';

CREATE FUNCTION reference_actor() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT nullif(current_setting('qazyna.actor', true), '')::int $$;
COMMENT ON FUNCTION reference_actor() IS 'The user in whose name this transaction acts; 0 is the program itself.';

CREATE FUNCTION reference_day(p_at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (p_at AT TIME ZONE interval '5 hours')::date;
COMMENT ON FUNCTION reference_day IS 'The calendar day in Kazakhstan at an instant; one zone for the whole country, since 1 March 2024.';

CREATE FUNCTION reference_today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE RETURN reference_day(clock_timestamp());
COMMENT ON FUNCTION reference_today() IS 'The calendar day in Kazakhstan.';

-- ---------------------------------------------------------------------------------------------- organisations

CREATE TABLE reference_organisation_name (
    organisation_id int NOT NULL,
    in_force daterange NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    CONSTRAINT reference_organisation_name_pkey PRIMARY KEY (organisation_id, in_force),
    CONSTRAINT reference_organisation_name_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT reference_organisation_name_one_a_day EXCLUDE USING gist (organisation_id WITH =, in_force WITH &&),
    CONSTRAINT reference_organisation_name_some_days CHECK (NOT isempty(in_force)),
    CONSTRAINT reference_organisation_name_given CHECK (name_kk <> '' AND name_ru <> '' AND name_en <> '')
);
COMMENT ON TABLE reference_organisation_name IS 'How an organisation is called on which days; the first name comes with its registration.';
-- Up to here nothing kept a name from being empty.
INSERT INTO reference_organisation_name
SELECT id, daterange(lower(in_force), NULL), coalesce(nullif(name_kk, ''), given), coalesce(nullif(name_ru, ''), given),
       coalesce(nullif(name_en, ''), given)
  FROM reference_organisation,
       coalesce(nullif(name_kk, ''), nullif(name_ru, ''), nullif(name_en, ''), nullif(code, ''), id::text) given;

COMMENT ON COLUMN reference_organisation.name_kk IS 'At registration; names by day stand in reference_organisation_name.';
COMMENT ON COLUMN reference_organisation.in_force IS 'From registration up to the day it was closed. A closed one keeps its place, so that those above still read its books.';

CREATE FUNCTION reference_name_first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    INSERT INTO reference_organisation_name (organisation_id, in_force, name_kk, name_ru, name_en)
    VALUES (NEW.id, daterange(lower(NEW.in_force), NULL), NEW.name_kk, NEW.name_ru, NEW.name_en);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION reference_name_first FROM PUBLIC;
CREATE TRIGGER name_first AFTER INSERT ON reference_organisation FOR EACH ROW EXECUTE FUNCTION reference_name_first();

CREATE FUNCTION reference_begins_within(p_part daterange, p_life daterange) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower_inf(p_part) THEN lower_inf(p_life) ELSE p_life @> lower(p_part) END;
COMMENT ON FUNCTION reference_begins_within IS 'Whether the first day of one interval lies in the other.';

CREATE FUNCTION reference_refuse_outside_life() RETURNS trigger LANGUAGE plpgsql AS
$$
DECLARE
    ends int[] := CASE TG_TABLE_NAME WHEN 'reference_serving'
        THEN ARRAY[(to_jsonb(NEW) ->> 'office_id')::int, (to_jsonb(NEW) ->> 'institution_id')::int]
        ELSE ARRAY[(to_jsonb(NEW) ->> 'child_id')::int, (to_jsonb(NEW) ->> 'parent_id')::int] END;
BEGIN
    IF EXISTS (SELECT FROM reference_organisation o
                WHERE o.id = ANY (ends) AND NOT reference_begins_within(NEW.in_force, o.in_force)) THEN
        RAISE EXCEPTION 'one of the organisations % is not there on %', ends, lower(NEW.in_force)
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER within_lives BEFORE INSERT OR UPDATE ON reference_organisation_link
    FOR EACH ROW EXECUTE FUNCTION reference_refuse_outside_life();
CREATE TRIGGER within_lives BEFORE INSERT OR UPDATE ON reference_serving
    FOR EACH ROW EXECUTE FUNCTION reference_refuse_outside_life();

CREATE FUNCTION reference_refuse_orphans() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT FROM reference_organisation_link l JOIN reference_organisation c ON c.id = l.child_id
                WHERE l.parent_id = NEW.id AND NOT upper_inf(NEW.in_force)
                  AND l.in_force && daterange(upper(NEW.in_force), NULL) AND c.in_force && daterange(upper(NEW.in_force), NULL)
                  AND l.in_force && c.in_force)
       OR EXISTS (SELECT FROM reference_serving s JOIN reference_organisation i ON i.id = s.institution_id
                   WHERE s.office_id = NEW.id AND NOT upper_inf(NEW.in_force)
                     AND s.in_force && daterange(upper(NEW.in_force), NULL)
                     AND i.in_force && daterange(upper(NEW.in_force), NULL)) THEN
        RAISE EXCEPTION 'organisation % stands above others, or serves others, after %', NEW.id, upper(NEW.in_force)
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_orphans BEFORE UPDATE OF in_force ON reference_organisation
    FOR EACH ROW EXECUTE FUNCTION reference_refuse_orphans();

-- Names of state bodies and their places are public; they are changed by who administers them.
ALTER TABLE reference_organisation ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_organisation_name ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_organisation_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_serving ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON reference_organisation FOR SELECT USING (true);
CREATE POLICY adds ON reference_organisation FOR INSERT WITH CHECK (cardinality((SELECT reference_administered())) > 0);
CREATE POLICY changes ON reference_organisation FOR UPDATE USING (id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY reads ON reference_organisation_name FOR SELECT USING (true);
CREATE POLICY adds ON reference_organisation_name FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY changes ON reference_organisation_name FOR UPDATE
    USING (organisation_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY reads ON reference_organisation_link FOR SELECT USING (true);
CREATE POLICY adds ON reference_organisation_link FOR INSERT
    WITH CHECK (parent_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY changes ON reference_organisation_link FOR UPDATE
    USING (parent_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY reads ON reference_serving FOR SELECT USING (true);
CREATE POLICY adds ON reference_serving FOR INSERT
    WITH CHECK (office_id = ANY ((SELECT reference_administered())::int[])
                AND institution_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY changes ON reference_serving FOR UPDATE
    USING (institution_id = ANY ((SELECT reference_administered())::int[]))
    WITH CHECK (institution_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY removes ON reference_serving FOR DELETE
    USING (institution_id = ANY ((SELECT reference_administered())::int[]));

GRANT INSERT (code, kind, name_kk, name_ru, name_en, in_force), UPDATE (in_force) ON reference_organisation TO qazyna_app;
GRANT SELECT, INSERT, UPDATE ON reference_organisation_name TO qazyna_app;
GRANT INSERT, UPDATE ON reference_organisation_link TO qazyna_app;
GRANT INSERT, UPDATE (office_id, in_force), DELETE ON reference_serving TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- people

ALTER TABLE reference_user
    ALTER COLUMN in_force DROP DEFAULT,
    ALTER COLUMN in_force TYPE datemultirange USING datemultirange(in_force),
    ALTER COLUMN in_force SET DEFAULT '{(,)}',
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN reference_user.in_force IS 'Days on which the person may sign in: each block leaves a gap.';
COMMENT ON COLUMN reference_user.must_change_password IS 'The password is one that an administrator gave: nothing else is done before another is chosen.';

CREATE FUNCTION reference_refuse_own_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF to_jsonb(NEW) - '{language,password_hash,must_change_password}'::text[]
       <> to_jsonb(OLD) - '{language,password_hash,must_change_password}'::text[]
       OR NEW.must_change_password <> OLD.must_change_password AND NEW.password_hash = OLD.password_hash THEN
        RAISE EXCEPTION 'user % may change only their own password and language', NEW.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_change BEFORE UPDATE ON reference_user FOR EACH ROW WHEN (NEW.id = reference_actor())
    EXECUTE FUNCTION reference_refuse_own_change();

-- Up to here nothing kept the days of a role from being none: such a role never counted, and nobody knows when.
DELETE FROM reference_role_grant WHERE isempty(in_force);
ALTER TABLE reference_role_grant ADD COLUMN withdrawn_on date,
    ADD CONSTRAINT reference_role_grant_some_days CHECK (isempty(in_force) = (withdrawn_on IS NOT NULL));
COMMENT ON COLUMN reference_role_grant.withdrawn_on IS 'Its first day, where it was ended on that day: from then on it counts on no day, but it counted until then.';
CREATE INDEX reference_role_grant_by_organisation ON reference_role_grant (organisation_id);

CREATE TABLE reference_delegation (
    id int GENERATED ALWAYS AS IDENTITY,
    lender_id int NOT NULL,
    delegate_id int NOT NULL,
    role text NOT NULL,
    organisation_id int NOT NULL,
    in_force daterange NOT NULL,
    withdrawn_on date,
    CONSTRAINT reference_delegation_pkey PRIMARY KEY (id),
    CONSTRAINT reference_delegation_lender_fkey FOREIGN KEY (lender_id) REFERENCES reference_user,
    CONSTRAINT reference_delegation_delegate_fkey FOREIGN KEY (delegate_id) REFERENCES reference_user,
    CONSTRAINT reference_delegation_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES reference_organisation,
    CONSTRAINT reference_delegation_to_another CHECK (lender_id <> delegate_id),
    CONSTRAINT reference_delegation_ends CHECK (NOT lower_inf(in_force) AND NOT upper_inf(in_force)),
    CONSTRAINT reference_delegation_some_days CHECK (isempty(in_force) = (withdrawn_on IS NOT NULL)),
    CONSTRAINT reference_delegation_once EXCLUDE USING gist
        (delegate_id WITH =, lender_id WITH =, role WITH =, organisation_id WITH =, in_force WITH &&)
);
CREATE INDEX reference_delegation_by_lender ON reference_delegation (lender_id);
CREATE INDEX reference_delegation_by_organisation ON reference_delegation (organisation_id);
COMMENT ON TABLE reference_delegation IS 'Roles at an organisation that one person hands to another for some days. It reaches only where the lender''s own role does on that day, so it ends with it, and what was lent cannot be lent on.';

COMMENT ON COLUMN reference_delegation.withdrawn_on IS 'Its first day, where it was ended on that day: from then on it counts on no day, but it counted until then.';

CREATE FUNCTION reference_keep_what_counted() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'DELETE' THEN
        IF lower(OLD.in_force) > reference_today() THEN RETURN OLD; END IF;
    ELSIF isempty(NEW.in_force) THEN
        IF lower(OLD.in_force) = reference_today() THEN
            NEW.withdrawn_on := reference_today();
            RETURN NEW;
        END IF;
    ELSIF lower(NEW.in_force) IS NOT DISTINCT FROM lower(OLD.in_force) AND NOT isempty(OLD.in_force)
          AND (TG_TABLE_NAME <> 'reference_delegation' OR NEW.in_force <@ OLD.in_force) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%: what counted stays, and what is lent only ends earlier', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION reference_keep_what_counted() IS 'Roles go only before they began, begin when they began, and, where lent, never last longer than was said.';
CREATE TRIGGER kept BEFORE UPDATE OF in_force OR DELETE ON reference_role_grant
    FOR EACH ROW EXECUTE FUNCTION reference_keep_what_counted();
CREATE TRIGGER kept BEFORE UPDATE OF in_force OR DELETE ON reference_delegation
    FOR EACH ROW EXECUTE FUNCTION reference_keep_what_counted();

-- ---------------------------------------------------------------------------------------------- who reaches what

CREATE FUNCTION reference_reach(p_organisation int, p_role text, p_day date) RETURNS TABLE (organisation_id int)
LANGUAGE sql STABLE AS
$$
    WITH RECURSIVE below AS (
        SELECT p_organisation AS organisation_id
        UNION
        SELECT l.child_id FROM below b
          JOIN reference_organisation_link l ON l.parent_id = b.organisation_id AND l.in_force @> p_day
    )
    SELECT organisation_id FROM below
    UNION
    SELECT s.institution_id FROM reference_serving s
     WHERE s.office_id = p_organisation AND s.in_force @> p_day
       AND p_role IN ('accountant', 'chief_accountant', 'treasurer', 'auditor')
$$;
COMMENT ON FUNCTION reference_reach IS 'Where a role held at an organisation counts on a day: there, below it, and, for roles that keep or check books, at the institutions it serves.';

CREATE FUNCTION reference_own_grants_of(p_user int, p_day date) RETURNS TABLE (organisation_id int, role text)
LANGUAGE sql STABLE AS
$$
    WITH RECURSIVE held AS (
        SELECT g.organisation_id, g.role FROM reference_role_grant g
         WHERE g.user_id = p_user AND g.in_force @> p_day
    ), reach AS (
        SELECT organisation_id, role FROM held
        UNION
        SELECT l.child_id, r.role FROM reach r
          JOIN reference_organisation_link l ON l.parent_id = r.organisation_id AND l.in_force @> p_day
    )
    SELECT organisation_id, role FROM reach
    UNION
    SELECT s.institution_id, h.role FROM held h
      JOIN reference_serving s ON s.office_id = h.organisation_id AND s.in_force @> p_day
     WHERE h.role IN ('accountant', 'chief_accountant', 'treasurer', 'auditor')
$$;
COMMENT ON FUNCTION reference_own_grants_of IS 'Every role that was granted to a user and counts on a day, with each organisation it reaches.';

DROP FUNCTION reference_grants_of(int, date);
CREATE FUNCTION reference_grants_of(p_user int, p_day date)
RETURNS TABLE (organisation_id int, role text, on_behalf_of int) LANGUAGE sql STABLE AS
$$
    SELECT organisation_id, role, NULL::int FROM reference_own_grants_of(p_user, p_day)
    UNION ALL
    SELECT DISTINCT lent.organisation_id, d.role, d.lender_id
      FROM reference_delegation d
      JOIN reference_user u ON u.id = d.lender_id AND u.in_force @> p_day
     CROSS JOIN LATERAL reference_reach(d.organisation_id, d.role, p_day) lent
     WHERE d.delegate_id = p_user AND d.in_force @> p_day
       AND (lent.organisation_id, d.role) IN (SELECT o.organisation_id, o.role FROM reference_own_grants_of(d.lender_id, p_day) o)
$$;
COMMENT ON FUNCTION reference_grants_of IS 'Every role a user holds on a day, with each organisation it reaches, and whose it is where it was lent.';

CREATE FUNCTION reference_refuse_lending() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF NOT EXISTS (SELECT FROM reference_own_grants_of(NEW.lender_id, lower(NEW.in_force)) o
                    WHERE o.organisation_id = NEW.organisation_id AND o.role = NEW.role) THEN
        RAISE EXCEPTION 'user % does not hold the role % there on %', NEW.lender_id, NEW.role, lower(NEW.in_force)
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_held BEFORE INSERT ON reference_delegation FOR EACH ROW EXECUTE FUNCTION reference_refuse_lending();

CREATE FUNCTION reference_is_on_top(p_organisation int, p_day date) RETURNS boolean LANGUAGE sql STABLE AS
$$
    SELECT NOT EXISTS (SELECT FROM reference_organisation_link l
                        WHERE l.child_id = p_organisation AND l.in_force @> p_day)
$$;
COMMENT ON FUNCTION reference_is_on_top IS 'Whether no body stands above the organisation on a day.';

CREATE FUNCTION reference_may_manage(p_user int) RETURNS boolean LANGUAGE sql STABLE AS
$$
    WITH held AS (SELECT g.organisation_id, g.in_force FROM reference_role_grant g WHERE g.user_id = p_user)
    SELECT NOT EXISTS (SELECT FROM held
                        WHERE in_force && daterange(reference_today(), NULL)
                          AND (organisation_id = ANY (reference_administered())) IS NOT TRUE)
       AND CASE WHEN EXISTS (SELECT FROM held)
           THEN EXISTS (SELECT FROM held WHERE organisation_id = ANY (reference_administered()))
           ELSE EXISTS (SELECT FROM unnest(reference_administered()) a(id)
                         WHERE reference_is_on_top(a.id, reference_today())) END
$$;
COMMENT ON FUNCTION reference_may_manage IS 'Whether all roles granted to a person, for now or later, are at organisations this transaction administers; of who never had one, whether it administers a body on top. What was lent to them takes nobody away from their administrator.';

CREATE FUNCTION reference_end_what_others_lent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    DELETE FROM reference_delegation
     WHERE delegate_id = NEW.id AND lower(in_force) > reference_today()
       AND (organisation_id = ANY (reference_administered())) IS NOT TRUE;
    UPDATE reference_delegation SET in_force = in_force * daterange(NULL, reference_today())
     WHERE delegate_id = NEW.id AND in_force @> reference_today()
       AND (organisation_id = ANY (reference_administered())) IS NOT TRUE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION reference_end_what_others_lent() IS 'Who gives a person a password could act as them: not with what was lent to them where the giver administers nothing.';
REVOKE ALL ON FUNCTION reference_end_what_others_lent FROM PUBLIC;
CREATE TRIGGER password_given AFTER UPDATE OF password_hash ON reference_user FOR EACH ROW
    WHEN (reference_actor() NOT IN (0, NEW.id)) EXECUTE FUNCTION reference_end_what_others_lent();

ALTER TABLE reference_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_role_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_delegation ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON reference_user FOR SELECT USING (true);
CREATE POLICY adds ON reference_user FOR INSERT WITH CHECK (cardinality((SELECT reference_administered())) > 0);
CREATE POLICY changes ON reference_user FOR UPDATE
    USING (id = (SELECT reference_actor()) OR reference_may_manage(id)) WITH CHECK (true);
CREATE POLICY reads ON reference_role_grant FOR SELECT USING (true);
CREATE POLICY adds ON reference_role_grant FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT reference_administered())::int[])
                AND user_id <> (SELECT reference_actor()));
CREATE POLICY changes ON reference_role_grant FOR UPDATE
    USING (organisation_id = ANY ((SELECT reference_administered())::int[]) AND user_id <> (SELECT reference_actor()));
CREATE POLICY removes ON reference_role_grant FOR DELETE
    USING (organisation_id = ANY ((SELECT reference_administered())::int[]) AND user_id <> (SELECT reference_actor()));
CREATE POLICY reads ON reference_delegation FOR SELECT USING (true);
CREATE POLICY adds ON reference_delegation FOR INSERT
    WITH CHECK (delegate_id <> (SELECT reference_actor())
                AND (lender_id = (SELECT reference_actor())
                     OR organisation_id = ANY ((SELECT reference_administered())::int[])));
CREATE POLICY changes ON reference_delegation FOR UPDATE
    USING (lender_id = (SELECT reference_actor()) OR organisation_id = ANY ((SELECT reference_administered())::int[]));
CREATE POLICY removes ON reference_delegation FOR DELETE
    USING (lender_id = (SELECT reference_actor()) OR organisation_id = ANY ((SELECT reference_administered())::int[]));

GRANT INSERT (login, name, password_hash, language, must_change_password),
    UPDATE (name, password_hash, must_change_password, in_force) ON reference_user TO qazyna_app;
GRANT INSERT (user_id, role, organisation_id, in_force), UPDATE (in_force), DELETE ON reference_role_grant TO qazyna_app;
GRANT SELECT, INSERT (lender_id, delegate_id, role, organisation_id, in_force), UPDATE (in_force), DELETE
    ON reference_delegation TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- signing in

CREATE TABLE reference_second_factor (
    user_id int NOT NULL,
    secret text NOT NULL,
    is_confirmed boolean NOT NULL DEFAULT false,
    last_step bigint NOT NULL DEFAULT 0,
    CONSTRAINT reference_second_factor_pkey PRIMARY KEY (user_id),
    CONSTRAINT reference_second_factor_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user
);
COMMENT ON TABLE reference_second_factor IS 'One-time codes by the clock (TOTP, RFC 6238) of who asked for them.';
COMMENT ON COLUMN reference_second_factor.secret IS 'Base32, shared with the person''s device.';
COMMENT ON COLUMN reference_second_factor.is_confirmed IS 'Whether a first code was right: from then on sign-in asks for one.';
COMMENT ON COLUMN reference_second_factor.last_step IS 'The 30 seconds whose code was used last: no code of them or of earlier ones is taken again.';

CREATE TABLE reference_recovery_code (
    user_id int NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    CONSTRAINT reference_recovery_code_pkey PRIMARY KEY (user_id, code_hash),
    CONSTRAINT reference_recovery_code_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user
);
COMMENT ON TABLE reference_recovery_code IS 'Codes for who has lost the device, each good once; 80 random bits, of which only the SHA-256 is kept.';

ALTER TABLE reference_session
    ADD COLUMN id int GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN agent text NOT NULL DEFAULT '',
    ADD COLUMN name text NOT NULL DEFAULT '',
    ADD COLUMN permissions text[],
    ADD COLUMN only_at int,
    ADD COLUMN tries smallint NOT NULL DEFAULT 0,
    DROP CONSTRAINT reference_session_kind_known,
    ADD CONSTRAINT reference_session_kind_known CHECK (kind IN ('browser', 'token', 'challenge')),
    ADD CONSTRAINT reference_session_id_key UNIQUE (id),
    ADD CONSTRAINT reference_session_only_at_fkey FOREIGN KEY (only_at) REFERENCES reference_organisation,
    ADD CONSTRAINT reference_session_only_tokens_are_cut CHECK (kind = 'token' OR (permissions IS NULL AND only_at IS NULL));
COMMENT ON COLUMN reference_session.kind IS 'browser; token, of a program; challenge, between the password and the code of the second factor.';
COMMENT ON COLUMN reference_session.agent IS 'What the browser calls itself, so that its owner knows it again.';
COMMENT ON COLUMN reference_session.name IS 'What a token is for.';
COMMENT ON COLUMN reference_session.permissions IS 'What a token was made for, never more than its user holds; null: all of that.';
COMMENT ON COLUMN reference_session.only_at IS 'The one organisation a token was made for; null: all of its user''s.';
COMMENT ON COLUMN reference_session.tries IS 'Codes tried at a challenge.';
COMMENT ON COLUMN reference_session.seen_at IS 'Last used, to within some minutes.';

-- Everybody's are seen by the program alone, which must find out who calls.
ALTER TABLE reference_second_factor ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_recovery_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE reference_session ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON reference_second_factor
    USING (user_id = (SELECT reference_actor()) OR (SELECT reference_actor()) = 0);
CREATE POLICY own ON reference_recovery_code
    USING (user_id = (SELECT reference_actor()) OR (SELECT reference_actor()) = 0);
CREATE POLICY own ON reference_session
    USING (user_id = (SELECT reference_actor()) OR (SELECT reference_actor()) = 0);
CREATE POLICY reads_managed ON reference_session FOR SELECT USING (reference_may_manage(user_id));
CREATE POLICY removes_managed ON reference_session FOR DELETE USING (reference_may_manage(user_id));

CREATE FUNCTION reference_forget_second_factor(p_user int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF (p_user = reference_actor() OR reference_may_manage(p_user)) IS NOT TRUE THEN
        RAISE EXCEPTION 'user % is beyond what this transaction administers', p_user USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM reference_recovery_code WHERE user_id = p_user;
    DELETE FROM reference_second_factor WHERE user_id = p_user;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION reference_forget_second_factor IS 'One-time codes off: one''s own, or of who lost the device; whoever manages a person never sees the secret.';

CREATE FUNCTION reference_signs_in(p_user int, OUT has_second_factor boolean, OUT seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT coalesce((SELECT f.is_confirmed FROM reference_second_factor f WHERE f.user_id = p_user), false),
           (SELECT max(s.seen_at) FROM reference_session s WHERE s.user_id = p_user AND s.kind = 'browser')
     WHERE EXISTS (SELECT FROM reference_role_grant g
                    WHERE g.user_id = p_user AND g.organisation_id = ANY (reference_administered()))
        OR EXISTS (SELECT FROM reference_delegation d
                    WHERE d.delegate_id = p_user AND d.organisation_id = ANY (reference_administered()))
        OR reference_may_manage(p_user)
$$;
COMMENT ON FUNCTION reference_signs_in IS 'How a person known where this transaction administers signs in: whether with codes, and when they were last seen.';

REVOKE ALL ON FUNCTION reference_forget_second_factor, reference_signs_in FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reference_forget_second_factor, reference_signs_in TO qazyna_app;
GRANT SELECT, INSERT (user_id, secret), UPDATE (secret, is_confirmed, last_step) ON reference_second_factor TO qazyna_app;
GRANT SELECT, INSERT (user_id, code_hash), UPDATE (used_at), DELETE ON reference_recovery_code TO qazyna_app;
REVOKE UPDATE ON reference_session FROM qazyna_app;
GRANT UPDATE (seen_at, tries) ON reference_session TO qazyna_app;
