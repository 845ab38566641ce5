-- Trips: a report and a recall wait for each other, an advance is open at every desk; nobody's desk is a head's; the trail of a staff.

-- ---------------------------------------------------------------------------------------------- who decides

CREATE OR REPLACE FUNCTION hr_request_has_desk(p_organisation int, p_person int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT p_organisation = ANY (hr_serving() || hr_readable() || hr_writable() || hr_deciding())
       AND EXISTS (SELECT FROM hr_person p
                     JOIN reference_user u ON u.id = p.user_id AND u.in_force @> reference_today()
                    CROSS JOIN LATERAL reference_own_grants_of(u.id, reference_today()) g
                    WHERE p.id = p_person AND g.organisation_id = p_organisation AND g.role = 'manager')
$$;

-- As 0047 has it; an approver who decides there no more is told nothing: the heads are.
CREATE OR REPLACE FUNCTION hr_request_told(p_organisation int, p_approver int, p_apart int[]) RETURNS TABLE (user_id int) LANGUAGE plpgsql STABLE AS
$$
DECLARE v_approver int := (SELECT p.user_id FROM hr_person p WHERE p.id = p_approver AND hr_request_has_desk(p_organisation, p_approver));
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

-- As 0047 has it; whoever it waited for need not look either, though they decide no more.
CREATE OR REPLACE FUNCTION hr_request_waits_no_more(p_organisation int, p_request int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE r hr_request%ROWTYPE;
BEGIN
    SELECT * INTO r FROM hr_request WHERE organisation_id = p_organisation AND id = p_request;
    IF p_organisation = ANY (hr_writable() || hr_deciding()) OR p_organisation = ANY (hr_serving()) AND r.person_id = hr_self() THEN
        UPDATE base_notification SET read_at = clock_timestamp()
         WHERE read_at IS NULL AND subject = 'inbox:' || p_organisation || '/' || p_request
           AND user_id IN (SELECT h.user_id FROM hr_request_hearers(p_organisation, p_request) h
                            UNION
                           SELECT p.user_id FROM hr_person p WHERE p.id = r.approver_id);
    END IF;
END $$;

-- ---------------------------------------------------------------------------------------------- reports

CREATE INDEX hr_request_cancelled_trips ON hr_request (organisation_id, id) WHERE kind = 'trip' AND state = 'cancelled';

-- As 0037 has it; whoever acts on a report holds its request first, as a recall does.
CREATE OR REPLACE FUNCTION hr_trip_report_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    r hr_request%ROWTYPE;
    t hr_trip_report%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'submitted' THEN '{none, returned}' WHEN 'returned' THEN '{submitted, approved}' ELSE '{submitted}' END;
    v_decides boolean;
    v_own boolean;
BEGIN
    SELECT * INTO r FROM hr_request WHERE organisation_id = NEW.organisation_id AND id = NEW.request_id FOR SHARE;
    SELECT * INTO t FROM hr_trip_report WHERE organisation_id = NEW.organisation_id AND request_id = NEW.request_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM t.version + 1 OR NOT t.state = ANY (v_from) OR NEW.revision <> t.revision + (NEW.act = 'submitted')::int
       OR (r.kind = 'trip' AND r.state IN ('approved', 'recalled', 'cancelled')) IS NOT TRUE THEN
        RAISE EXCEPTION 'report of trip %/% is % after act %: it cannot be % by act %', NEW.organisation_id, NEW.request_id, t.state, t.version,
            NEW.act, NEW.version USING ERRCODE = 'check_violation';
    END IF;
    NEW.actor_id := reference_actor();
    NEW.at := clock_timestamp();
    SELECT h.decides, h.is_own, h.on_behalf_of, h.lenders INTO v_decides, v_own, NEW.on_behalf_of, NEW.lenders
      FROM hr_request_hand(NEW.organisation_id, NEW.request_id) h;
    IF NEW.act = 'submitted' THEN
        NEW.on_behalf_of := ledger_on_behalf_of();
        NEW.lenders := coalesce(hr_request_lenders(NEW.actor_id, NEW.organisation_id, NEW.on_behalf_of), '{}');
    ELSIF v_own OR NOT v_decides OR EXISTS (
            SELECT FROM hr_trip_report_act a
             WHERE a.organisation_id = NEW.organisation_id AND a.request_id = NEW.request_id AND a.act = 'submitted'
               AND (a.actor_id || a.lenders) && (NEW.actor_id || NEW.lenders)) THEN
        RAISE EXCEPTION 'report of trip %/% is not for user % to decide on', NEW.organisation_id, NEW.request_id, NEW.actor_id
            USING ERRCODE = 'insufficient_privilege', HINT = 'nobody decides on their own report, nor stands for who did it';
    END IF;
    UPDATE hr_trip_report SET state = NEW.act, version = NEW.version, revision = NEW.revision
     WHERE organisation_id = NEW.organisation_id AND request_id = NEW.request_id;
    RETURN NEW;
END $$;

CREATE FUNCTION hr_trip_report_stands() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF EXISTS (SELECT FROM hr_trip_report t
                WHERE t.organisation_id = NEW.organisation_id AND t.request_id = NEW.request_id AND t.state IN ('submitted', 'approved')) THEN
        RAISE EXCEPTION 'trip %/% is recalled under a report that is handed in', NEW.organisation_id, NEW.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_trip_report_stands() IS 'A trip is not recalled while its report is handed in, nor once it is approved.';
CREATE CONSTRAINT TRIGGER recalled_unreported AFTER INSERT ON hr_request_act DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.act IN ('recalled', 'cancelled')) EXECUTE FUNCTION hr_trip_report_stands();
DROP FUNCTION hr_lock_trip_report;

CREATE FUNCTION hr_trip_advances(p_organisation int, p_person int) RETURNS TABLE (request_id int, key uuid, first date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF p_organisation = ANY (hr_writable()) OR p_organisation = ANY (hr_serving()) AND p_person = hr_self()
       OR EXISTS (SELECT FROM hr_request r JOIN hr_request_desks() d ON d.organisation_id = r.organisation_id AND d.person_id IN (0, r.approver_id)
                   WHERE r.organisation_id = p_organisation AND r.person_id = p_person) THEN
        RETURN QUERY
        SELECT r.id, r.key, lower(r.days) FROM hr_request r
          LEFT JOIN hr_trip_report t ON t.organisation_id = r.organisation_id AND t.request_id = r.id
         WHERE r.organisation_id = p_organisation AND r.kind = 'trip' AND r.person_id = p_person
           AND r.state IN ('approved', 'recalled', 'cancelled')
           AND CAST(r.facts -> 'facts' ->> 'advance_tiyn' AS bigint) > 0 AND t.state IS DISTINCT FROM 'approved'
         ORDER BY r.id;
    END IF;
END $$;
COMMENT ON FUNCTION hr_trip_advances IS
    'Trips of a person that asked for an advance and have no approved report, whoever decided on them: for the person, for who keeps records, and for who decides on another request of theirs.';

-- Papers of a trip are settled with its report; what somebody attached amiss they take off again before it is handed in.
ALTER POLICY attaches_to_trips ON base_attachment
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable() || hr_serving())::int[]) AND added_by = (SELECT reference_actor())
                AND EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = base_attachment.organisation_id AND r.id = hr_trip_of(subject))
                AND NOT EXISTS (SELECT FROM hr_trip_report t
                                 WHERE t.organisation_id = base_attachment.organisation_id AND t.request_id = hr_trip_of(subject)
                                   AND t.state = 'approved'));
ALTER POLICY removes_from_trips ON base_attachment
    USING (organisation_id = ANY ((SELECT hr_writable() || hr_serving())::int[]) AND added_by = (SELECT reference_actor())
           AND EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = base_attachment.organisation_id AND r.id = hr_trip_of(subject))
           AND NOT EXISTS (SELECT FROM hr_trip_report t
                            WHERE t.organisation_id = base_attachment.organisation_id AND t.request_id = hr_trip_of(subject)
                              AND t.state IN ('submitted', 'approved')));

REVOKE ALL ON FUNCTION hr_trip_report_stands(), hr_trip_advances FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_trip_advances TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- the trail

CREATE FUNCTION base_of_the_staff(p_subject text, p_action text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT CASE split_part(p_subject, ':', 1) WHEN 'organisation' THEN p_action ~ '^(staffing|people|leave)-'
                                                 ELSE split_part(p_subject, ':', 1) IN ('person', 'unit', 'post', 'request', 'trip', 'people-file') END $$;
COMMENT ON FUNCTION base_of_the_staff(text, text) IS
    'Whether an event tells of people who serve, their posts or their trips, or of an act on a whole staff: then it is read with the records of staff too.';
ALTER POLICY reads ON base_audit_event USING (
    CASE WHEN organisation_id IS NOT NULL AND base_of_the_books(subject) THEN organisation_id = ANY ((SELECT ledger_readable())::int[])
         ELSE coalesce(organisation_id, 0) = ANY ((SELECT base_audited())::int[])
              OR base_of_the_plans(subject) AND organisation_id = ANY ((SELECT economy_readable())::int[])
              OR base_of_the_staff(subject, action) AND organisation_id = ANY ((SELECT hr_readable())::int[]) END);
DROP FUNCTION base_of_the_staff(text);
REVOKE ALL ON FUNCTION base_of_the_staff FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_of_the_staff TO qazyna_app;
