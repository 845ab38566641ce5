-- Entries that other contexts draft for the accountant.

CREATE TABLE finance_settlement (
    organisation_id int NOT NULL,
    id int GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    facts jsonb NOT NULL,
    sheet jsonb NOT NULL,
    amount_tiyn bigint NOT NULL,
    drafted_by int NOT NULL,
    drafted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'waiting',
    version int NOT NULL DEFAULT 0,
    taken_by int,
    reason text NOT NULL DEFAULT '',
    CONSTRAINT finance_settlement_pkey PRIMARY KEY (organisation_id, id),
    CONSTRAINT finance_settlement_key UNIQUE (organisation_id, key),
    CONSTRAINT finance_settlement_taken_by_fkey FOREIGN KEY (taken_by) REFERENCES reference_user,
    CONSTRAINT finance_settlement_kind_known CHECK (kind IN ('advance', 'report')),
    CONSTRAINT finance_settlement_state_known CHECK (state IN ('waiting', 'taken', 'declined', 'withdrawn')),
    CONSTRAINT finance_settlement_taken_by_somebody CHECK ((state = 'taken') = (taken_by IS NOT NULL)),
    CONSTRAINT finance_settlement_amount_not_negative CHECK (amount_tiyn >= 0),
    CONSTRAINT finance_settlement_sheet_form CHECK ((jsonb_typeof(sheet -> 'rows') = 'array') IS TRUE)
);
CREATE INDEX finance_settlement_by_state ON finance_settlement (organisation_id, state, id);
COMMENT ON TABLE finance_settlement IS 'The accountant''s inbox: entries that another context drafted with its own approval; how each stands after its last act.';
COMMENT ON COLUMN finance_settlement.key IS 'Idempotency key of the drafting, of the draft it becomes and of the posting: ledger_command and finance_prepared lead from it to the entry.';
COMMENT ON COLUMN finance_settlement.subject IS 'What it settles, as the audit trail names it: trip:12/81.';
COMMENT ON COLUMN finance_settlement.facts IS 'What the other context says of it: person, days, route, sums, who is told where it is declined.';
COMMENT ON COLUMN finance_settlement.sheet IS 'The entry as drafted, in the form of finance_draft.sheet; what only the accountant knows is left out.';
COMMENT ON COLUMN finance_settlement.taken_by IS 'Whose draft it is now.';
COMMENT ON COLUMN finance_settlement.reason IS 'Why it was declined or withdrawn.';

CREATE TABLE finance_settlement_act (
    organisation_id int NOT NULL,
    settlement_id int NOT NULL,
    version int NOT NULL,
    act text NOT NULL,
    actor_id int NOT NULL,
    on_behalf_of int,
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT finance_settlement_act_pkey PRIMARY KEY (organisation_id, settlement_id, version),
    CONSTRAINT finance_settlement_act_settlement_fkey FOREIGN KEY (organisation_id, settlement_id) REFERENCES finance_settlement,
    CONSTRAINT finance_settlement_act_known CHECK (act IN ('drafted', 'taken', 'put-back', 'declined', 'withdrawn')),
    CONSTRAINT finance_settlement_act_why CHECK (act NOT IN ('declined', 'withdrawn') OR length(btrim(reason)) >= 3)
);
COMMENT ON TABLE finance_settlement_act IS 'Who drafted, took, put back, declined, withdrew: one row an act, append-only; the only way a settlement changes.';
COMMENT ON COLUMN finance_settlement_act.on_behalf_of IS 'Whose rights the actor used, where he is a delegate.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON finance_settlement_act FOR EACH ROW EXECUTE FUNCTION base_append_only();
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON finance_settlement_act FOR EACH STATEMENT EXECUTE FUNCTION base_append_only();

-- The one place that moves a settlement on.  What is posted, or on its way through a second person, stays as it is.
CREATE FUNCTION finance_settlement_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
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
    UPDATE finance_settlement
       SET state = CASE NEW.act WHEN 'drafted' THEN 'waiting' WHEN 'put-back' THEN 'waiting' ELSE NEW.act END, version = NEW.version,
           taken_by = CASE NEW.act WHEN 'taken' THEN NEW.actor_id END, reason = NEW.reason
     WHERE organisation_id = NEW.organisation_id AND id = NEW.settlement_id;
    RETURN NEW;
END $$;
CREATE TRIGGER step BEFORE INSERT ON finance_settlement_act FOR EACH ROW EXECUTE FUNCTION finance_settlement_step();

-- ---------------------------------------------------------------------------------------------- doors for who reads no books

CREATE FUNCTION finance_settles(p_organisation int) RETURNS void LANGUAGE plpgsql STABLE AS
$$ BEGIN
    IF NOT coalesce(p_organisation = ANY (hr_deciding()), false) AND NOT coalesce(p_organisation = ANY (hr_writable()), false) THEN
        RAISE EXCEPTION 'organisation %: nobody decides on staff here', p_organisation USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
COMMENT ON FUNCTION finance_settles IS 'Lets pass who decides on absences at the organisation, or keeps its records of staff.';

CREATE FUNCTION finance_settle(p_organisation int, p_key uuid, p_kind text, p_subject text, p_facts jsonb, p_sheet jsonb, p_amount bigint,
                               p_origin text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE v_id int;
BEGIN
    PERFORM finance_settles(p_organisation);
    INSERT INTO finance_settlement (organisation_id, key, kind, subject, facts, sheet, amount_tiyn, drafted_by)
    VALUES (p_organisation, p_key, p_kind, p_subject, p_facts, p_sheet, p_amount, reference_actor())
    ON CONFLICT DO NOTHING RETURNING id INTO v_id;
    IF v_id IS NULL THEN RETURN NULL; END IF;
    INSERT INTO finance_settlement_act (organisation_id, settlement_id, version, act, actor_id, on_behalf_of, origin)
    VALUES (p_organisation, v_id, 1, 'drafted', reference_actor(), ledger_on_behalf_of(), p_origin);
    INSERT INTO base_attachment (organisation_id, subject, name, media_type, size_bytes, sha256, added_by)
    SELECT organisation_id, 'settlement:' || p_organisation || '/' || v_id, name, media_type, size_bytes, sha256, added_by
      FROM base_attachment WHERE organisation_id = p_organisation AND subject = p_subject AND removed_at IS NULL ORDER BY id;
    RETURN v_id;
END $$;
COMMENT ON FUNCTION finance_settle IS 'Lays a drafted entry, and the papers of what it settles, into the accountant''s inbox; null where the key is there already.';

CREATE FUNCTION finance_withdraw_settlement(p_organisation int, p_key uuid, p_reason text, p_origin text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$
DECLARE s finance_settlement%ROWTYPE;
BEGIN
    PERFORM finance_settles(p_organisation);
    SELECT * INTO s FROM finance_settlement WHERE organisation_id = p_organisation AND key = p_key FOR UPDATE;
    IF s.state = 'waiting' AND NOT EXISTS (SELECT FROM ledger_command c WHERE c.organisation_id = p_organisation AND c.key = p_key) THEN
        INSERT INTO finance_settlement_act (organisation_id, settlement_id, version, act, actor_id, on_behalf_of, origin, reason)
        VALUES (p_organisation, s.id, s.version + 1, 'withdrawn', reference_actor(), ledger_on_behalf_of(), p_origin, p_reason);
        RETURN 'withdrawn';
    END IF;
    RETURN s.state;
END $$;
COMMENT ON FUNCTION finance_withdraw_settlement IS 'Takes back what nobody has begun to post; the state it is in then, null where there is none.';

CREATE FUNCTION finance_settlements_standing(p_organisation int, p_keys uuid[])
RETURNS TABLE (key uuid, id int, state text, reason text, amount_tiyn bigint, entry_id bigint, journal text, number int, effective_on date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    IF NOT coalesce(p_organisation = ANY (hr_readable() || hr_deciding() || hr_serving() || ledger_readable()), false) THEN RETURN; END IF;
    RETURN QUERY
    SELECT s.key, s.id, s.state, s.reason, s.amount_tiyn, e.id::bigint, j.code, e.number::int, e.effective_on
      FROM finance_settlement s
      LEFT JOIN ledger_command c ON c.organisation_id = s.organisation_id AND c.key = s.key
      LEFT JOIN ledger_entry e ON (e.organisation_id, e.fiscal_year, e.id) = (c.organisation_id, c.fiscal_year, c.entry_id)
      LEFT JOIN ledger_journal j ON j.id = e.journal_id
     WHERE s.organisation_id = p_organisation AND s.key = ANY (p_keys)
     ORDER BY s.id;
END $$;
COMMENT ON FUNCTION finance_settlements_standing IS 'How drafted entries stand, by key, and where they are posted: for who serves, decides or keeps records of staff there.';

CREATE FUNCTION finance_settlement_stands(p_organisation int, p_key uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
$$ BEGIN
    PERFORM FROM finance_settlement s
      WHERE s.organisation_id = p_organisation AND s.key = p_key AND s.state IN ('waiting', 'taken')
        AND p_organisation = ANY (ledger_writable()) FOR SHARE;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION finance_settlement_stands IS 'Whether a drafted entry is still to be posted; until the end of the transaction nobody declines it or takes it back.';

-- ---------------------------------------------------------------------------------------------- who sees what

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finance_settlement', 'finance_settlement_act'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
    END LOOP;
END $$;
CREATE POLICY writes ON finance_settlement_act FOR INSERT WITH CHECK (organisation_id = ANY ((SELECT ledger_writable())::int[]));
GRANT SELECT ON finance_settlement, finance_settlement_act TO qazyna_app;
GRANT INSERT (organisation_id, settlement_id, version, act, actor_id, on_behalf_of, origin, reason) ON finance_settlement_act TO qazyna_app;

ALTER TABLE finance_draft DROP CONSTRAINT finance_draft_origin_known;
ALTER TABLE finance_draft ADD CONSTRAINT finance_draft_origin_known
    CHECK (origin IN ('grid', 'paste', 'file', 'template', 'takeover', 'settlement'));

REVOKE ALL ON FUNCTION finance_settlement_step(), finance_settles, finance_settle, finance_withdraw_settlement, finance_settlements_standing,
    finance_settlement_stands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION finance_settle, finance_withdraw_settlement, finance_settlements_standing, finance_settlement_stands TO qazyna_app;

-- What is told of settlements is read with the books.
CREATE OR REPLACE FUNCTION base_of_the_books(p_subject text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
    SELECT split_part(p_subject, ':', 1) IN ('entry', 'prepared', 'draft', 'comment', 'attachment', 'counterparty', 'import', 'intake', 'takeover',
                                             'recoding', 'month', 'year', 'policy', 'closing', 'settlement')
$$;
