-- Staff: units, posts, persons, appointments, schedules on two time axes.

-- ---------------------------------------------------------------------------------------------- one mechanism

CREATE FUNCTION base_recorded(p_from xid8, p_until xid8) RETURNS int8range LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN int8range(p_from::text::bigint, p_until::text::bigint);
COMMENT ON FUNCTION base_recorded IS 'Transactions in which a fact was held true: from the one that recorded it up to the one that superseded it.';

CREATE FUNCTION base_bitemporal() RETURNS trigger LANGUAGE plpgsql AS
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
COMMENT ON FUNCTION base_bitemporal() IS 'Guards a table of facts on two time axes, whose subject its arguments name: facts are superseded once and never changed, and the order of transactions by number is the order in which they recorded, so that what was known below any number is without overlaps; who comes out of order is run again.';

-- ---------------------------------------------------------------------------------------------- whose records

CREATE FUNCTION hr_present() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(hr_readable(), '{}') || coalesce(hr_deciding(), '{}') || coalesce(hr_serving(), '{}') $$;
COMMENT ON FUNCTION hr_present() IS 'Organisations of whose staff this transaction may see names and posts: where it reads their records, decides on absences, or its actor serves.';

CREATE TABLE hr_person (
    id int GENERATED ALWAYS AS IDENTITY,
    user_id int,
    CONSTRAINT hr_person_pkey PRIMARY KEY (id),
    CONSTRAINT hr_person_user_key UNIQUE (user_id),
    CONSTRAINT hr_person_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user
);
COMMENT ON TABLE hr_person IS 'Persons who serve, or served, somewhere: common to all institutions, as users are; each is seen where they have an appointment, and by themselves.';
COMMENT ON COLUMN hr_person.user_id IS 'The account that the person signs in with, where there is one.';

CREATE FUNCTION hr_self() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT id FROM hr_person WHERE user_id = reference_actor() $$;
COMMENT ON FUNCTION hr_self() IS 'The person in whose name this transaction acts; null where the actor is on no staff.';

-- ---------------------------------------------------------------------------------------------- acts

CREATE TABLE hr_act (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    content_hash bytea NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    subject_id int NOT NULL,
    person_id int,
    reason text NOT NULL,
    rescinds int,
    actor_id int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT hr_act_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_act_key_key UNIQUE (organisation_id, key),
    CONSTRAINT hr_act_rescinded_once UNIQUE (organisation_id, rescinds),
    CONSTRAINT hr_act_rescinds_fkey FOREIGN KEY (organisation_id, rescinds) REFERENCES hr_act,
    CONSTRAINT hr_act_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_act_kind_known CHECK (kind IN ('change', 'correct', 'rescind')),
    CONSTRAINT hr_act_about_known CHECK (about IN ('hire', 'name', 'facts', 'appointment', 'schedule', 'unit', 'post')),
    CONSTRAINT hr_act_rescinds_one CHECK ((kind = 'rescind') = (rescinds IS NOT NULL)),
    CONSTRAINT hr_act_says_why CHECK (length(btrim(reason)) BETWEEN 3 AND 1000)
);
CREATE INDEX hr_act_by_person ON hr_act (organisation_id, person_id, id);
CREATE INDEX hr_act_by_subject ON hr_act (organisation_id, about, subject_id, id);
COMMENT ON TABLE hr_act IS 'By what facts of staff are recorded and superseded: a change (the world is otherwise from a day on), a correction (it was recorded amiss), or the undoing of an earlier act; append-only.';
COMMENT ON COLUMN hr_act.content_hash IS 'SHA-256 of the command; the same key with another content is refused.';
COMMENT ON COLUMN hr_act.subject_id IS 'Unit, staff unit, appointment, or person, as about says.';
COMMENT ON COLUMN hr_act.person_id IS 'Whose file it belongs to; null for acts on units and posts.';
COMMENT ON COLUMN hr_act.reason IS 'On what ground: an order, an application, what was mistaken.';

-- ---------------------------------------------------------------------------------------------- the staffing table

CREATE TABLE hr_unit (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT hr_unit_pkey PRIMARY KEY (organisation_id, id)
);
COMMENT ON TABLE hr_unit IS 'Units of organisations: departments, sections; what is known of them stands in hr_unit_fact.';

CREATE TABLE hr_staff_unit (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT hr_staff_unit_pkey PRIMARY KEY (organisation_id, id)
);
COMMENT ON TABLE hr_staff_unit IS 'Posts of the staffing table, whoever holds them; what is known of them stands in hr_staff_unit_fact.';

CREATE TABLE hr_unit_fact (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    unit_id int NOT NULL,
    valid daterange NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    parent_id int,
    head_id int,
    act_id int NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    superseded_xid xid8,
    superseded_by int,
    CONSTRAINT hr_unit_fact_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_unit_fact_unit_fkey FOREIGN KEY (organisation_id, unit_id) REFERENCES hr_unit,
    CONSTRAINT hr_unit_fact_parent_fkey FOREIGN KEY (organisation_id, parent_id) REFERENCES hr_unit,
    CONSTRAINT hr_unit_fact_head_fkey FOREIGN KEY (organisation_id, head_id) REFERENCES hr_staff_unit,
    CONSTRAINT hr_unit_fact_act_fkey FOREIGN KEY (organisation_id, act_id) REFERENCES hr_act,
    CONSTRAINT hr_unit_fact_one_a_day EXCLUDE USING gist
        (organisation_id WITH =, unit_id WITH =, valid WITH &&, base_recorded(recorded_xid, superseded_xid) WITH &&),
    CONSTRAINT hr_unit_fact_dated CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT hr_unit_fact_superseded_whole CHECK ((superseded_xid IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT hr_unit_fact_named CHECK (name_kk <> '' AND name_ru <> '' AND name_en <> '')
);
COMMENT ON TABLE hr_unit_fact IS 'What a unit is called, what it stands under and who heads it, by day and as it was known.';
COMMENT ON COLUMN hr_unit_fact.head_id IS 'The staff unit whose holder heads the unit.';

CREATE TABLE hr_staff_unit_fact (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    staff_unit_id int NOT NULL,
    valid daterange NOT NULL,
    unit_id int NOT NULL,
    title_kk text NOT NULL,
    title_ru text NOT NULL,
    title_en text NOT NULL,
    category text NOT NULL,
    staff_group text NOT NULL,
    percent int NOT NULL,
    act_id int NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    superseded_xid xid8,
    superseded_by int,
    CONSTRAINT hr_staff_unit_fact_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_staff_unit_fact_staff_unit_fkey FOREIGN KEY (organisation_id, staff_unit_id) REFERENCES hr_staff_unit,
    CONSTRAINT hr_staff_unit_fact_unit_fkey FOREIGN KEY (organisation_id, unit_id) REFERENCES hr_unit,
    CONSTRAINT hr_staff_unit_fact_act_fkey FOREIGN KEY (organisation_id, act_id) REFERENCES hr_act,
    CONSTRAINT hr_staff_unit_fact_one_a_day EXCLUDE USING gist
        (organisation_id WITH =, staff_unit_id WITH =, valid WITH &&, base_recorded(recorded_xid, superseded_xid) WITH &&),
    CONSTRAINT hr_staff_unit_fact_dated CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT hr_staff_unit_fact_superseded_whole CHECK ((superseded_xid IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT hr_staff_unit_fact_titled CHECK (title_kk <> '' AND title_ru <> '' AND title_en <> ''),
    CONSTRAINT hr_staff_unit_fact_group_known CHECK (staff_group IN ('civil-servant', 'civil-employee', 'worker')),
    CONSTRAINT hr_staff_unit_fact_some CHECK (percent BETWEEN 1 AND 1000000)
);
CREATE INDEX hr_staff_unit_fact_by_unit ON hr_staff_unit_fact (organisation_id, unit_id) WHERE superseded_xid IS NULL;
COMMENT ON TABLE hr_staff_unit_fact IS 'What a post is, in which unit, and how many of it the staffing table has, by day and as it was known.';
COMMENT ON COLUMN hr_staff_unit_fact.category IS 'Code of the category of the post (D-O-4); empty where posts have none.';
COMMENT ON COLUMN hr_staff_unit_fact.staff_group IS 'By which law its holders serve: civil servants, civil employees, workers under the Labour Code alone.';
COMMENT ON COLUMN hr_staff_unit_fact.percent IS 'Of one full post: 100 is one, 50 a half, 250 two and a half.';

CREATE TABLE hr_appointment (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    person_id int NOT NULL,
    CONSTRAINT hr_appointment_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_appointment_person_key UNIQUE (organisation_id, id, person_id),
    CONSTRAINT hr_appointment_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person
);
CREATE INDEX hr_appointment_by_person ON hr_appointment (person_id, organisation_id);
COMMENT ON TABLE hr_appointment IS 'Appointments of persons; what is known of them stands in hr_appointment_fact and hr_schedule.';

CREATE TABLE hr_appointment_fact (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    appointment_id int NOT NULL,
    person_id int NOT NULL,
    valid daterange NOT NULL,
    staff_unit_id int NOT NULL,
    percent int NOT NULL,
    number text NOT NULL,
    act_id int NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    superseded_xid xid8,
    superseded_by int,
    CONSTRAINT hr_appointment_fact_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_appointment_fact_appointment_fkey FOREIGN KEY (organisation_id, appointment_id, person_id)
        REFERENCES hr_appointment (organisation_id, id, person_id),
    CONSTRAINT hr_appointment_fact_staff_unit_fkey FOREIGN KEY (organisation_id, staff_unit_id) REFERENCES hr_staff_unit,
    CONSTRAINT hr_appointment_fact_act_fkey FOREIGN KEY (organisation_id, act_id) REFERENCES hr_act,
    CONSTRAINT hr_appointment_fact_one_a_day EXCLUDE USING gist
        (organisation_id WITH =, appointment_id WITH =, valid WITH &&, base_recorded(recorded_xid, superseded_xid) WITH &&),
    CONSTRAINT hr_appointment_fact_dated CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT hr_appointment_fact_superseded_whole CHECK ((superseded_xid IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT hr_appointment_fact_some CHECK (percent BETWEEN 1 AND 1000)
);
CREATE INDEX hr_appointment_fact_by_staff_unit ON hr_appointment_fact (organisation_id, staff_unit_id) WHERE superseded_xid IS NULL;
CREATE INDEX hr_appointment_fact_by_person ON hr_appointment_fact (organisation_id, person_id);
COMMENT ON TABLE hr_appointment_fact IS 'Which post an appointment holds, and how much of it, by day and as it was known; no fact: not appointed that day.';
COMMENT ON COLUMN hr_appointment_fact.percent IS 'Of one full post: 100 is a whole one, 25 a quarter.';
COMMENT ON COLUMN hr_appointment_fact.number IS 'Personnel number (timesheets, payroll); empty where none is given.';

CREATE TABLE hr_schedule (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    appointment_id int NOT NULL,
    person_id int NOT NULL,
    valid daterange NOT NULL,
    kind text NOT NULL,
    begins_on date NOT NULL,
    minutes smallint[] NOT NULL,
    act_id int NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    superseded_xid xid8,
    superseded_by int,
    CONSTRAINT hr_schedule_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_schedule_appointment_fkey FOREIGN KEY (organisation_id, appointment_id, person_id)
        REFERENCES hr_appointment (organisation_id, id, person_id),
    CONSTRAINT hr_schedule_act_fkey FOREIGN KEY (organisation_id, act_id) REFERENCES hr_act,
    CONSTRAINT hr_schedule_one_a_day EXCLUDE USING gist
        (organisation_id WITH =, appointment_id WITH =, valid WITH &&, base_recorded(recorded_xid, superseded_xid) WITH &&),
    CONSTRAINT hr_schedule_dated CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT hr_schedule_superseded_whole CHECK ((superseded_xid IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT hr_schedule_kind_known CHECK (kind IN ('five-day', 'six-day', 'shift')),
    CONSTRAINT hr_schedule_cycle CHECK (cardinality(minutes) BETWEEN 1 AND 56 AND 0 <= ALL (minutes) AND 1440 >= ALL (minutes)
        AND (kind = 'shift' OR cardinality(minutes) = 7 AND extract(isodow FROM begins_on) = 1))
);
CREATE INDEX hr_schedule_by_person ON hr_schedule (organisation_id, person_id);
COMMENT ON TABLE hr_schedule IS 'How an appointment is worked: a cycle of days, by day and as it was known.';
COMMENT ON COLUMN hr_schedule.begins_on IS 'A day on which the cycle begins; of a week, a Monday.';
COMMENT ON COLUMN hr_schedule.minutes IS 'Minutes worked on each day of the cycle, 0 on days off.';

-- ---------------------------------------------------------------------------------------------- who a person is

CREATE TABLE hr_person_name (
    id int GENERATED ALWAYS AS IDENTITY,
    person_id int NOT NULL,
    valid daterange NOT NULL,
    family_name text NOT NULL,
    given_name text NOT NULL,
    patronymic text NOT NULL,
    kept_by int NOT NULL,
    act_id int NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    superseded_xid xid8,
    superseded_by int,
    CONSTRAINT hr_person_name_pkey PRIMARY KEY (id),
    CONSTRAINT hr_person_name_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_person_name_act_fkey FOREIGN KEY (kept_by, act_id) REFERENCES hr_act,
    CONSTRAINT hr_person_name_one_a_day EXCLUDE USING gist
        (person_id WITH =, valid WITH &&, base_recorded(recorded_xid, superseded_xid) WITH &&),
    CONSTRAINT hr_person_name_dated CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT hr_person_name_superseded_whole CHECK ((superseded_xid IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT hr_person_name_given CHECK (family_name <> '' AND given_name <> '')
);
COMMENT ON TABLE hr_person_name IS 'What a person is called, by day and as it was known; seen by all who work where the person serves.';
COMMENT ON COLUMN hr_person_name.patronymic IS 'Empty where there is none.';
COMMENT ON COLUMN hr_person_name.kept_by IS 'The organisation that recorded it.';

CREATE TABLE hr_person_fact (
    id int GENERATED ALWAYS AS IDENTITY,
    person_id int NOT NULL,
    valid daterange NOT NULL,
    birth_on date,
    identity_sealed bytea,
    identity_index bytea,
    kept_by int NOT NULL,
    act_id int NOT NULL,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    superseded_xid xid8,
    superseded_by int,
    CONSTRAINT hr_person_fact_pkey PRIMARY KEY (id),
    CONSTRAINT hr_person_fact_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_person_fact_act_fkey FOREIGN KEY (kept_by, act_id) REFERENCES hr_act,
    CONSTRAINT hr_person_fact_one_a_day EXCLUDE USING gist
        (person_id WITH =, valid WITH &&, base_recorded(recorded_xid, superseded_xid) WITH &&),
    CONSTRAINT hr_person_fact_identity_of_one EXCLUDE USING gist
        (identity_index WITH =, person_id WITH <>, base_recorded(recorded_xid, superseded_xid) WITH &&) WHERE (identity_index IS NOT NULL),
    CONSTRAINT hr_person_fact_dated CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    CONSTRAINT hr_person_fact_superseded_whole CHECK ((superseded_xid IS NULL) = (superseded_by IS NULL)),
    CONSTRAINT hr_person_fact_identity_whole CHECK ((identity_sealed IS NULL) = (identity_index IS NULL))
);
COMMENT ON TABLE hr_person_fact IS 'What only those who keep a person''s file, and the person, may know: day of birth, identity number; by day and as it was known.';
COMMENT ON COLUMN hr_person_fact.identity_sealed IS 'Identity number (IIN), AES-256-GCM under the key file, bound to the person.';
COMMENT ON COLUMN hr_person_fact.identity_index IS 'HMAC-SHA-256 of the number under a key derived from the key file: by it two records of one person are found, and nothing is read.';
COMMENT ON COLUMN hr_person_fact.kept_by IS 'The organisation that recorded it.';

CREATE TABLE hr_read_log (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    person_id int NOT NULL,
    kind text NOT NULL,
    reader_id int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT hr_read_log_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_read_log_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_read_log_kind_known CHECK (kind IN ('file', 'identity'))
);
CREATE INDEX hr_read_log_by_person ON hr_read_log (person_id, id);
COMMENT ON TABLE hr_read_log IS 'Who opened whose file, and whose identity number; the person sees it; append-only.';

DO $$
DECLARE
    t text;
    subjects jsonb := '{"hr_unit_fact": "''organisation_id'', ''unit_id''", "hr_staff_unit_fact": "''organisation_id'', ''staff_unit_id''",
                        "hr_appointment_fact": "''organisation_id'', ''appointment_id''", "hr_schedule": "''organisation_id'', ''appointment_id''",
                        "hr_person_name": "''person_id''", "hr_person_fact": "''person_id''"}';
BEGIN
    FOR t IN SELECT jsonb_object_keys(subjects) LOOP
        EXECUTE format('CREATE TRIGGER bitemporal BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION base_bitemporal(%s)', t, subjects->>t);
        EXECUTE format('CREATE TRIGGER append_only BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE INDEX %I ON %I (act_id)', t || '_by_act', t);
        EXECUTE format('CREATE INDEX %I ON %I (superseded_by) WHERE superseded_by IS NOT NULL', t || '_by_end', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['hr_act', 'hr_read_log'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;

CREATE VIEW hr_service WITH (security_invoker = true) AS
SELECT a.organisation_id, a.person_id, a.appointment_id, a.staff_unit_id, p.unit_id, a.valid * p.valid AS valid, a.percent, a.number,
       p.category, p.staff_group, p.title_kk, p.title_ru, p.title_en
  FROM hr_appointment_fact a
  JOIN hr_staff_unit_fact p ON p.organisation_id = a.organisation_id AND p.staff_unit_id = a.staff_unit_id AND p.valid && a.valid
                           AND p.superseded_xid IS NULL
 WHERE a.superseded_xid IS NULL;
COMMENT ON VIEW hr_service IS 'Who serves in which post on which days, as it is known now.';

-- ---------------------------------------------------------------------------------------------- nobody beyond the staffing table

CREATE FUNCTION hr_overfilled(p_organisation int, p_staff_unit int) RETURNS date LANGUAGE sql STABLE AS
$$
    WITH held AS (SELECT valid, percent FROM hr_appointment_fact
                   WHERE organisation_id = p_organisation AND staff_unit_id = p_staff_unit AND superseded_xid IS NULL),
         there AS (SELECT valid, percent FROM hr_staff_unit_fact
                    WHERE organisation_id = p_organisation AND staff_unit_id = p_staff_unit AND superseded_xid IS NULL),
         days AS (SELECT lower(valid) AS day FROM held UNION SELECT lower(valid) FROM there UNION SELECT upper(valid) FROM there)
    SELECT min(d.day) FROM days d
     WHERE (SELECT coalesce(sum(h.percent), 0) FROM held h WHERE h.valid @> d.day)
         > (SELECT coalesce(sum(t.percent), 0) FROM there t WHERE t.valid @> d.day)
$$;
COMMENT ON FUNCTION hr_overfilled IS 'The first day on which more is appointed to a post than the staffing table has of it; null where there is none.';

CREATE FUNCTION hr_refuse_overfilled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('hr_staff_unit'), NEW.staff_unit_id);
    IF hr_overfilled(NEW.organisation_id, NEW.staff_unit_id) IS NOT NULL THEN
        RAISE EXCEPTION 'more is appointed to staff unit %/% than the staffing table has', NEW.organisation_id, NEW.staff_unit_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hr_staff_unit_not_overfilled';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER within_staffing AFTER INSERT ON hr_appointment_fact DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION hr_refuse_overfilled();
CREATE CONSTRAINT TRIGGER within_staffing AFTER INSERT OR UPDATE ON hr_staff_unit_fact DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION hr_refuse_overfilled();

CREATE FUNCTION hr_uncovered(p_organisation int, p_unit int) RETURNS date LANGUAGE sql STABLE AS
$$
    WITH there AS (SELECT coalesce(range_agg(valid), '{}') AS days FROM hr_unit_fact
                    WHERE organisation_id = p_organisation AND unit_id = p_unit AND superseded_xid IS NULL),
         inside AS (SELECT valid FROM hr_staff_unit_fact
                     WHERE organisation_id = p_organisation AND unit_id = p_unit AND superseded_xid IS NULL
                     UNION ALL
                    SELECT valid FROM hr_unit_fact
                     WHERE organisation_id = p_organisation AND parent_id = p_unit AND superseded_xid IS NULL)
    SELECT min(lower(datemultirange(i.valid) - t.days)) FROM inside i, there t WHERE NOT t.days @> i.valid
$$;
COMMENT ON FUNCTION hr_uncovered IS 'The first day on which a unit is not there, but posts or units stand in it; null where there is none.';

CREATE FUNCTION hr_stands_under_itself(p_organisation int, p_unit int) RETURNS boolean LANGUAGE sql STABLE AS
$$
    WITH RECURSIVE above(unit_id, valid) AS (
        SELECT parent_id, valid FROM hr_unit_fact
         WHERE organisation_id = p_organisation AND unit_id = p_unit AND superseded_xid IS NULL AND parent_id IS NOT NULL
         UNION
        SELECT f.parent_id, a.valid * f.valid FROM above a
          JOIN hr_unit_fact f ON f.organisation_id = p_organisation AND f.unit_id = a.unit_id AND f.superseded_xid IS NULL AND f.valid && a.valid
         WHERE f.parent_id IS NOT NULL AND a.unit_id <> p_unit
    )
    SELECT EXISTS (SELECT FROM above WHERE unit_id = p_unit)
$$;
COMMENT ON FUNCTION hr_stands_under_itself IS 'Whether a unit stands under itself on any day.';

CREATE FUNCTION hr_refuse_crooked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_units int[] := ARRAY[NEW.unit_id];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('hr_unit'), NEW.organisation_id);
    IF TG_TABLE_NAME = 'hr_unit_fact' THEN v_units := v_units || (to_jsonb(NEW)->>'parent_id')::int; END IF;
    IF EXISTS (SELECT FROM unnest(v_units) u WHERE hr_uncovered(NEW.organisation_id, u) IS NOT NULL)
       OR TG_TABLE_NAME = 'hr_unit_fact' AND hr_stands_under_itself(NEW.organisation_id, NEW.unit_id) THEN
        RAISE EXCEPTION 'units % of organisation % are not there, or stand under themselves, on some day', v_units, NEW.organisation_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hr_unit_upright';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_refuse_crooked() IS 'Units and posts stand in units that are there on the same days, and no unit stands under itself.';
CREATE CONSTRAINT TRIGGER upright AFTER INSERT OR UPDATE ON hr_unit_fact DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hr_refuse_crooked();
CREATE CONSTRAINT TRIGGER upright AFTER INSERT ON hr_staff_unit_fact DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hr_refuse_crooked();

-- ---------------------------------------------------------------------------------------------- doors

CREATE FUNCTION hr_register_person(p_organisation int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_person int;
BEGIN
    IF p_organisation <> ALL (hr_writable()) IS NOT FALSE THEN
        RAISE EXCEPTION 'records of organisation % are not kept here', p_organisation USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO hr_person DEFAULT VALUES RETURNING id INTO v_person;
    RETURN v_person;
END $$;
COMMENT ON FUNCTION hr_register_person IS 'A new person, seen by nobody until appointed.';

CREATE FUNCTION hr_person_known(p_organisation int, p_index bytea[]) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT f.person_id FROM hr_person_fact f
     WHERE p_organisation = ANY (hr_writable()) AND f.identity_index = ANY (p_index) AND f.superseded_xid IS NULL LIMIT 1
$$;
COMMENT ON FUNCTION hr_person_known IS 'The person who has an identity number, wherever they serve; for who keeps records.';

CREATE FUNCTION hr_serves_otherwise(p_organisation int, p_person int, p_act int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT EXISTS (SELECT FROM hr_appointment a
                     JOIN hr_appointment_fact f ON f.organisation_id = a.organisation_id AND f.appointment_id = a.id
                    WHERE p_organisation = ANY (hr_writable()) AND a.person_id = p_person AND f.superseded_xid IS NULL
                      AND (f.organisation_id, f.act_id) <> (p_organisation, p_act))
$$;
COMMENT ON FUNCTION hr_serves_otherwise IS 'Whether a person has an appointment, wherever, that does not stand on an act; for who keeps records.';

CREATE FUNCTION hr_link_user(p_organisation int, p_person int, p_user int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF p_organisation <> ALL (hr_writable()) IS NOT FALSE
       OR NOT EXISTS (SELECT FROM hr_appointment WHERE organisation_id = p_organisation AND person_id = p_person)
       OR p_user IS NOT NULL AND NOT EXISTS (SELECT FROM reference_grants_of(p_user, reference_today()) g WHERE g.organisation_id = p_organisation)
    THEN
        RETURN false;
    END IF;
    UPDATE hr_person SET user_id = p_user
     WHERE id = p_person AND NOT EXISTS (SELECT FROM hr_person o WHERE o.user_id = p_user AND o.id <> p_person);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION hr_link_user IS 'Says which account is a person''s, by who keeps their record; the account has a role there, and is nobody else''s. Null takes it away.';

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE
    t text;
    present text := 'organisation_id = ANY ((SELECT hr_present())::int[])';
    reads text := 'organisation_id = ANY ((SELECT hr_readable())::int[])';
    writes text := 'organisation_id = ANY ((SELECT hr_writable())::int[])';
    kept text := 'EXISTS (SELECT FROM hr_appointment a WHERE a.person_id = %I.person_id AND a.organisation_id = ANY ((SELECT %s())::int[]))';
BEGIN
    FOREACH t IN ARRAY ARRAY['hr_unit', 'hr_staff_unit', 'hr_unit_fact', 'hr_staff_unit_fact', 'hr_appointment', 'hr_appointment_fact', 'hr_schedule'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (%s)', t, present);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (%s)', t, writes);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['hr_unit_fact', 'hr_staff_unit_fact', 'hr_appointment_fact', 'hr_schedule'] LOOP
        EXECUTE format('CREATE POLICY supersedes ON %I FOR UPDATE USING (%s) WITH CHECK (%s)', t, writes, writes);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['hr_act', 'hr_read_log'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (%s)', t, reads);
        EXECUTE format('CREATE POLICY reads_own ON %I FOR SELECT USING (person_id = (SELECT hr_self()))', t);
    END LOOP;
    EXECUTE format('CREATE POLICY writes ON hr_act FOR INSERT WITH CHECK (%s)', writes);
    EXECUTE format('CREATE POLICY notes ON hr_read_log FOR INSERT WITH CHECK (%s AND reader_id = (SELECT reference_actor()))', reads);
    FOREACH t IN ARRAY ARRAY['hr_person_name', 'hr_person_fact'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (%s)', t,
                       format(kept, t, CASE t WHEN 'hr_person_name' THEN 'hr_present' ELSE 'hr_readable' END));
        EXECUTE format('CREATE POLICY reads_own ON %I FOR SELECT USING (person_id = (SELECT hr_self()))', t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (kept_by = ANY ((SELECT hr_writable())::int[]) AND %s)', t,
                       format(kept, t, 'hr_writable'));
        EXECUTE format('CREATE POLICY supersedes ON %I FOR UPDATE USING (%s)', t, format(kept, t, 'hr_writable'));
    END LOOP;
END $$;
ALTER TABLE hr_person ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON hr_person FOR SELECT USING
    (EXISTS (SELECT FROM hr_appointment a WHERE a.person_id = hr_person.id AND a.organisation_id = ANY ((SELECT hr_present())::int[])));
CREATE POLICY reads_own ON hr_person FOR SELECT USING (user_id = (SELECT reference_actor()));

GRANT SELECT ON hr_act, hr_unit, hr_unit_fact, hr_staff_unit, hr_staff_unit_fact, hr_appointment, hr_appointment_fact, hr_schedule, hr_person,
    hr_person_name, hr_person_fact, hr_read_log, hr_service TO qazyna_app;
GRANT INSERT (organisation_id, key, content_hash, kind, about, subject_id, person_id, reason, rescinds, actor_id, on_behalf_of, origin)
    ON hr_act TO qazyna_app;
GRANT INSERT (organisation_id) ON hr_unit, hr_staff_unit TO qazyna_app;
GRANT INSERT (organisation_id, person_id) ON hr_appointment TO qazyna_app;
GRANT INSERT (organisation_id, unit_id, valid, name_kk, name_ru, name_en, parent_id, head_id, act_id), UPDATE (superseded_xid, superseded_by)
    ON hr_unit_fact TO qazyna_app;
GRANT INSERT (organisation_id, staff_unit_id, valid, unit_id, title_kk, title_ru, title_en, category, staff_group, percent, act_id),
      UPDATE (superseded_xid, superseded_by) ON hr_staff_unit_fact TO qazyna_app;
GRANT INSERT (organisation_id, appointment_id, person_id, valid, staff_unit_id, percent, number, act_id), UPDATE (superseded_xid, superseded_by)
    ON hr_appointment_fact TO qazyna_app;
GRANT INSERT (organisation_id, appointment_id, person_id, valid, kind, begins_on, minutes, act_id), UPDATE (superseded_xid, superseded_by)
    ON hr_schedule TO qazyna_app;
GRANT INSERT (person_id, valid, family_name, given_name, patronymic, kept_by, act_id), UPDATE (superseded_xid, superseded_by)
    ON hr_person_name TO qazyna_app;
GRANT INSERT (person_id, valid, birth_on, identity_sealed, identity_index, kept_by, act_id), UPDATE (superseded_xid, superseded_by)
    ON hr_person_fact TO qazyna_app;
GRANT INSERT (organisation_id, person_id, kind, reader_id, on_behalf_of, origin) ON hr_read_log TO qazyna_app;

REVOKE ALL ON FUNCTION hr_self(), hr_register_person(int), hr_person_known(int, bytea[]), hr_link_user(int, int, int), hr_serves_otherwise(int, int, int), hr_refuse_overfilled(),
    hr_refuse_crooked() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_self(), hr_register_person(int), hr_person_known(int, bytea[]), hr_link_user(int, int, int),
    hr_serves_otherwise(int, int, int) TO qazyna_app;
