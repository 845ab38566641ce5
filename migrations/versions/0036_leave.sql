-- Leave: kinds and norms as acts set them, and one ledger of days, the only source of every balance.

-- ---------------------------------------------------------------------------------------------- what acts set

CREATE TABLE reference_leave_kind (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    draws boolean NOT NULL,
    counting text NOT NULL,
    paid text NOT NULL,
    seniority boolean NOT NULL,
    least_days int,
    most_days int,
    timesheet_code text NOT NULL,
    act_kk text NOT NULL,
    act_ru text NOT NULL,
    act_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_leave_kind_pkey PRIMARY KEY (id),
    CONSTRAINT reference_leave_kind_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_leave_kind_counting_known CHECK (counting IN ('calendar', 'working')),
    CONSTRAINT reference_leave_kind_paid_known CHECK (paid IN ('yes', 'partly', 'no')),
    CONSTRAINT reference_leave_kind_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_leave_kind IS 'Kinds of leave, dated; loaded from a data package.';
COMMENT ON COLUMN reference_leave_kind.draws IS 'Whether its days are drawn from working years (hr_leave_movement).';
COMMENT ON COLUMN reference_leave_kind.seniority IS 'Whether its days count as service that gives leave; where not, they move the working year.';
COMMENT ON COLUMN reference_leave_kind.least_days IS 'Of one request, days that count; null: no limit.';
COMMENT ON COLUMN reference_leave_kind.most_days IS 'Of one request, days that count; null: no limit.';
COMMENT ON COLUMN reference_leave_kind.timesheet_code IS 'Letter of the timesheet.';

CREATE TABLE reference_leave_norm (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    staff_group text NOT NULL,
    days int NOT NULL,
    act_kk text NOT NULL,
    act_ru text NOT NULL,
    act_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_leave_norm_pkey PRIMARY KEY (id),
    CONSTRAINT reference_leave_norm_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_leave_norm_some CHECK (days > 0),
    CONSTRAINT reference_leave_norm_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_leave_norm IS 'Days of leave that a working year gives, dated; loaded from a data package.';
COMMENT ON COLUMN reference_leave_norm.staff_group IS 'Whom a working year gives them; empty: additional days, given to a person on a ground of their own.';

CREATE TABLE reference_leave_rule (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    value int NOT NULL,
    act_kk text NOT NULL,
    act_ru text NOT NULL,
    act_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_leave_rule_pkey PRIMARY KEY (id),
    CONSTRAINT reference_leave_rule_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_leave_rule_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_leave_rule IS 'Numbers in the rules of leave, dated; loaded from a data package.';
COMMENT ON COLUMN reference_leave_rule.value IS 'Days or months; of excluded_*: 1 the day is not counted inside a leave, 0 it is.';

GRANT SELECT ON reference_leave_kind, reference_leave_norm, reference_leave_rule TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- the ledger

CREATE TABLE hr_leave_movement (
    organisation_id int NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    person_id int NOT NULL,
    act text NOT NULL,
    year_start date NOT NULL,
    effective_on date NOT NULL,
    centidays int NOT NULL,
    norm text,
    request_id int,
    key uuid,
    reason text NOT NULL DEFAULT '',
    actor_id int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT hr_leave_movement_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_leave_movement_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_leave_movement_request_fkey FOREIGN KEY (organisation_id, request_id) REFERENCES hr_request,
    CONSTRAINT hr_leave_movement_act_known CHECK (act IN ('grant', 'carry', 'use', 'give-back', 'compensation', 'correction')),
    CONSTRAINT hr_leave_movement_sign CHECK (centidays <> 0 AND CASE WHEN act IN ('grant', 'carry', 'give-back') THEN centidays > 0
                                                                     WHEN act IN ('use', 'compensation') THEN centidays < 0 ELSE true END),
    CONSTRAINT hr_leave_movement_grant_by_norm CHECK ((act = 'grant') = (norm IS NOT NULL)),
    CONSTRAINT hr_leave_movement_use_by_request CHECK ((act IN ('use', 'give-back')) = (request_id IS NOT NULL)),
    CONSTRAINT hr_leave_movement_reason_given CHECK (act NOT IN ('carry', 'compensation', 'correction') OR length(btrim(reason)) >= 3)
);
CREATE UNIQUE INDEX hr_leave_movement_granted_once ON hr_leave_movement (organisation_id, person_id, year_start, norm) WHERE act = 'grant';
CREATE UNIQUE INDEX hr_leave_movement_used_once ON hr_leave_movement (organisation_id, request_id, year_start) WHERE act = 'use';
CREATE UNIQUE INDEX hr_leave_movement_key ON hr_leave_movement (organisation_id, key, person_id, year_start, act) WHERE key IS NOT NULL;
CREATE INDEX hr_leave_movement_by_request ON hr_leave_movement (organisation_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX hr_leave_movement_balance ON hr_leave_movement (organisation_id, person_id) INCLUDE (effective_on, year_start, act, centidays);
COMMENT ON TABLE hr_leave_movement IS 'What gave days of leave and what took them: append-only, the only source of every balance.';
COMMENT ON COLUMN hr_leave_movement.year_start IS 'First day of the working year whose days move.';
COMMENT ON COLUMN hr_leave_movement.effective_on IS 'From which day it counts: the first day of the working year, of the leave, or of what is given back.';
COMMENT ON COLUMN hr_leave_movement.centidays IS 'Hundredths of a day: given above nought, taken below.';
COMMENT ON COLUMN hr_leave_movement.norm IS 'Code of the norm (reference_leave_norm) by which a working year gave the days.';
COMMENT ON COLUMN hr_leave_movement.request_id IS 'The leave that used the days, or gave them back.';
COMMENT ON COLUMN hr_leave_movement.key IS 'Idempotency key of an act of human resources; null for what a request or a working year brings by itself.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON hr_leave_movement FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON hr_leave_movement FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- Uses of one person come one after another, so that what each leaves is seen by the next.
CREATE FUNCTION hr_leave_lock(p_person int) RETURNS void LANGUAGE sql AS
    $$ SELECT pg_advisory_xact_lock(hashtext('hr_leave_movement'), p_person) $$;
COMMENT ON FUNCTION hr_leave_lock IS 'Lets those who take one person''s days come one after another.';

CREATE FUNCTION hr_leave_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_person int;
BEGIN
    FOR v_person IN SELECT DISTINCT n.person_id FROM moved n WHERE n.act IN ('use', 'compensation', 'give-back') ORDER BY 1 LOOP
        PERFORM hr_leave_lock(v_person);
    END LOOP;
    IF EXISTS (SELECT FROM (SELECT DISTINCT organisation_id, person_id, year_start FROM moved WHERE act IN ('use', 'compensation')) n
                 JOIN hr_leave_movement m USING (organisation_id, person_id, year_start)
                GROUP BY organisation_id, person_id, year_start HAVING sum(m.centidays) < 0) THEN
        RAISE EXCEPTION 'more days of leave are taken than a working year has' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT organisation_id, request_id, year_start FROM moved WHERE act = 'give-back') n
                 JOIN hr_leave_movement m USING (organisation_id, request_id, year_start)
                GROUP BY organisation_id, request_id, year_start HAVING sum(m.centidays) > 0) THEN
        RAISE EXCEPTION 'more days of leave are given back than were used' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_leave_guard() IS 'Nobody takes more days than a working year has, and no request gives back more than it used.';
CREATE TRIGGER guard AFTER INSERT ON hr_leave_movement REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION hr_leave_guard();

CREATE FUNCTION hr_leave_of_its_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM hr_request r
                WHERE r.organisation_id = NEW.organisation_id AND r.id = NEW.request_id AND r.person_id = NEW.person_id AND r.kind = 'leave'
                  AND r.state IN ('approved', 'recalled', 'cancelled')) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'days of leave move by request %/%, which was not approved', NEW.organisation_id, NEW.request_id USING ERRCODE = 'check_violation';
END $$;
COMMENT ON FUNCTION hr_leave_of_its_request() IS 'Days are used and given back by an approved leave of the same person.';
CREATE CONSTRAINT TRIGGER of_its_request AFTER INSERT ON hr_leave_movement DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.request_id IS NOT NULL) EXECUTE FUNCTION hr_leave_of_its_request();

-- ---------------------------------------------------------------------------------------------- working years

-- Of the absences in their order, each that begins before the year would end makes it longer by its days; once one
-- begins after, so do all that follow, so the sum over those before it is whole.
CREATE FUNCTION hr_leave_year_end(p_organisation int, p_person int, p_start date) RETURNS date LANGUAGE sql STABLE AS
$$
    WITH uncounted AS (
        SELECT a.days * daterange(p_start, NULL) AS days
          FROM hr_absence a
          JOIN hr_request r ON r.organisation_id = a.organisation_id AND r.id = a.request_id
          JOIN reference_leave_kind k ON k.code = r.facts->>'kind' AND k.in_force @> lower(a.days) AND NOT k.seniority
         WHERE a.organisation_id = p_organisation AND a.person_id = p_person AND a.kind = 'leave' AND upper(a.days) > p_start
    ), in_order AS (
        SELECT lower(days) AS first, upper(days) - lower(days) AS length,
               coalesce(sum(upper(days) - lower(days)) OVER (ORDER BY lower(days) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::int AS before
          FROM uncounted
    )
    SELECT (p_start + interval '1 year')::date
           + coalesce((SELECT sum(length) FROM in_order WHERE first < (p_start + interval '1 year')::date + before), 0)::int
$$;
COMMENT ON FUNCTION hr_leave_year_end IS 'The first day after the working year that begins on p_start: a year, and as many days more as do not count as service.';

-- ---------------------------------------------------------------------------------------------- who sees what

ALTER TABLE hr_leave_movement ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON hr_leave_movement FOR SELECT USING (organisation_id = ANY ((SELECT hr_readable())::int[]));
CREATE POLICY reads_own ON hr_leave_movement FOR SELECT
    USING (organisation_id = ANY ((SELECT hr_serving())::int[]) AND person_id = (SELECT hr_self()));
CREATE POLICY reads_decided ON hr_leave_movement FOR SELECT
    USING (organisation_id = ANY ((SELECT hr_deciding())::int[])
           AND (organisation_id, person_id) IN (SELECT r.organisation_id, r.person_id FROM hr_request r));
CREATE POLICY keeps ON hr_leave_movement FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable())::int[]) AND act <> 'use');
CREATE POLICY decides ON hr_leave_movement FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_deciding())::int[]) AND act IN ('use', 'give-back'));
GRANT SELECT ON hr_leave_movement TO qazyna_app;
GRANT INSERT (organisation_id, person_id, act, year_start, effective_on, centidays, norm, request_id, key, reason, actor_id, on_behalf_of, origin)
    ON hr_leave_movement TO qazyna_app;
REVOKE ALL ON FUNCTION hr_leave_guard(), hr_leave_of_its_request(), hr_leave_lock, hr_leave_year_end FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_leave_lock, hr_leave_year_end TO qazyna_app;
