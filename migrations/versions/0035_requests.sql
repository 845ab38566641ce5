-- Requests to be away: one person asks, another decides; and who is away on which days.

-- ---------------------------------------------------------------------------------------------- requests

CREATE TABLE hr_request (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    kind text NOT NULL,
    person_id int NOT NULL,
    state text NOT NULL DEFAULT 'draft',
    version int NOT NULL DEFAULT 0,
    approver_id int,
    days daterange,
    facts jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT hr_request_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_request_key UNIQUE (organisation_id, key),
    CONSTRAINT hr_request_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_request_approver_fkey FOREIGN KEY (approver_id) REFERENCES hr_person,
    CONSTRAINT hr_request_kind_known CHECK (kind IN ('leave', 'trip')),
    CONSTRAINT hr_request_state_known CHECK (state IN ('draft', 'submitted', 'returned', 'withdrawn', 'approved', 'recalled', 'cancelled')),
    CONSTRAINT hr_request_by_another CHECK (approver_id <> person_id),
    CONSTRAINT hr_request_days_given CHECK (state = 'draft' OR days IS NOT NULL AND NOT isempty(days) AND NOT lower_inf(days) AND NOT upper_inf(days))
);
CREATE INDEX hr_request_by_person ON hr_request (organisation_id, person_id, id);
CREATE INDEX hr_request_waiting ON hr_request (organisation_id, approver_id, id) WHERE state IN ('submitted', 'returned');
COMMENT ON TABLE hr_request IS 'Who asks to be away, and how each request stands after its last act.';
COMMENT ON COLUMN hr_request.key IS 'Idempotency key of the first submission.';
COMMENT ON COLUMN hr_request.version IS 'Number of the last act; whoever acts names it, so that nobody approves what changed meanwhile.';
COMMENT ON COLUMN hr_request.approver_id IS 'The person who decides, or who stands for them; null: a head of human resources, who may decide on any.';
COMMENT ON COLUMN hr_request.days IS 'As asked last; after a recall, the days that are left.';
COMMENT ON COLUMN hr_request.facts IS 'What the kind knows of it, as submitted last.';

CREATE TABLE hr_request_act (
    organisation_id int NOT NULL,
    request_id int NOT NULL,
    version int NOT NULL,
    act text NOT NULL,
    days daterange,
    approver_id int,
    facts jsonb,
    actor_id int NOT NULL,
    on_behalf_of int,
    lenders int[] NOT NULL DEFAULT '{}',
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    has_consent boolean,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT hr_request_act_pkey PRIMARY KEY (organisation_id, request_id, version),
    CONSTRAINT hr_request_act_request_fkey FOREIGN KEY (organisation_id, request_id) REFERENCES hr_request,
    CONSTRAINT hr_request_act_approver_fkey FOREIGN KEY (approver_id) REFERENCES hr_person,
    CONSTRAINT hr_request_act_known CHECK (act IN ('submitted', 'returned', 'withdrawn', 'approved', 'recalled', 'cancelled')),
    CONSTRAINT hr_request_act_why CHECK (act NOT IN ('returned', 'recalled', 'cancelled') OR length(btrim(reason)) >= 3),
    CONSTRAINT hr_request_act_content CHECK ((act = 'submitted') = (facts IS NOT NULL)),
    CONSTRAINT hr_request_act_consent CHECK ((act IN ('recalled', 'cancelled')) = (has_consent IS NOT NULL))
);
COMMENT ON TABLE hr_request_act IS 'Who submitted, returned, withdrew, approved, recalled or cancelled: one row an act, append-only; the only way a request changes.';
COMMENT ON COLUMN hr_request_act.days IS 'Of a submission: asked; of an approval: approved; of a recall: left; else null.';
COMMENT ON COLUMN hr_request_act.on_behalf_of IS 'Whose rights the actor used, where he is a delegate.';
COMMENT ON COLUMN hr_request_act.lenders IS 'Everybody who lent the actor a role here that day, where he is a delegate: he is taken for each of them.';
COMMENT ON COLUMN hr_request_act.has_consent IS 'Of a recall: whether the person agreed in writing.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON hr_request_act FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON hr_request_act FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- Leave and trips, and whatever kind comes, share one line of days a person: they never overlap.
CREATE TABLE hr_absence (
    organisation_id int NOT NULL,
    request_id int NOT NULL,
    person_id int NOT NULL,
    kind text NOT NULL,
    days daterange NOT NULL,
    CONSTRAINT hr_absence_pkey PRIMARY KEY (organisation_id, request_id),
    CONSTRAINT hr_absence_request_fkey FOREIGN KEY (organisation_id, request_id) REFERENCES hr_request,
    CONSTRAINT hr_absence_person_fkey FOREIGN KEY (person_id) REFERENCES hr_person,
    CONSTRAINT hr_absence_never_twice EXCLUDE USING gist (organisation_id WITH =, person_id WITH =, days WITH &&),
    CONSTRAINT hr_absence_some_days CHECK (NOT isempty(days))
);
CREATE INDEX hr_absence_by_days ON hr_absence USING gist (organisation_id, days);
COMMENT ON TABLE hr_absence IS 'Who is away on which days, as approved and not recalled; kept by the acts on requests alone.';

-- ---------------------------------------------------------------------------------------------- who decides

CREATE FUNCTION hr_request_lenders(p_actor int, p_organisation int, p_on_behalf_of int) RETURNS int[] LANGUAGE sql STABLE AS
$$
    SELECT ARRAY(SELECT p_on_behalf_of
                 UNION
                 SELECT g.on_behalf_of FROM reference_grants_of(p_actor, reference_today()) g
                  WHERE g.organisation_id = p_organisation AND g.on_behalf_of IS NOT NULL
                  ORDER BY 1)
     WHERE p_on_behalf_of IS NOT NULL
$$;
COMMENT ON FUNCTION hr_request_lenders IS 'For whom a delegate is taken: everybody who lends him a role at the organisation today; null for who acts by their own right.';

CREATE FUNCTION hr_request_desks_of(p_actor int, p_organisations int[]) RETURNS TABLE (organisation_id int, person_id int, on_behalf_of int)
LANGUAGE sql STABLE AS
$$
    SELECT g.organisation_id, CASE g.role WHEN 'hr_head' THEN 0 ELSE p.id END, g.on_behalf_of
      FROM reference_grants_of(p_actor, reference_today()) g
      LEFT JOIN hr_person p ON g.role = 'manager' AND p.user_id = coalesce(g.on_behalf_of, p_actor)
     WHERE g.organisation_id = ANY (p_organisations) AND (g.role = 'hr_head' OR p.id IS NOT NULL)
$$;
COMMENT ON FUNCTION hr_request_desks_of IS 'Whose requests a user may decide on today: a manager their own desk and those lent to them; 0 is every desk, of a head of human resources.';

CREATE FUNCTION hr_request_desks() RETURNS TABLE (organisation_id int, person_id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
    $$ SELECT DISTINCT d.organisation_id, d.person_id FROM hr_request_desks_of(reference_actor(), hr_deciding()) d $$;
COMMENT ON FUNCTION hr_request_desks() IS 'The desks of this transaction''s actor, where it decides.';

CREATE FUNCTION hr_request_hand(p_organisation int, p_request int,
                                OUT decides boolean, OUT is_own boolean, OUT on_behalf_of int, OUT lenders int[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE r hr_request%ROWTYPE;
BEGIN
    SELECT * INTO r FROM hr_request WHERE organisation_id = p_organisation AND id = p_request;
    SELECT d.on_behalf_of INTO on_behalf_of
      FROM hr_request_desks_of(reference_actor(), ARRAY[p_organisation]) d
     WHERE d.person_id IN (0, r.approver_id)
     ORDER BY d.on_behalf_of NULLS FIRST, d.person_id = 0 LIMIT 1;
    decides := FOUND;
    lenders := coalesce(hr_request_lenders(reference_actor(), p_organisation, hr_request_hand.on_behalf_of), '{}');
    is_own := EXISTS (SELECT FROM hr_person p WHERE p.id = r.person_id AND p.user_id = ANY (reference_actor() || hr_request_hand.lenders))
           OR EXISTS (SELECT FROM hr_request_act a
                       WHERE a.organisation_id = p_organisation AND a.request_id = p_request AND a.act = 'submitted'
                         AND (a.actor_id || a.lenders) && (reference_actor() || hr_request_hand.lenders));
END $$;
COMMENT ON FUNCTION hr_request_hand IS 'Whether the actor may decide on a request, by their own right or on behalf of whom, and whether they, or whoever lends them a role there, asked for it: then another decides.';

CREATE FUNCTION hr_request_has_desk(p_organisation int, p_person int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding())
       AND EXISTS (SELECT FROM hr_person p
                     JOIN reference_user u ON u.id = p.user_id AND u.in_force @> reference_today()
                    CROSS JOIN LATERAL reference_own_grants_of(u.id, reference_today()) g
                    WHERE p.id = p_person AND g.organisation_id = p_organisation AND g.role = 'manager')
$$;
COMMENT ON FUNCTION hr_request_has_desk IS 'Whether a person is a manager there, who signs in and decides.';

CREATE FUNCTION hr_request_hearers(p_organisation int, p_request int) RETURNS TABLE (user_id int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    r hr_request%ROWTYPE;
    v_approver int;
    v_apart int[];
BEGIN
    IF (p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding())) IS NOT TRUE THEN RETURN; END IF;
    SELECT * INTO r FROM hr_request WHERE organisation_id = p_organisation AND id = p_request;
    v_approver := (SELECT p.user_id FROM hr_person p WHERE p.id = r.approver_id);
    v_apart := ARRAY(SELECT p.user_id FROM hr_person p WHERE p.id = r.person_id AND p.user_id IS NOT NULL
                      UNION
                     SELECT a.actor_id FROM hr_request_act a
                      WHERE a.organisation_id = p_organisation AND a.request_id = p_request AND a.act = 'submitted');
    IF v_approver IS NOT NULL THEN
        RETURN QUERY
        SELECT told.id FROM (
            SELECT v_approver AS id
             UNION
            SELECT d.delegate_id FROM reference_delegation d
             WHERE d.lender_id = v_approver AND d.role = 'manager' AND d.in_force @> reference_today()
               AND p_organisation IN (SELECT l.organisation_id FROM reference_reach(d.organisation_id, d.role, reference_today()) l)
        ) told WHERE told.id <> ALL (v_apart) ORDER BY 1;
        RETURN;
    END IF;
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
         WHERE g.user_id <> ALL (v_apart)
    )
    SELECT DISTINCT h.user_id FROM heads h WHERE h.steps = (SELECT min(steps) FROM heads) ORDER BY 1;
END $$;
COMMENT ON FUNCTION hr_request_hearers IS 'Users who are told that a request waits: its approver with their delegates, or the nearest heads of human resources; never who asked.';

CREATE FUNCTION hr_request_asker(p_organisation int, p_request int) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT p.user_id FROM hr_request r JOIN hr_person p ON p.id = r.person_id
     WHERE r.organisation_id = p_organisation AND r.id = p_request
       AND p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding())
$$;
COMMENT ON FUNCTION hr_request_asker IS 'The user whom a request is for; null where the person does not sign in.';

-- ---------------------------------------------------------------------------------------------- acts

CREATE FUNCTION hr_request_lock(p_organisation int, p_request bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM FROM hr_request
      WHERE organisation_id = p_organisation AND id = p_request
        AND p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding()) FOR UPDATE;
END $$;
COMMENT ON FUNCTION hr_request_lock IS 'Lets those who act on one request come one after another.';

-- The one place that moves a request on, and the line of days with it.
CREATE FUNCTION hr_request_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    r hr_request%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'submitted' THEN '{draft, submitted, returned}' WHEN 'withdrawn' THEN '{submitted, returned}'
                     WHEN 'recalled' THEN '{approved, recalled}' WHEN 'cancelled' THEN '{approved, recalled}' ELSE '{submitted}' END;
    v_decides boolean;
    v_own boolean;
BEGIN
    SELECT * INTO r FROM hr_request WHERE organisation_id = NEW.organisation_id AND id = NEW.request_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM r.version + 1 OR NOT r.state = ANY (v_from) THEN
        RAISE EXCEPTION 'request %/% is % after act %: it cannot be % by act %', NEW.organisation_id, NEW.request_id, r.state, r.version,
            NEW.act, NEW.version USING ERRCODE = 'check_violation';
    END IF;
    NEW.actor_id := reference_actor();
    NEW.at := clock_timestamp();
    IF NEW.act IN ('submitted', 'withdrawn') THEN
        NEW.on_behalf_of := ledger_on_behalf_of();
        NEW.lenders := coalesce(hr_request_lenders(NEW.actor_id, NEW.organisation_id, NEW.on_behalf_of), '{}');
    ELSE
        SELECT h.decides, h.is_own, h.on_behalf_of, h.lenders INTO v_decides, v_own, NEW.on_behalf_of, NEW.lenders
          FROM hr_request_hand(NEW.organisation_id, NEW.request_id) h;
        IF v_own OR NOT v_decides THEN
            RAISE EXCEPTION 'request %/% is not for user % to decide on', NEW.organisation_id, NEW.request_id, NEW.actor_id
                USING ERRCODE = 'insufficient_privilege', HINT = 'nobody decides on what they asked for, nor stands for who did';
        END IF;
    END IF;
    IF NEW.act = 'approved' THEN
        NEW.days := r.days;
        INSERT INTO hr_absence (organisation_id, request_id, person_id, kind, days)
        VALUES (r.organisation_id, r.id, r.person_id, r.kind, r.days);
    ELSIF NEW.act = 'recalled' THEN
        IF (lower(NEW.days) = lower(r.days) AND NEW.days <@ r.days AND NEW.days <> r.days AND NOT isempty(NEW.days)) IS NOT TRUE THEN
            RAISE EXCEPTION 'request %/%: % is not what is left of % after a recall', NEW.organisation_id, NEW.request_id, NEW.days, r.days
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE hr_absence SET days = NEW.days WHERE organisation_id = r.organisation_id AND request_id = r.id;
    ELSIF NEW.act = 'cancelled' THEN
        DELETE FROM hr_absence WHERE organisation_id = r.organisation_id AND request_id = r.id;
    END IF;
    UPDATE hr_request
       SET state = NEW.act, version = NEW.version,
           days = CASE WHEN NEW.act IN ('submitted', 'recalled') THEN NEW.days ELSE days END,
           approver_id = CASE NEW.act WHEN 'submitted' THEN NEW.approver_id ELSE approver_id END,
           facts = CASE NEW.act WHEN 'submitted' THEN NEW.facts ELSE facts END
     WHERE organisation_id = NEW.organisation_id AND id = NEW.request_id;
    RETURN NEW;
END $$;
CREATE TRIGGER step BEFORE INSERT ON hr_request_act FOR EACH ROW EXECUTE FUNCTION hr_request_step();

-- ---------------------------------------------------------------------------------------------- who is away, without why

CREATE FUNCTION hr_away(p_organisation int, p_days daterange) RETURNS TABLE (person_id int, days daterange)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT a.person_id, a.days * p_days FROM hr_absence a
     WHERE a.organisation_id = p_organisation AND a.days && p_days
       AND p_organisation = ANY (hr_present())
     ORDER BY 1, 2
$$;
COMMENT ON FUNCTION hr_away IS 'Who is away there on which of the days, for everybody who serves there: no kind, no request, no reason.';

-- ---------------------------------------------------------------------------------------------- calendars of other programs

CREATE TABLE hr_calendar_feed (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    user_id int NOT NULL,
    covers text NOT NULL,
    code_hash bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    CONSTRAINT hr_calendar_feed_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT hr_calendar_feed_user_fkey FOREIGN KEY (user_id) REFERENCES reference_user,
    CONSTRAINT hr_calendar_feed_covers_known CHECK (covers IN ('own', 'team')),
    CONSTRAINT hr_calendar_feed_hashed CHECK (length(code_hash) = 32)
);
CREATE UNIQUE INDEX hr_calendar_feed_one ON hr_calendar_feed (organisation_id, user_id, covers) WHERE revoked_at IS NULL;
CREATE INDEX hr_calendar_feed_by_code ON hr_calendar_feed (code_hash) WHERE revoked_at IS NULL;
COMMENT ON TABLE hr_calendar_feed IS 'Secret addresses by which a person''s other programs read a calendar of absences.';
COMMENT ON COLUMN hr_calendar_feed.covers IS 'own: the person''s absences; team: who of their unit is away, without why.';
COMMENT ON COLUMN hr_calendar_feed.code_hash IS 'SHA-256 of the secret in the address; the secret itself is kept nowhere.';

CREATE FUNCTION hr_calendar_feed_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
       AND to_jsonb(NEW) - 'revoked_at' = to_jsonb(OLD) - 'revoked_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'calendar feed %/% can only be revoked, once', OLD.organisation_id, OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON hr_calendar_feed FOR EACH ROW EXECUTE FUNCTION hr_calendar_feed_guard();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON hr_calendar_feed FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

CREATE FUNCTION hr_calendar_feed_of(p_code_hash bytea) RETURNS TABLE (organisation_id int, login text, covers text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT f.organisation_id, u.login, f.covers FROM hr_calendar_feed f JOIN reference_user u ON u.id = f.user_id
     WHERE f.code_hash = p_code_hash AND f.revoked_at IS NULL
$$;
COMMENT ON FUNCTION hr_calendar_feed_of IS 'Whose calendar a secret address is, for the program: what the person may see today decides the policy.';

-- ---------------------------------------------------------------------------------------------- who sees what

ALTER TABLE hr_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE hr_request_act ENABLE ROW LEVEL SECURITY;
ALTER TABLE hr_absence ENABLE ROW LEVEL SECURITY;
ALTER TABLE hr_calendar_feed ENABLE ROW LEVEL SECURITY;

CREATE POLICY reads ON hr_request FOR SELECT USING (organisation_id = ANY ((SELECT hr_readable())::int[]));
CREATE POLICY reads_own ON hr_request FOR SELECT
    USING (organisation_id = ANY ((SELECT hr_serving())::int[]) AND person_id = (SELECT hr_self()));
CREATE POLICY reads_decided ON hr_request FOR SELECT
    USING (organisation_id = ANY ((SELECT hr_deciding())::int[])
           AND ((organisation_id, 0) IN (SELECT d.organisation_id, d.person_id FROM hr_request_desks() d)
                OR (organisation_id, approver_id) IN (SELECT d.organisation_id, d.person_id FROM hr_request_desks() d)));
CREATE POLICY writes ON hr_request FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT hr_writable())::int[]));
CREATE POLICY writes_own ON hr_request FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_serving())::int[]) AND person_id = (SELECT hr_self()));

CREATE POLICY reads ON hr_request_act FOR SELECT
    USING (EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = hr_request_act.organisation_id AND r.id = request_id));
CREATE POLICY writes ON hr_request_act FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable())::int[]) AND act IN ('submitted', 'withdrawn'));
CREATE POLICY writes_own ON hr_request_act FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_serving())::int[]) AND act IN ('submitted', 'withdrawn')
                AND EXISTS (SELECT FROM hr_request r
                             WHERE r.organisation_id = hr_request_act.organisation_id AND r.id = request_id
                               AND r.person_id = (SELECT hr_self())));
CREATE POLICY decides ON hr_request_act FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_deciding())::int[]) AND act IN ('returned', 'approved', 'recalled', 'cancelled'));

CREATE POLICY reads ON hr_absence FOR SELECT USING (organisation_id = ANY ((SELECT hr_readable())::int[]));
CREATE POLICY reads_deciding ON hr_absence FOR SELECT USING (organisation_id = ANY ((SELECT hr_deciding())::int[]));
CREATE POLICY reads_own ON hr_absence FOR SELECT
    USING (organisation_id = ANY ((SELECT hr_serving())::int[]) AND person_id = (SELECT hr_self()));

CREATE POLICY own ON hr_calendar_feed
    USING (organisation_id = ANY ((SELECT hr_serving())::int[]) AND user_id = (SELECT reference_actor()))
    WITH CHECK (organisation_id = ANY ((SELECT hr_serving())::int[]) AND user_id = (SELECT reference_actor()));

GRANT SELECT ON hr_request, hr_request_act, hr_absence, hr_calendar_feed TO qazyna_app;
GRANT INSERT (organisation_id, key, kind, person_id) ON hr_request TO qazyna_app;
GRANT INSERT (organisation_id, request_id, version, act, days, approver_id, facts, origin, reason, has_consent) ON hr_request_act TO qazyna_app;
GRANT INSERT (organisation_id, user_id, covers, code_hash), UPDATE (revoked_at) ON hr_calendar_feed TO qazyna_app;

REVOKE ALL ON FUNCTION hr_request_lenders, hr_request_desks_of, hr_request_desks(), hr_request_hand, hr_request_has_desk,
    hr_request_hearers, hr_request_asker, hr_request_lock, hr_request_step(), hr_away, hr_calendar_feed_guard(), hr_calendar_feed_of
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_request_desks(), hr_request_hand, hr_request_has_desk, hr_request_hearers, hr_request_asker,
    hr_request_lock, hr_away, hr_calendar_feed_of TO qazyna_app;
