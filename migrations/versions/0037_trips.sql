-- Business trips: routes, norms, estimates, reports.

-- ---------------------------------------------------------------------------------------------- norms

CREATE TABLE reference_trip_norm (
    id int GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    kind text NOT NULL,
    area text NOT NULL,
    value numeric NOT NULL,
    unit text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    CONSTRAINT reference_trip_norm_pkey PRIMARY KEY (id),
    CONSTRAINT reference_trip_norm_code_once EXCLUDE USING gist (code WITH =, in_force WITH &&),
    CONSTRAINT reference_trip_norm_one_answer EXCLUDE USING gist (kind WITH =, area WITH =, in_force WITH &&),
    CONSTRAINT reference_trip_norm_kind_known CHECK (kind IN ('mci', 'per-diem', 'lodging', 'longest', 'report-term')),
    CONSTRAINT reference_trip_norm_not_negative CHECK (value >= 0),
    CONSTRAINT reference_trip_norm_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_trip_norm IS 'What a day and a night of a business trip are paid by, and the index it is counted in, dated; loaded from a data package.';
COMMENT ON COLUMN reference_trip_norm.area IS 'A country (ISO 3166-1), inside Kazakhstan a country and a class of place like KZ.major; empty for what holds everywhere.';
COMMENT ON COLUMN reference_trip_norm.unit IS 'MCI, a currency, day or working-day.';
GRANT SELECT ON reference_trip_norm TO qazyna_app;

-- A package may fill any register that is named after its content: trip_norms fills reference_trip_norm.
CREATE OR REPLACE FUNCTION reference_load(p_package jsonb, p_actor int, p_origin text)
RETURNS TABLE (content text, added text[], changed text[], closed text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
#variable_conflict use_column
DECLARE
    v_from date := CAST(p_package ->> 'first' AS date);
    v_content text;
    v_rows jsonb;
    v_table regclass;
BEGIN
    PERFORM reference_require_administrator(p_actor);
    FOR v_content, v_rows IN SELECT key, value FROM jsonb_each(p_package -> 'contents') LOOP
        content := v_content;
        CASE
            WHEN v_content = 'accounts' THEN
                SELECT * INTO added, changed, closed FROM reference_apply_accounts(v_rows, v_from);
            WHEN v_content = 'currencies' THEN
                SELECT * INTO added, changed, closed FROM reference_apply_currencies(v_rows, v_from);
            WHEN v_content = 'journals' THEN
                SELECT * INTO added, changed, closed FROM reference_apply_journals(v_rows);
            WHEN v_content IN ('functional', 'economic', 'revenue') THEN
                SELECT * INTO added, changed, closed FROM reference_apply_register(
                    'reference_classification', v_content, v_rows, v_from,
                    '{parent_code,level,name_kk,name_ru,name_en}');
            ELSE
                v_table := CASE v_content WHEN 'holidays' THEN 'reference_holiday'::regclass
                                          WHEN 'days' THEN 'reference_calendar_day'::regclass
                                          WHEN 'typical_entries' THEN 'reference_typical_entry'::regclass
                                          ELSE ('reference_' || rtrim(v_content, 's'))::regclass END;
                SELECT * INTO added, changed, closed FROM reference_apply_register(v_table, NULL, v_rows, v_from, '{}');
        END CASE;
        RETURN NEXT;
    END LOOP;
    INSERT INTO reference_package (name, edition, title_kk, title_ru, title_en, act, in_force, contents, sha256, rows,
                                   not_verified, loaded_by, origin)
    VALUES (p_package ->> 'name', p_package ->> 'edition', p_package ->> 'title_kk', p_package ->> 'title_ru',
            p_package ->> 'title_en', p_package ->> 'act', daterange(v_from, CAST(p_package ->> 'last' AS date)),
            ARRAY(SELECT jsonb_object_keys(p_package -> 'contents')), p_package ->> 'sha256',
            CAST(p_package ->> 'rows' AS int), CAST(p_package ->> 'not_verified' AS int), p_actor, p_origin);
END $$;

-- ---------------------------------------------------------------------------------------------- advance reports

-- What is asked for, the route and the estimate, stands in the facts of the request (0035).

CREATE TABLE hr_trip_report (
    organisation_id int NOT NULL,
    request_id int NOT NULL,
    state text NOT NULL DEFAULT 'none',
    version int NOT NULL DEFAULT 0,
    revision int NOT NULL DEFAULT 0,
    CONSTRAINT hr_trip_report_pkey PRIMARY KEY (organisation_id, request_id),
    CONSTRAINT hr_trip_report_request_fkey FOREIGN KEY (organisation_id, request_id) REFERENCES hr_request,
    CONSTRAINT hr_trip_report_state_known CHECK (state IN ('none', 'submitted', 'returned', 'approved'))
);
CREATE INDEX hr_trip_report_waiting ON hr_trip_report (organisation_id, request_id) WHERE state = 'submitted';
COMMENT ON TABLE hr_trip_report IS 'Advance reports of business trips: how each stands after its last act.';
COMMENT ON COLUMN hr_trip_report.version IS 'Number of the last act; whoever acts names it, so that nobody approves what changed meanwhile.';

CREATE TABLE hr_trip_report_line (
    organisation_id int NOT NULL,
    request_id int NOT NULL,
    revision int NOT NULL,
    no int NOT NULL,
    kind text NOT NULL,
    spent_on date NOT NULL,
    what text NOT NULL,
    paper text NOT NULL,
    abroad boolean NOT NULL,
    amount_tiyn bigint NOT NULL,
    CONSTRAINT hr_trip_report_line_pkey PRIMARY KEY (organisation_id, request_id, revision, no),
    CONSTRAINT hr_trip_report_line_report_fkey FOREIGN KEY (organisation_id, request_id) REFERENCES hr_trip_report,
    CONSTRAINT hr_trip_report_line_kind_known CHECK (kind IN ('per-diem', 'lodging', 'fare', 'other')),
    CONSTRAINT hr_trip_report_line_not_negative CHECK (amount_tiyn >= 0)
);
COMMENT ON TABLE hr_trip_report_line IS 'Costs as each revision of a report tells them; append-only.';
COMMENT ON COLUMN hr_trip_report_line.paper IS 'The ticket, the receipt: number and date as it has them; may be empty.';
COMMENT ON COLUMN hr_trip_report_line.abroad IS 'Whether it was spent outside of the country, which is another specific of the budget.';

CREATE TABLE hr_trip_report_act (
    organisation_id int NOT NULL,
    request_id int NOT NULL,
    version int NOT NULL,
    act text NOT NULL,
    revision int NOT NULL,
    result text NOT NULL DEFAULT '',
    actor_id int NOT NULL,
    on_behalf_of int,
    lenders int[] NOT NULL DEFAULT '{}',
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT hr_trip_report_act_pkey PRIMARY KEY (organisation_id, request_id, version),
    CONSTRAINT hr_trip_report_act_report_fkey FOREIGN KEY (organisation_id, request_id) REFERENCES hr_trip_report,
    CONSTRAINT hr_trip_report_act_known CHECK (act IN ('submitted', 'returned', 'approved')),
    CONSTRAINT hr_trip_report_act_returned_why CHECK (act <> 'returned' OR length(btrim(reason)) >= 3)
);
COMMENT ON TABLE hr_trip_report_act IS 'Who handed in, returned, approved a report: one row an act, append-only; the only way a report changes.';
COMMENT ON COLUMN hr_trip_report_act.result IS 'Of a report that is handed in: what was done on the trip.';
COMMENT ON COLUMN hr_trip_report_act.on_behalf_of IS 'Whose rights the actor used, where he is a delegate.';
COMMENT ON COLUMN hr_trip_report_act.lenders IS 'Everybody who lent the actor a role here that day, where he is a delegate: he is taken for each of them.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['hr_trip_report_line', 'hr_trip_report_act'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION base_append_only()', t);
        EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION base_append_only()', t);
    END LOOP;
END $$;

-- The one place that moves a report on.  Who handed it in, or made the trip, or stands for one of them, does not decide.
CREATE FUNCTION hr_trip_report_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE
    t hr_trip_report%ROWTYPE;
    v_from text[] := CASE NEW.act WHEN 'submitted' THEN '{none, returned}' WHEN 'returned' THEN '{submitted, approved}' ELSE '{submitted}' END;
    v_decides boolean;
    v_own boolean;
BEGIN
    SELECT * INTO t FROM hr_trip_report WHERE organisation_id = NEW.organisation_id AND request_id = NEW.request_id FOR UPDATE;
    IF NEW.version IS DISTINCT FROM t.version + 1 OR NOT t.state = ANY (v_from) OR NEW.revision <> t.revision + (NEW.act = 'submitted')::int
       OR NOT EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = NEW.organisation_id AND r.id = NEW.request_id
                         AND r.kind = 'trip' AND r.state IN ('approved', 'recalled', 'cancelled')) THEN
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
CREATE TRIGGER step BEFORE INSERT ON hr_trip_report_act FOR EACH ROW EXECUTE FUNCTION hr_trip_report_step();

CREATE FUNCTION hr_lock_trip_report(p_organisation int, p_request int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM FROM hr_trip_report
      WHERE organisation_id = p_organisation AND request_id = p_request
        AND p_organisation = ANY (hr_serving() || hr_writable() || hr_deciding()) FOR UPDATE;
END $$;
COMMENT ON FUNCTION hr_lock_trip_report IS 'Lets those who act on one report come one after another.';

-- ---------------------------------------------------------------------------------------------- who sees what

-- A report, and the papers of a trip, are seen where its request is.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['hr_trip_report', 'hr_trip_report_line', 'hr_trip_report_act'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT
                        USING (EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = %I.organisation_id AND r.id = request_id))', t, t);
        EXECUTE format('CREATE POLICY writes ON %I FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT hr_writable())::int[]) %s)', t,
                       CASE t WHEN 'hr_trip_report_act' THEN 'AND act = ''submitted''' ELSE '' END);
        EXECUTE format('CREATE POLICY writes_own ON %I FOR INSERT
                        WITH CHECK (organisation_id = ANY ((SELECT hr_serving())::int[]) %s
                                    AND EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = %I.organisation_id AND r.id = request_id
                                                   AND r.person_id = (SELECT hr_self())))', t,
                       CASE t WHEN 'hr_trip_report_act' THEN 'AND act = ''submitted''' ELSE '' END, t);
    END LOOP;
END $$;
CREATE POLICY decides ON hr_trip_report_act FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_deciding())::int[]) AND act IN ('returned', 'approved'));
GRANT SELECT ON hr_trip_report, hr_trip_report_line, hr_trip_report_act TO qazyna_app;
GRANT INSERT (organisation_id, request_id) ON hr_trip_report TO qazyna_app;
GRANT INSERT ON hr_trip_report_line TO qazyna_app;
GRANT INSERT (organisation_id, request_id, version, act, revision, result, origin, reason) ON hr_trip_report_act TO qazyna_app;

CREATE FUNCTION hr_trip_of(p_subject text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_subject ~ '^trip:[0-9]+/[0-9]{1,9}$' THEN split_part(p_subject, '/', 2)::int END;
COMMENT ON FUNCTION hr_trip_of IS 'The request whose papers a subject like trip:12/81 names; null for other subjects.';

CREATE POLICY reads_of_trips ON base_attachment FOR SELECT
    USING (EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = base_attachment.organisation_id AND r.id = hr_trip_of(subject)));
CREATE POLICY attaches_to_trips ON base_attachment FOR INSERT
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable() || hr_serving())::int[]) AND added_by = (SELECT reference_actor())
                AND EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = base_attachment.organisation_id AND r.id = hr_trip_of(subject)));
CREATE POLICY removes_from_trips ON base_attachment FOR UPDATE
    USING (organisation_id = ANY ((SELECT hr_writable() || hr_serving())::int[]) AND added_by = (SELECT reference_actor())
           AND EXISTS (SELECT FROM hr_request r WHERE r.organisation_id = base_attachment.organisation_id AND r.id = hr_trip_of(subject)))
    WITH CHECK (organisation_id = ANY ((SELECT hr_writable() || hr_serving())::int[]));

REVOKE ALL ON FUNCTION hr_trip_report_step(), hr_lock_trip_report, hr_trip_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hr_lock_trip_report, hr_trip_of TO qazyna_app;
