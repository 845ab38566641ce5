-- Who keeps the facts of a person, and no day served without a schedule.

-- ---------------------------------------------------------------------------------------------- nobody their own

CREATE FUNCTION hr_own(p_person int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT EXISTS (SELECT FROM hr_person WHERE id = p_person AND user_id IN (reference_actor(), ledger_on_behalf_of())) $$;
COMMENT ON FUNCTION hr_own IS 'Whether a person is the one who acts here, or in whose name.';
CREATE FUNCTION hr_acted_by(p_actor int, p_on_behalf_of int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT p_actor = reference_actor() AND p_on_behalf_of IS NOT DISTINCT FROM ledger_on_behalf_of() $$;
COMMENT ON FUNCTION hr_acted_by IS 'Whether it is this actor who acts here, in the name of this one.';
REVOKE ALL ON FUNCTION hr_own(int), hr_acted_by(int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_own(int), hr_acted_by(int, int) TO qazyna_app;

DROP POLICY writes ON hr_act;
CREATE POLICY writes ON hr_act FOR INSERT WITH CHECK
    (organisation_id = ANY ((SELECT hr_writable())::int[]) AND NOT hr_own(person_id) AND hr_acted_by(actor_id, on_behalf_of));
COMMENT ON POLICY writes ON hr_act IS 'By who keeps the records, in their own name, and on nobody''s own record.';

-- ---------------------------------------------------------------------------------------------- who keeps them

CREATE FUNCTION hr_keepers(p_person int) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    WITH served AS (SELECT f.organisation_id, least(max(coalesce(upper(f.valid), 'infinity')), reference_today() + 1) AS until
                      FROM hr_appointment a
                      JOIN hr_appointment_fact f ON f.organisation_id = a.organisation_id AND f.person_id = a.person_id
                     WHERE a.person_id = p_person AND f.superseded_xid IS NULL
                     GROUP BY 1)
    SELECT organisation_id FROM served WHERE until = (SELECT max(until) FROM served)
$$;
COMMENT ON FUNCTION hr_keepers IS 'Organisations that keep a person''s name and facts: where the person serves today or is to serve; where nowhere, the last one.';

CREATE FUNCTION hr_keeps(p_organisations int[], p_person int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT EXISTS (SELECT FROM hr_keepers(p_person) k WHERE k = ANY (p_organisations) AND k = ANY (hr_readable() || hr_writable())) $$;
COMMENT ON FUNCTION hr_keeps IS 'Whether one of the organisations, whose records this transaction reads, keeps a person''s name and facts.';

CREATE FUNCTION hr_may_record(p_kept_by int, p_act int, p_person int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT hr_keeps(hr_writable(), p_person)
       AND (p_kept_by = ANY (hr_writable())
            OR EXISTS (SELECT FROM hr_act WHERE organisation_id = p_kept_by AND id = p_act AND person_id = p_person))
$$;
COMMENT ON FUNCTION hr_may_record IS 'Whether a name or a fact of a person may be recorded: by who keeps them, on an act of theirs, or again on the act it stood on before.';

DO $$
DECLARE
    t text;
    served text := 'EXISTS (SELECT FROM hr_appointment_fact a WHERE a.person_id = %I.person_id AND a.organisation_id = ANY ((SELECT %s())::int[]) AND %s)';
    now_served text := 'a.superseded_xid IS NULL AND a.valid && daterange((SELECT reference_today()), NULL)';
    met text := 'a.valid && %1$I.valid AND base_recorded(a.recorded_xid, a.superseded_xid) && base_recorded(%1$I.recorded_xid, %1$I.superseded_xid)';
    presence text;
BEGIN
    FOREACH t IN ARRAY ARRAY['hr_person_name', 'hr_person_fact'] LOOP
        presence := CASE t WHEN 'hr_person_name' THEN 'hr_present' ELSE 'hr_readable' END;
        EXECUTE format('DROP POLICY reads ON %I', t);
        EXECUTE format('DROP POLICY writes ON %I', t);
        EXECUTE format('DROP POLICY supersedes ON %I', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (%s)', t, format(served, t, presence, now_served));
        EXECUTE format('CREATE POLICY reads_of_its_days ON %I FOR SELECT USING (%s)', t, format(served, t, presence, format(met, t)));
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (hr_may_record(kept_by, act_id, person_id))', t);
        EXECUTE format('CREATE POLICY supersedes ON %I FOR UPDATE USING (hr_keeps((SELECT hr_writable()), person_id))', t);
    END LOOP;
END $$;
COMMENT ON POLICY reads ON hr_person_name IS 'Where the person serves, or is to serve, all is read.';
COMMENT ON POLICY reads_of_its_days ON hr_person_name IS 'Where the person served, what was known of the days served there: whatever met an appointment there on both axes of time.';

CREATE OR REPLACE FUNCTION hr_link_user(p_organisation int, p_person int, p_user int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF p_organisation <> ALL (hr_writable()) IS NOT FALSE OR NOT hr_keeps(ARRAY[p_organisation], p_person) OR hr_own(p_person)
       OR p_user IS NOT NULL AND NOT EXISTS (SELECT FROM reference_grants_of(p_user, reference_today()) g WHERE g.organisation_id = p_organisation)
    THEN
        RETURN false;
    END IF;
    UPDATE hr_person SET user_id = p_user
     WHERE id = p_person AND NOT EXISTS (SELECT FROM hr_person o WHERE o.user_id = p_user AND o.id <> p_person);
    RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION hr_keepers(int), hr_keeps(int[], int), hr_may_record(int, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_keeps(int[], int), hr_may_record(int, int, int) TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- no day without a schedule

CREATE FUNCTION hr_unscheduled(p_organisation int, p_person int) RETURNS date LANGUAGE sql STABLE AS
$$
    SELECT min(lower(served.days - coalesce(worked.days, '{}')))
      FROM (SELECT appointment_id, range_agg(valid) AS days FROM hr_appointment_fact
             WHERE organisation_id = p_organisation AND person_id = p_person AND superseded_xid IS NULL GROUP BY 1) served
      LEFT JOIN (SELECT appointment_id, range_agg(valid) AS days FROM hr_schedule
                  WHERE organisation_id = p_organisation AND person_id = p_person AND superseded_xid IS NULL GROUP BY 1) worked
           USING (appointment_id)
$$;
COMMENT ON FUNCTION hr_unscheduled IS 'The first day on which a person holds an appointment and no schedule says how it is worked; null where there is none.';

CREATE FUNCTION hr_refuse_unscheduled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM FROM hr_appointment WHERE organisation_id = NEW.organisation_id AND person_id = NEW.person_id FOR NO KEY UPDATE;
    IF hr_unscheduled(NEW.organisation_id, NEW.person_id) IS NOT NULL THEN
        RAISE EXCEPTION 'appointment %/% has days without a schedule', NEW.organisation_id, NEW.appointment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hr_appointment_scheduled';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_refuse_unscheduled() IS 'No day of an appointment is without a schedule; acts on one person''s wait for each other here.';
CREATE CONSTRAINT TRIGGER worked_by_schedule AFTER INSERT ON hr_appointment_fact DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION hr_refuse_unscheduled();
CREATE CONSTRAINT TRIGGER worked_by_schedule AFTER UPDATE ON hr_schedule DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION hr_refuse_unscheduled();
REVOKE ALL ON FUNCTION hr_refuse_unscheduled() FROM PUBLIC;
