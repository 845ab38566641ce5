-- Working years that were given to everybody by mistake are taken back; and nobody asks where nobody may decide.

-- ---------------------------------------------------------------------------------------------- the ledger of leave

ALTER TABLE hr_leave_movement
    ADD COLUMN batch uuid,
    ADD COLUMN round int NOT NULL DEFAULT 0,
    DROP CONSTRAINT hr_leave_movement_act_known,
    DROP CONSTRAINT hr_leave_movement_sign,
    DROP CONSTRAINT hr_leave_movement_grant_by_norm,
    ADD CONSTRAINT hr_leave_movement_act_known
        CHECK (act IN ('grant', 'ungrant', 'carry', 'use', 'give-back', 'compensation', 'correction')),
    ADD CONSTRAINT hr_leave_movement_sign
        CHECK (centidays <> 0 AND CASE WHEN act IN ('grant', 'carry', 'give-back') THEN centidays > 0
                                       WHEN act IN ('ungrant', 'use', 'compensation') THEN centidays < 0 ELSE true END),
    ADD CONSTRAINT hr_leave_movement_grant_by_norm CHECK ((act IN ('grant', 'ungrant')) = (norm IS NOT NULL)),
    ADD CONSTRAINT hr_leave_movement_batch_of_grants
        CHECK (act IN ('grant', 'ungrant') OR batch IS NULL AND round = 0),
    ADD CONSTRAINT hr_leave_movement_ungrant_of_batch CHECK (act <> 'ungrant' OR batch IS NOT NULL);
DROP INDEX hr_leave_movement_granted_once;
CREATE UNIQUE INDEX hr_leave_movement_granted_once ON hr_leave_movement (organisation_id, person_id, year_start, norm, round) WHERE act = 'grant';
CREATE UNIQUE INDEX hr_leave_movement_ungranted_once ON hr_leave_movement (organisation_id, person_id, year_start, norm, round) WHERE act = 'ungrant';
CREATE INDEX hr_leave_movement_by_batch ON hr_leave_movement (organisation_id, batch) WHERE batch IS NOT NULL;
COMMENT ON COLUMN hr_leave_movement.batch IS 'What was given to everybody by one act; what is taken back of it names the same.';
COMMENT ON COLUMN hr_leave_movement.round IS 'Of a grant: how many times the same days were given and taken back before.';

CREATE OR REPLACE FUNCTION hr_leave_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_person int;
BEGIN
    FOR v_person IN SELECT DISTINCT n.person_id FROM moved n WHERE n.act IN ('use', 'compensation', 'give-back', 'ungrant') ORDER BY 1 LOOP
        PERFORM hr_leave_lock(v_person);
    END LOOP;
    IF EXISTS (SELECT FROM (SELECT DISTINCT organisation_id, person_id, year_start FROM moved WHERE act IN ('use', 'compensation', 'ungrant')) n
                 JOIN hr_leave_movement m USING (organisation_id, person_id, year_start)
                GROUP BY organisation_id, person_id, year_start HAVING sum(m.centidays) < 0) THEN
        RAISE EXCEPTION 'more days of leave are taken than a working year has' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT DISTINCT organisation_id, request_id, year_start FROM moved WHERE act = 'give-back') n
                 JOIN hr_leave_movement m USING (organisation_id, request_id, year_start)
                GROUP BY organisation_id, request_id, year_start HAVING sum(m.centidays) > 0) THEN
        RAISE EXCEPTION 'more days of leave are given back than were used' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM moved u
                WHERE u.act = 'ungrant'
                  AND NOT EXISTS (SELECT FROM hr_leave_movement g
                                   WHERE (g.organisation_id, g.person_id, g.year_start, g.norm, g.round, g.batch, g.centidays)
                                         = (u.organisation_id, u.person_id, u.year_start, u.norm, u.round, u.batch, -u.centidays)
                                     AND g.act = 'grant')) THEN
        RAISE EXCEPTION 'days of leave are taken back that were not given so' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_leave_guard() IS
    'Nobody takes more days than a working year has, no request gives back more than it used, and only what was given to everybody is taken back.';

DROP POLICY keeps ON hr_leave_movement;
CREATE POLICY keeps ON hr_leave_movement FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable())::int[]) AND act <> 'use' AND actor_id = (SELECT reference_actor())
                AND (key IS NULL AND act IN ('grant', 'ungrant', 'give-back') OR person_id IS DISTINCT FROM (SELECT hr_self())));
GRANT INSERT (batch, round) ON hr_leave_movement TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- who decides

CREATE FUNCTION hr_request_told(p_organisation int, p_approver int, p_apart int[]) RETURNS TABLE (user_id int) LANGUAGE plpgsql STABLE AS
$$
DECLARE v_approver int := (SELECT p.user_id FROM hr_person p WHERE p.id = p_approver);
BEGIN
    RETURN QUERY
    SELECT told.id FROM (
        SELECT v_approver AS id
         UNION
        SELECT d.delegate_id FROM reference_delegation d
         WHERE d.lender_id = v_approver AND d.role = 'manager' AND d.in_force @> reference_today()
           AND p_organisation IN (SELECT l.organisation_id FROM reference_reach(d.organisation_id, d.role, reference_today()) l)
    ) told WHERE told.id <> ALL (p_apart) ORDER BY 1;
    IF FOUND THEN RETURN; END IF;
    RETURN QUERY
    WITH RECURSIVE above AS (
        SELECT p_organisation AS id, 0 AS steps
         UNION
        SELECT l.parent_id, a.steps + 1 FROM above a
          JOIN reference_organisation_link l ON l.child_id = a.id AND l.in_force @> reference_today()
    ), heads AS (
        SELECT g.user_id, a.steps FROM above a
          JOIN reference_role_grant g ON g.organisation_id = a.id AND g.role = 'hr_head' AND g.in_force @> reference_today()
          JOIN reference_user u ON u.id = g.user_id AND u.in_force @> reference_today()
         WHERE g.user_id <> ALL (p_apart)
    )
    SELECT DISTINCT h.user_id FROM heads h WHERE h.steps = (SELECT min(steps) FROM heads) ORDER BY 1;
END $$;
COMMENT ON FUNCTION hr_request_told IS
    'Who is told of a request: its approver with their delegates, or where they stand apart the nearest heads of human resources.';

CREATE OR REPLACE FUNCTION hr_request_hearers(p_organisation int, p_request int) RETURNS TABLE (user_id int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    r hr_request%ROWTYPE;
    v_apart int[];
BEGIN
    IF (p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding())) IS NOT TRUE THEN RETURN; END IF;
    SELECT * INTO r FROM hr_request WHERE organisation_id = p_organisation AND id = p_request;
    v_apart := ARRAY(SELECT p.user_id FROM hr_person p WHERE p.id = r.person_id AND p.user_id IS NOT NULL
                      UNION
                     SELECT a.actor_id FROM hr_request_act a
                      WHERE a.organisation_id = p_organisation AND a.request_id = p_request AND a.act = 'submitted');
    RETURN QUERY SELECT t.user_id FROM hr_request_told(p_organisation, r.approver_id, v_apart) t;
END $$;

CREATE FUNCTION hr_request_is_heard(p_organisation int, p_person int, p_approver int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT coalesce(p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding()), false)
       AND EXISTS (SELECT FROM hr_request_told(p_organisation, p_approver,
                       ARRAY(SELECT p.user_id FROM hr_person p WHERE p.id = p_person AND p.user_id IS NOT NULL) || reference_actor()))
$$;
COMMENT ON FUNCTION hr_request_is_heard IS 'Whether anybody could decide on what the actor would ask for a person now.';

CREATE FUNCTION hr_request_waits_no_more(p_organisation int, p_request int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM hr_request r
                WHERE r.organisation_id = p_organisation AND r.id = p_request
                  AND (p_organisation = ANY (hr_writable() || hr_deciding())
                       OR p_organisation = ANY (hr_serving()) AND r.person_id = hr_self())) THEN
        UPDATE base_notification SET read_at = clock_timestamp()
         WHERE read_at IS NULL AND subject = 'inbox:' || p_organisation || '/' || p_request
           AND user_id IN (SELECT h.user_id FROM hr_request_hearers(p_organisation, p_request) h);
    END IF;
END $$;
COMMENT ON FUNCTION hr_request_waits_no_more IS 'Whoever was told that a request waits need not look any more: somebody decided, it was taken back, or is sent anew.';
REVOKE ALL ON FUNCTION hr_request_told, hr_request_is_heard, hr_request_waits_no_more FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_request_is_heard, hr_request_waits_no_more TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- the accountant's inbox

-- As 0038 has it; nobody acts on a settlement in another's name, whatever is sent.
CREATE OR REPLACE FUNCTION finance_settlement_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    s finance_settlement%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'drafted' THEN '{waiting}' WHEN 'taken' THEN '{waiting, taken}' WHEN 'put-back' THEN '{taken}'
                     WHEN 'declined' THEN '{waiting, taken}' ELSE '{waiting}' END;
BEGIN
    SELECT * INTO s FROM finance_settlement WHERE organisation_id = NEW.organisation_id AND id = NEW.settlement_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM s.version + 1 OR NOT s.state = ANY (v_from) OR (NEW.act = 'drafted') <> (NEW.version = 1)
       OR EXISTS (SELECT FROM ledger_command c WHERE c.organisation_id = s.organisation_id AND c.key = s.key)
       OR EXISTS (SELECT FROM finance_prepared p WHERE p.organisation_id = s.organisation_id AND p.key = s.key AND p.state <> 'withdrawn') THEN
        RAISE EXCEPTION 'settlement %/%: % in version %, state %', NEW.organisation_id, NEW.settlement_id, NEW.act, s.version, s.state
            USING ERRCODE = 'check_violation';
    END IF;
    NEW.actor_id := reference_actor();
    NEW.on_behalf_of := ledger_on_behalf_of();
    UPDATE finance_settlement
       SET state = CASE NEW.act WHEN 'drafted' THEN 'waiting' WHEN 'put-back' THEN 'waiting' ELSE NEW.act END, version = NEW.version,
           taken_by = CASE NEW.act WHEN 'taken' THEN NEW.actor_id END, reason = NEW.reason
     WHERE organisation_id = NEW.organisation_id AND id = NEW.settlement_id;
    RETURN NEW;
END $$;
