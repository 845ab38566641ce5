-- Working years: where they begin, and which of them the ledger knows, so that nobody gets one twice and none is withheld.

CREATE FUNCTION hr_unbroken_service(p_organisation int, p_person int) RETURNS TABLE (person_id int, days daterange) LANGUAGE sql STABLE AS
$$
    SELECT s.person_id, d.days
      FROM (SELECT v.person_id, range_agg(v.valid) AS days FROM hr_service v
             WHERE v.organisation_id = p_organisation AND (p_person IS NULL OR v.person_id = p_person) GROUP BY v.person_id) s
     CROSS JOIN LATERAL unnest(s.days) d(days)
$$;
COMMENT ON FUNCTION hr_unbroken_service IS 'The days served without a gap, whatever the posts; of everybody where no person is given.';

CREATE FUNCTION hr_appointment_ends(p_organisation int, p_person int, p_last date) RETURNS boolean LANGUAGE sql STABLE AS
$$
    SELECT EXISTS (SELECT FROM hr_appointment_fact a
                    WHERE a.organisation_id = p_organisation AND a.person_id = p_person AND a.superseded_xid IS NULL
                      AND upper(a.valid) = p_last + 1
                      AND NOT EXISTS (SELECT FROM hr_appointment_fact n
                                       WHERE n.organisation_id = p_organisation AND n.appointment_id = a.appointment_id
                                         AND n.superseded_xid IS NULL AND lower(n.valid) = upper(a.valid)))
$$;
COMMENT ON FUNCTION hr_appointment_ends IS 'Whether a day is the last of an appointment, whatever else the person is appointed to.';

CREATE FUNCTION hr_leave_standing(p_organisation int, p_person int)
RETURNS TABLE (person_id int, year_start date, is_granted boolean, is_carried boolean) LANGUAGE sql STABLE AS
$$
    SELECT * FROM (
        SELECT m.person_id, m.year_start,
               count(*) FILTER (WHERE m.act = 'grant') > count(*) FILTER (WHERE m.act = 'ungrant') AS is_granted,
               bool_or(m.act = 'carry') AND sum(m.centidays) FILTER (WHERE m.act IN ('carry', 'correction')) <> 0 AS is_carried
          FROM hr_leave_movement m
         WHERE m.organisation_id = p_organisation AND (p_person IS NULL OR m.person_id = p_person)
           AND m.act IN ('grant', 'ungrant', 'carry', 'correction')
         GROUP BY m.person_id, m.year_start) y
     WHERE y.is_granted OR y.is_carried
$$;
COMMENT ON FUNCTION hr_leave_standing IS
    'Working years of which something stands: given and not taken back, or brought along and not corrected to nought.';

-- A year begins as many days after its anniversary as were no service before: of the absences in their order, each that
-- begins before the year would; once one begins after, so do all that follow, so the sum over those before it is whole.
CREATE FUNCTION hr_leave_years(p_organisation int, p_through date, p_person int, p_as_carried boolean)
RETURNS TABLE (person_id int, service daterange, number int, year_start date) LANGUAGE sql STABLE AS
$$
    WITH counted AS (
        SELECT s.person_id, s.days AS service, daterange(coalesce(max(c.year_start), lower(s.days)), upper(s.days)) AS days
          FROM hr_unbroken_service(p_organisation, p_person) s
          LEFT JOIN hr_leave_standing(p_organisation, p_person) c
            ON p_as_carried AND c.is_carried AND c.person_id = s.person_id AND s.days @> c.year_start AND c.year_start <= p_through
         GROUP BY s.person_id, s.days
    ), served AS (
        SELECT c.person_id, c.service, n.number, (lower(c.days) + n.number * interval '1 year')::date AS anniversary
          FROM counted c
         CROSS JOIN LATERAL generate_series(0, (extract(year FROM p_through) - extract(year FROM lower(c.days)))::int) n(number)
    ), uncounted AS (
        SELECT c.person_id, c.service, lower(c.days * a.days) AS first, upper(c.days * a.days) - lower(c.days * a.days) AS length,
               coalesce(sum(upper(c.days * a.days) - lower(c.days * a.days))
                        OVER (PARTITION BY c.person_id, c.service ORDER BY lower(a.days) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::int AS before
          FROM hr_absence a
          JOIN hr_request r ON r.organisation_id = a.organisation_id AND r.id = a.request_id
          JOIN reference_leave_kind k ON k.code = r.facts->>'kind' AND k.in_force @> lower(a.days) AND NOT k.seniority
          JOIN counted c ON c.person_id = a.person_id AND c.days && a.days
         WHERE a.organisation_id = p_organisation AND a.kind = 'leave' AND (p_person IS NULL OR a.person_id = p_person)
    ), years AS (
        SELECT s.person_id, s.service, s.number, s.anniversary + coalesce(sum(u.length), 0)::int AS year_start
          FROM served s
          LEFT JOIN uncounted u ON u.person_id = s.person_id AND u.service = s.service AND u.first < s.anniversary + u.before
         GROUP BY s.person_id, s.service, s.number, s.anniversary
    )
    SELECT y.person_id, y.service, y.number, y.year_start FROM years y WHERE y.year_start <= p_through AND y.service @> y.year_start
$$;
COMMENT ON FUNCTION hr_leave_years IS
    'First days of the working years of each unbroken service that begin through a day, numbered from 0: anniversaries of its first day,'
    ' or as carried of the last year that days were brought along for, and as many days later as were no service.';

CREATE FUNCTION hr_leave_known(p_organisation int, p_through date, p_person int)
RETURNS TABLE (person_id int, service daterange, year_start date, number int) LANGUAGE sql STABLE AS
$$
    WITH years AS (
        SELECT y.person_id, y.service, y.number, y.year_start FROM hr_leave_years(p_organisation, p_through, p_person, true) y
    ), standing AS (
        SELECT y.person_id, y.service, y.year_start AS origin, k.year_start,
               lag(k.year_start) OVER (PARTITION BY y.person_id, y.service ORDER BY k.year_start) AS before
          FROM years y JOIN hr_leave_standing(p_organisation, p_person) k ON k.person_id = y.person_id
         WHERE y.number = 0
           AND (y.service @> k.year_start AND k.year_start >= y.year_start AND (k.is_granted OR k.year_start <= p_through)
                OR k.is_granted AND k.year_start < lower(y.service) AND y.year_start = lower(y.service)
                   AND NOT EXISTS (SELECT FROM hr_service v
                                    WHERE v.organisation_id = p_organisation AND v.person_id = k.person_id
                                      AND v.valid && daterange(k.year_start, lower(y.service))))
    ), numbered AS (
        SELECT s.person_id, s.service, s.year_start, greatest(min(s.year_start) OVER of_one, s.origin) AS first,
               count(*) FILTER (WHERE s.before IS NULL OR s.before + interval '6 months' <= s.year_start)
                   OVER (of_one ORDER BY s.year_start) AS nth
          FROM standing s WINDOW of_one AS (PARTITION BY s.person_id, s.service)
    )
    SELECT n.person_id, n.service, n.year_start,
           (SELECT greatest(count(*), 1) FROM years y
             WHERE y.person_id = n.person_id AND y.service = n.service AND y.year_start < n.first + interval '6 months')::int + n.nth::int - 2
      FROM numbered n
$$;
COMMENT ON FUNCTION hr_leave_known IS
    'Which working year of hr_leave_years each one is that the ledger knows: the first the nearest, and one after the other from there, two'
    ' within half a year being one; those given for days before the service that are none count too.';

CREATE FUNCTION hr_leave_begins(p_organisation int, p_person int, p_day date) RETURNS boolean LANGUAGE sql STABLE AS
$$
    SELECT NOT EXISTS (SELECT FROM hr_unbroken_service(p_organisation, p_person) s WHERE s.days @> p_day)
        OR EXISTS (SELECT FROM (VALUES (true), (false)) b(as_carried)
                    CROSS JOIN LATERAL hr_leave_years(p_organisation, p_day, p_person, b.as_carried) y
                    WHERE y.year_start = p_day)
$$;
COMMENT ON FUNCTION hr_leave_begins IS 'Whether a working year of the service begins on a day, or the day is not in the service.';

DROP FUNCTION hr_leave_year_end;

-- As 0047 has it; and what is brought along or paid out fits the service.
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
    IF EXISTS (SELECT FROM moved c WHERE c.act = 'carry' AND c.year_start > reference_today()) THEN
        RAISE EXCEPTION 'days of leave are brought along for a working year to come' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM moved p
                WHERE p.act = 'compensation'
                  AND NOT hr_appointment_ends(p.organisation_id, p.person_id, p.effective_on)) THEN
        RAISE EXCEPTION 'days of leave are paid out and no appointment ends' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION hr_leave_guard() IS
    'Nobody takes more days than a working year has, no request gives back more than it used, only what was given to everybody is taken back,'
    ' days are brought along for years that have begun, and paid out where an appointment ends.';

REVOKE ALL ON FUNCTION hr_unbroken_service, hr_appointment_ends, hr_leave_standing, hr_leave_years, hr_leave_known, hr_leave_begins FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_unbroken_service, hr_appointment_ends, hr_leave_standing, hr_leave_years, hr_leave_known, hr_leave_begins TO qazyna_app;
