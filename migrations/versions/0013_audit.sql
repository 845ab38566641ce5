-- Before and after, sealed with the journal.

-- ---------------------------------------------------------------------------------------------- events

ALTER TABLE base_audit_event
    ADD COLUMN on_behalf_of int,
    ADD COLUMN before jsonb,
    ADD COLUMN after jsonb,
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
COMMENT ON TABLE base_audit_event IS 'What happened outside the ledger: who, when, from where, before and after; append-only, sealed in blocks.';
COMMENT ON COLUMN base_audit_event.on_behalf_of IS 'Whose rights the actor used, where he is a delegate.';
COMMENT ON COLUMN base_audit_event.before IS 'What the act changed, by field, as it was; null where there was nothing.';
COMMENT ON COLUMN base_audit_event.after IS 'What the act changed, by field, as it is since; null where nothing is left.';
COMMENT ON COLUMN base_audit_event.recorded_xid IS 'The transaction: events of transactions that have ended are sealed.';
CREATE INDEX base_audit_event_by_subject ON base_audit_event (subject, at);
CREATE INDEX base_audit_event_by_organisation ON base_audit_event (organisation_id, at);
CREATE INDEX base_audit_event_of_the_system ON base_audit_event (at) WHERE organisation_id IS NULL;
CREATE INDEX base_audit_event_by_xid ON base_audit_event (recorded_xid);

CREATE FUNCTION base_audited() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT string_to_array(nullif(current_setting('qazyna.audits', true), ''), ',')::int[] $$;
COMMENT ON FUNCTION base_audited() IS 'Organisations whose trail this transaction may read; 0 stands for what concerns none.';

CREATE FUNCTION base_of_the_books(p_subject text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
    SELECT split_part(p_subject, ':', 1) IN ('entry', 'prepared', 'comment', 'attachment', 'counterparty', 'import', 'recoding', 'month', 'year')
$$;
COMMENT ON FUNCTION base_of_the_books IS 'Whether an event tells of the books, which may be money: then it is read with them.';

ALTER TABLE base_audit_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON base_audit_event FOR SELECT USING (
    CASE WHEN organisation_id IS NOT NULL AND base_of_the_books(subject) THEN organisation_id = ANY ((SELECT ledger_readable())::int[])
         ELSE coalesce(organisation_id, 0) = ANY ((SELECT base_audited())::int[]) END);
CREATE POLICY tells ON base_audit_event FOR INSERT WITH CHECK (true);  -- what was done is never refused a record
REVOKE INSERT ON base_audit_event FROM qazyna_app;
GRANT INSERT (actor_id, on_behalf_of, origin, organisation_id, action, subject, facts, before, after) ON base_audit_event
   TO qazyna_app;
GRANT SELECT ON base_audit_event TO qazyna_app;
GRANT EXECUTE ON FUNCTION base_audited(), base_of_the_books TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- facts of the ledger

CREATE FUNCTION ledger_on_behalf_of() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT nullif(current_setting('qazyna.on_behalf_of', true), '')::int $$;
COMMENT ON FUNCTION ledger_on_behalf_of() IS 'Whose rights this transaction uses, where its actor is a delegate.';

ALTER TABLE ledger_command ADD COLUMN on_behalf_of int DEFAULT ledger_on_behalf_of();
ALTER TABLE ledger_period_change
    ADD COLUMN on_behalf_of int DEFAULT ledger_on_behalf_of(),
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE ledger_year_change
    ADD COLUMN on_behalf_of int DEFAULT ledger_on_behalf_of(),
    ADD COLUMN recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
-- Where nothing is known of the table yet, the planner takes the newest of indexes that look alike: that by entry, as before.
DROP INDEX ledger_command_by_entry;
CREATE INDEX ledger_command_by_instant ON ledger_command (organisation_id, at);
CREATE INDEX ledger_command_by_entry ON ledger_command (organisation_id, entry_id);
CREATE INDEX ledger_period_change_by_xid ON ledger_period_change (recorded_xid);
CREATE INDEX ledger_year_change_by_xid ON ledger_year_change (recorded_xid);
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_command', 'ledger_period_change', 'ledger_year_change'] LOOP
        EXECUTE format('COMMENT ON COLUMN %I.on_behalf_of IS %L', t, 'Whose rights the actor used, where he is a delegate.');
    END LOOP;
END $$;

CREATE VIEW base_trail WITH (security_invoker = true) AS
    SELECT 'event' AS source, id, organisation_id, at, actor_id, on_behalf_of, origin, action, subject, facts, before, after,
           recorded_xid
      FROM base_audit_event
     UNION ALL
    SELECT 'month', id, organisation_id, at, actor_id, on_behalf_of, origin,
           CASE state WHEN 'open' THEN 'month-reopened' WHEN 'restricted' THEN 'month-restricted' ELSE 'month-closed' END,
           'month:' || organisation_id || '/' || to_char(month, 'YYYY-MM'), jsonb_build_object('reason', reason),
           jsonb_build_object('state', was), jsonb_build_object('state', state), recorded_xid
      FROM ledger_period_change
     UNION ALL
    SELECT 'year', id, organisation_id, at, actor_id, on_behalf_of, origin,
           CASE state WHEN 'closed' THEN 'year-closed' ELSE 'year-reopened' END,
           'year:' || organisation_id || '/' || fiscal_year,
           jsonb_build_object('key', key, 'entries', entries, 'postings', postings, 'result_tiyn', result_tiyn, 'reason', reason),
           jsonb_build_object('state', CASE state WHEN 'closed' THEN 'open' ELSE 'closed' END), jsonb_build_object('state', state),
           recorded_xid
      FROM ledger_year_change
     UNION ALL
    SELECT 'entry', entry_id, organisation_id, at, actor_id, on_behalf_of, origin, 'posted-' || action,
           'entry:' || organisation_id || '/' || fiscal_year || '/' || entry_id, jsonb_build_object('key', key),
           NULL, NULL, NULL
      FROM ledger_command;
COMMENT ON VIEW base_trail IS 'Every change: events, locks of months, closes of years, posting commands.';
GRANT SELECT ON base_trail TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- what is sealed

CREATE TABLE ledger_trail_leaf (
    source text NOT NULL,
    id bigint NOT NULL,
    block_no bigint NOT NULL,
    leaf_no int NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT ledger_trail_leaf_pkey PRIMARY KEY (source, id),
    CONSTRAINT ledger_trail_leaf_source_known CHECK (source IN ('event', 'month', 'year'))
);
CREATE INDEX ledger_trail_leaf_by_block ON ledger_trail_leaf USING brin (block_no) WITH (pages_per_range = 8, autosummarize = on);
COMMENT ON TABLE ledger_trail_leaf IS 'Which event is which leaf of which block''s second tree; append-only.';
COMMENT ON COLUMN ledger_trail_leaf.leaf_no IS 'From 1, in the order of recorded_xid, source, id.';
COMMENT ON COLUMN ledger_trail_leaf.subject IS 'With the action, names the event also after somebody took it away.';
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON ledger_trail_leaf FOR EACH ROW EXECUTE FUNCTION ledger_final();
CREATE TRIGGER final_all BEFORE TRUNCATE ON ledger_trail_leaf FOR EACH STATEMENT EXECUTE FUNCTION ledger_final();

ALTER TABLE ledger_block
    ADD COLUMN events int,
    ADD COLUMN trail bytea,
    ADD CONSTRAINT ledger_block_trail_counted CHECK ((events IS NULL) = (trail IS NULL));
COMMENT ON COLUMN ledger_block.events IS 'Leaves of the second tree; null in blocks of before there was one.';
COMMENT ON COLUMN ledger_block.trail IS 'Root of the Merkle tree over the events recorded since the block before.';
CREATE INDEX ledger_block_without_trail ON ledger_block (watermark) WHERE trail IS NULL;

ALTER TABLE ledger_sealed_code DROP CONSTRAINT ledger_sealed_code_kind_known;
ALTER TABLE ledger_sealed_code
    ADD CONSTRAINT ledger_sealed_code_kind_known CHECK (kind IN ('book', 'journal', 'side', 'organisation', 'user'));
COMMENT ON COLUMN ledger_sealed_code.text IS 'JSON: the code of the book or organisation (id 0) or the journal; an account with its named dimensions; a user''s login (organisation 0).';

CREATE TABLE ledger_known_through (
    one boolean NOT NULL DEFAULT true,
    instant timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT ledger_known_through_pkey PRIMARY KEY (one),
    CONSTRAINT ledger_known_through_once CHECK (one)
);
COMMENT ON TABLE ledger_known_through IS 'Nothing was recorded from the last block to this instant: no block of an earlier instant is to come.';
INSERT INTO ledger_known_through DEFAULT VALUES;
GRANT SELECT ON ledger_known_through TO qazyna_app;

-- Texts of version 2 say who by login, and the command; entries in blocks of before keep their version 1.
-- ledger/verify.py writes the same texts by itself and must be changed with this.
CREATE OR REPLACE VIEW ledger_leaf_text WITH (security_invoker = true) AS
    SELECT e.organisation_id, e.fiscal_year, e.id AS entry_id, e.recorded_xid, e.journal_id, e.number,
           '["qazyna-entry-' || CASE WHEN e.told THEN '2' ELSE '1' END || '",' || coalesce(b.text, 'null') || ',' || e.fiscal_year
           || ',' || coalesce(j.text, 'null') || ','
           || e.number || ',"' || e.kind || '",' || e.balance_kind || ',"' || e.effective_on || '","'
           || to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || e.recorded_xid || ','
           || CASE WHEN e.told THEN coalesce(u.text, 'null') ELSE e.actor_id::text END
           || ',' || to_json(e.memo) || ',' || to_json(e.document_number) || ','
           || coalesce('"' || e.document_on || '"', 'null') || ',[' || to_json(e.source_kind) || ','
           || coalesce(e.source_id::text, 'null') || ',' || coalesce(e.source_line::text, 'null') || '],'
           || coalesce(CASE WHEN e.kind IN ('storno', 'reversal') THEN (
                  SELECT '[' || o.fiscal_year || ',' || coalesce(oj.text, 'null') || ',' || o.number || ',"' || c.kind || '",'
                         || to_json(c.reason) || ',' || to_json(c.through_earlier_years) || ']'
                    FROM ledger_correction c
                    JOIN ledger_entry o ON (o.organisation_id, o.fiscal_year, o.id) = (c.organisation_id, c.fiscal_year, c.entry_id)
                    LEFT JOIN ledger_sealed_code oj
                      ON (oj.organisation_id, oj.kind, oj.id) = (o.organisation_id, 'journal', o.journal_id)
                   WHERE (c.organisation_id, c.by_entry_id) = (e.organisation_id, e.id)) END, 'null')
           || ',[' || coalesce(e.postings, '') || ']'
           || CASE WHEN e.told THEN ',' || coalesce('["' || m.key || '",' || to_json(m.action) || ',"'
                  || to_char(m.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || to_json(m.origin) || ','
                  || coalesce(w.text, 'null') || ']', 'null') ELSE '' END || ']' AS text
      FROM (SELECT e.*, e.recorded_xid >= coalesce((
                       SELECT watermark FROM ledger_block WHERE trail IS NULL ORDER BY watermark DESC LIMIT 1), '0'::xid8) AS told,
                   string_agg(
                       '[' || coalesce(d.text, 'null') || ',' || coalesce(k.text, 'null') || ',' || p.amount_tiyn || ','
                       || coalesce(to_json(p.memo)::text, 'null') || ',' || coalesce(p.debit_quantity_milli::text, 'null') || ','
                       || coalesce(p.credit_quantity_milli::text, 'null') || ',' || coalesce(p.debit_currency_minor::text, 'null')
                       || ',' || coalesce(p.credit_currency_minor::text, 'null') || ']', ',' ORDER BY p.no) AS postings
              FROM ledger_entry e
              LEFT JOIN ledger_posting p
                ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
              LEFT JOIN ledger_sealed_code d ON (d.organisation_id, d.kind, d.id) = (p.organisation_id, 'side', p.debit_id)
              LEFT JOIN ledger_sealed_code k ON (k.organisation_id, k.kind, k.id) = (p.organisation_id, 'side', p.credit_id)
             GROUP BY e.organisation_id, e.fiscal_year, e.id) e
      LEFT JOIN ledger_sealed_code b ON (b.organisation_id, b.kind, b.id) = (e.organisation_id, 'book', 0)
      LEFT JOIN ledger_sealed_code j ON (j.organisation_id, j.kind, j.id) = (e.organisation_id, 'journal', e.journal_id)
      LEFT JOIN ledger_sealed_code u ON (u.organisation_id, u.kind, u.id) = (0, 'user', e.actor_id)
      LEFT JOIN ledger_command m ON (m.organisation_id, m.entry_id, m.fiscal_year) = (e.organisation_id, e.id, e.fiscal_year)
      LEFT JOIN ledger_sealed_code w ON (w.organisation_id, w.kind, w.id) = (0, 'user', m.on_behalf_of);

CREATE VIEW ledger_trail_text WITH (security_invoker = true) AS
    SELECT t.source, t.id, t.recorded_xid, t.action, t.subject,
           '["qazyna-event-1","' || t.source || '",' || t.id || ',' || coalesce(o.text, 'null') || ',"'
           || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || t.recorded_xid || ','
           || coalesce(u.text, 'null') || ',' || coalesce(w.text, 'null') || ',' || to_json(t.origin) || ','
           || to_json(t.action) || ',' || to_json(t.subject) || ',' || t.facts || ',' || coalesce(t.before::text, 'null') || ','
           || coalesce(t.after::text, 'null') || ']' AS text
      FROM base_trail t
      LEFT JOIN ledger_sealed_code o ON (o.organisation_id, o.kind, o.id) = (t.organisation_id, 'organisation', 0)
      LEFT JOIN ledger_sealed_code u ON (u.organisation_id, u.kind, u.id) = (0, 'user', t.actor_id)
      LEFT JOIN ledger_sealed_code w ON (w.organisation_id, w.kind, w.id) = (0, 'user', t.on_behalf_of)
     WHERE t.source <> 'entry';  -- posting commands are sealed with their entries
COMMENT ON VIEW ledger_trail_text IS 'Canonical text of each event, by the codes as they were sealed; the auditor''s guide names its fields.';

CREATE OR REPLACE FUNCTION ledger_block_text(b ledger_block) RETURNS text LANGUAGE sql STABLE AS
$$
    SELECT '["qazyna-block-' || CASE WHEN b.trail IS NULL THEN '1' ELSE '2' END || '",' || b.no || ',' || b.watermark || ','
        || b.entries || ',"'
        || to_char(b.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","' || encode(b.root, 'hex') || '","'
        || encode(b.codes, 'hex') || '","' || encode(b.previous, 'hex') || '"'
        || CASE WHEN b.trail IS NULL THEN '' ELSE ',' || b.events || ',"' || encode(b.trail, 'hex') || '"' END || ']'
$$;

CREATE FUNCTION ledger_merkle_root(p_leaves bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE nodes bytea := coalesce(p_leaves, sha256(''));
BEGIN
    WHILE length(nodes) > 32 LOOP
        nodes := ledger_merkle_level(nodes);
    END LOOP;
    RETURN nodes;
END $$;
COMMENT ON FUNCTION ledger_merkle_root IS 'Root of the tree over leaves of 32 bytes.';

CREATE OR REPLACE FUNCTION ledger_seal(p_even_empty boolean DEFAULT false) RETURNS SETOF ledger_block
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET datestyle = 'ISO, YMD' SET plan_cache_mode = force_custom_plan
SET jit = off SET enable_nestloop = on SET enable_hashjoin = on SET enable_mergejoin = on AS
$$
DECLARE
    last ledger_block;
    made ledger_block;
    since xid8;
    told_since xid8;
    nodes bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM ledger_refuse('QZ022', 'snapshot-too-old');
    END IF;
    IF p_even_empty THEN
        PERFORM pg_advisory_xact_lock(24225);
    ELSIF NOT pg_try_advisory_xact_lock(24225) THEN
        RETURN;  -- somebody is sealing just now
    END IF;

    SELECT * INTO last FROM ledger_block ORDER BY no DESC LIMIT 1;
    since := coalesce(last.watermark, '0'::xid8);
    told_since := CASE WHEN last.trail IS NULL THEN '0'::xid8 ELSE last.watermark END;
    SELECT pg_snapshot_xmin(pg_current_snapshot()) INTO made.watermark;
    IF made.watermark < since THEN
        PERFORM ledger_refuse('QZ051', 'counter-behind',
            jsonb_build_object('found', made.watermark::text, 'sealed', since::text));
    END IF;

    made.watermark := coalesce(ledger_stretch(since, made.watermark, 1000000), made.watermark);

    -- What the block holds is of [since, made.watermark): all of it is visible from here on, nothing is to come.
    SELECT count(*) INTO made.entries FROM (
        SELECT FROM ledger_entry WHERE recorded_xid >= since AND recorded_xid < made.watermark LIMIT 20000) few;
    SELECT count(*) INTO made.events FROM (
        SELECT FROM base_trail
         WHERE source <> 'entry' AND recorded_xid >= told_since AND recorded_xid < made.watermark LIMIT 20000) few;
    IF made.entries = 0 AND made.events = 0 AND NOT p_even_empty THEN RETURN; END IF;
    IF made.entries = 0 AND made.events = 0 AND last.no IS NOT NULL THEN
        UPDATE ledger_known_through SET instant = greatest(clock_timestamp(), instant);
        RETURN NEXT last;
        RETURN;
    END IF;
    IF made.entries < 20000 AND made.events < 20000 THEN
        -- nothing is known of the distribution of xids: the planner is told which joins suit
        PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    ELSE
        PERFORM set_config('enable_nestloop', 'off', true);
    END IF;
    made.no := coalesce(last.no, 0) + 1;
    made.previous := coalesce(last.head, decode(repeat('00', 32), 'hex'));
    made.sealed_at := greatest(clock_timestamp(), last.sealed_at + interval '1 microsecond',
                               (SELECT instant + interval '1 microsecond' FROM ledger_known_through));

    WITH entry AS MATERIALIZED (
        SELECT organisation_id, fiscal_year, id, journal_id, kind, actor_id FROM ledger_entry
         WHERE recorded_xid >= since AND recorded_xid < made.watermark
    ), event AS MATERIALIZED (
        SELECT organisation_id, actor_id, on_behalf_of FROM base_trail
         WHERE source <> 'entry' AND recorded_xid >= told_since AND recorded_xid < made.watermark
    ), used AS (
        SELECT organisation_id, 'book' AS kind, 0 AS id FROM entry
         UNION
        SELECT organisation_id, 'journal', journal_id FROM entry
         UNION
        SELECT e.organisation_id, 'journal', o.journal_id
          FROM entry e
          JOIN ledger_correction c ON (c.organisation_id, c.by_entry_id) = (e.organisation_id, e.id)
          JOIN ledger_entry o ON (o.organisation_id, o.fiscal_year, o.id) = (c.organisation_id, c.fiscal_year, c.entry_id)
         WHERE e.kind IN ('storno', 'reversal')
         UNION
        SELECT e.organisation_id, 'side', unnest(ARRAY[p.debit_id, p.credit_id])
          FROM entry e
          JOIN ledger_posting p ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
         UNION
        SELECT 0, 'user', actor_id FROM entry
         UNION
        SELECT 0, 'user', c.on_behalf_of
          FROM entry e
          JOIN ledger_command c ON (c.organisation_id, c.entry_id, c.fiscal_year) = (e.organisation_id, e.id, e.fiscal_year)
         WHERE c.on_behalf_of IS NOT NULL
         UNION
        SELECT organisation_id, 'organisation', 0 FROM event WHERE organisation_id IS NOT NULL
         UNION
        SELECT 0, 'user', who.id FROM event CROSS JOIN LATERAL (VALUES (actor_id), (on_behalf_of)) who(id)
         WHERE who.id IS NOT NULL
    ), added AS (
        INSERT INTO ledger_sealed_code (organisation_id, kind, id, block_no, text)
        SELECT u.organisation_id, u.kind, u.id, made.no, CASE u.kind
                   WHEN 'book' THEN to_json(coalesce(b.code, u.organisation_id::text))::text
                   WHEN 'journal' THEN to_json(j.code)::text
                   WHEN 'organisation' THEN to_json(coalesce(o.code, u.organisation_id::text))::text
                   WHEN 'user' THEN to_json(coalesce(w.login, u.id::text))::text
                   ELSE '{"account":' || to_json(a.code)
                       || CASE WHEN c.programme <> '' THEN ',"programme":' || to_json(c.programme) ELSE '' END
                       || CASE WHEN c.specific <> '' THEN ',"specific":' || to_json(c.specific) ELSE '' END
                       || CASE WHEN c.source <> '' THEN ',"source":' || to_json(c.source) ELSE '' END
                       || CASE WHEN s.counterparty <> '' THEN ',"counterparty":' || to_json(s.counterparty) ELSE '' END
                       || CASE WHEN s.contract <> '' THEN ',"contract":' || to_json(s.contract) ELSE '' END
                       || CASE WHEN s.item <> '' THEN ',"item":' || to_json(s.item) ELSE '' END
                       || CASE WHEN s.project <> '' THEN ',"project":' || to_json(s.project) ELSE '' END
                       || CASE WHEN s.person <> '' THEN ',"person":' || to_json(s.person) ELSE '' END
                       || CASE WHEN s.currency <> '' THEN ',"currency":' || to_json(s.currency) ELSE '' END || '}'
               END
          FROM used u
          LEFT JOIN ledger_book b ON u.kind = 'book' AND b.organisation_id = u.organisation_id
          LEFT JOIN ledger_journal j ON u.kind = 'journal' AND j.id = u.id
          LEFT JOIN reference_organisation o ON u.kind = 'organisation' AND o.id = u.organisation_id
          LEFT JOIN reference_user w ON u.kind = 'user' AND w.id = u.id
          LEFT JOIN ledger_subaccount s ON u.kind = 'side' AND (s.organisation_id, s.id) = (u.organisation_id, u.id)
          LEFT JOIN ledger_account a ON a.id = s.account_id
          LEFT JOIN ledger_classification c ON c.id = s.classification_id
         WHERE NOT EXISTS (SELECT FROM ledger_sealed_code k
                            WHERE (k.organisation_id, k.kind, k.id) = (u.organisation_id, u.kind, u.id))
        RETURNING organisation_id, kind, id, text
    )
    SELECT sha256(convert_to(coalesce(string_agg('[' || organisation_id || ',"' || kind || '",' || id || ',' || text || ']', E'\n'
                                                 ORDER BY organisation_id, kind, id), ''), 'UTF8'))
      INTO made.codes FROM added;

    WITH leaf AS (
        INSERT INTO ledger_leaf (organisation_id, fiscal_year, entry_id, block_no, number, leaf_no, journal_id, hash)
        SELECT organisation_id, fiscal_year, entry_id, made.no, number,
               row_number() OVER (ORDER BY recorded_xid, organisation_id, fiscal_year, entry_id), journal_id, hash
          FROM (SELECT organisation_id, fiscal_year, entry_id, number, journal_id, recorded_xid,
                       sha256('\x00'::bytea || convert_to(text, 'UTF8')) AS hash
                  FROM ledger_leaf_text
                 WHERE recorded_xid >= since AND recorded_xid < made.watermark OFFSET 0) hashed
        RETURNING leaf_no, hash
    )
    SELECT count(*), string_agg(hash, '' ORDER BY leaf_no) INTO made.entries, nodes FROM leaf;
    made.root := ledger_merkle_root(nodes);

    WITH leaf AS (
        INSERT INTO ledger_trail_leaf (source, id, block_no, leaf_no, action, subject, hash)
        SELECT source, id, made.no, row_number() OVER (ORDER BY recorded_xid, source COLLATE "C", id), action, subject,
               sha256('\x00'::bytea || convert_to(text, 'UTF8'))
          FROM ledger_trail_text WHERE recorded_xid >= told_since AND recorded_xid < made.watermark
        RETURNING leaf_no, hash
    )
    SELECT count(*), string_agg(hash, '' ORDER BY leaf_no) INTO made.events, nodes FROM leaf;
    made.trail := ledger_merkle_root(nodes);

    made.head := sha256(convert_to(ledger_block_text(made), 'UTF8'));
    INSERT INTO ledger_block SELECT made.*;
    RETURN NEXT made;
END $$;
COMMENT ON FUNCTION ledger_seal IS 'Seals what was recorded by transactions that have ended, as the next block, of a million entries or one transaction at most; no row when there was nothing, or another session is sealing.  Who wants a block even if empty waits for that session, and is given the last one when nothing was recorded since.';

CREATE OR REPLACE FUNCTION ledger_known_before(p_at timestamptz) RETURNS xid8 LANGUAGE plpgsql STABLE AS
$$
DECLARE newest timestamptz;
BEGIN
    SELECT greatest(max(sealed_at), (SELECT nullif(instant, '-infinity') FROM ledger_known_through)) INTO newest FROM ledger_block;
    IF newest IS NULL OR newest <= p_at THEN
        PERFORM ledger_refuse('QZ050', 'not-sealed-yet', jsonb_build_object('instant', p_at, 'sealed_at', coalesce(newest::text, '—')));
    END IF;
    RETURN coalesce((SELECT watermark FROM ledger_block WHERE sealed_at <= p_at ORDER BY sealed_at DESC LIMIT 1), '0'::xid8);
END $$;
COMMENT ON FUNCTION ledger_known_before IS 'What was known at an instant: entries whose recorded_xid is below this.  Answered only once no block of an earlier instant can come, so the answer never changes.';

-- ---------------------------------------------------------------------------------------------- proofs

CREATE FUNCTION ledger_merkle_path(p_leaves bytea, p_leaf int, OUT siblings bytea[], OUT sides text[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS
$$
DECLARE
    nodes bytea := p_leaves;
    i int := p_leaf - 1;
BEGIN
    siblings := '{}';
    sides := '{}';
    WHILE length(nodes) > 32 LOOP
        IF (i # 1) * 32 < length(nodes) THEN
            siblings := siblings || substr(nodes, (i # 1) * 32 + 1, 32);
            sides := sides || CASE WHEN i % 2 = 1 THEN 'left' ELSE 'right' END;
        END IF;
        nodes := ledger_merkle_level(nodes);
        i := i / 2;
    END LOOP;
END $$;
COMMENT ON FUNCTION ledger_merkle_path IS 'The nodes beside a leaf''s way to the root, from below.';

CREATE OR REPLACE FUNCTION ledger_proof(p_organisation int, p_year int, p_entry bigint,
                             OUT text text, OUT block_no bigint, OUT leaf_no int, OUT hash bytea, OUT siblings bytea[], OUT sides text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET datestyle = 'ISO, YMD' SET jit = off AS
$$
#variable_conflict use_column
DECLARE nodes bytea;
BEGIN
    IF NOT coalesce(p_organisation = ANY (ledger_readable()), false) THEN
        PERFORM ledger_refuse('QZ004', 'foreign-organisation', jsonb_build_object('organisation', p_organisation));
    END IF;
    SELECT l.block_no, l.leaf_no, l.hash, t.text INTO block_no, leaf_no, hash, text
      FROM ledger_leaf l
      LEFT JOIN ledger_leaf_text t USING (organisation_id, fiscal_year, entry_id)
     WHERE (l.organisation_id, l.fiscal_year, l.entry_id) = (p_organisation, p_year, p_entry);
    IF NOT FOUND THEN PERFORM ledger_refuse('QZ052', 'entry-not-sealed'); END IF;
    SELECT string_agg(l.hash, '' ORDER BY l.leaf_no) INTO nodes FROM ledger_leaf l WHERE l.block_no = ledger_proof.block_no;
    SELECT p.siblings, p.sides INTO siblings, sides FROM ledger_merkle_path(nodes, leaf_no) p;
END $$;

CREATE FUNCTION ledger_event_proof(p_source text, p_id bigint,
                             OUT text text, OUT block_no bigint, OUT leaf_no int, OUT hash bytea, OUT siblings bytea[], OUT sides text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET datestyle = 'ISO, YMD' SET jit = off AS
$$
#variable_conflict use_column
DECLARE nodes bytea;
BEGIN
    SELECT l.block_no, l.leaf_no, l.hash, t.text INTO block_no, leaf_no, hash, text
      FROM ledger_trail_leaf l
      LEFT JOIN ledger_trail_text t USING (source, id)
     WHERE (l.source, l.id) = (p_source, p_id);
    IF NOT FOUND THEN PERFORM ledger_refuse('QZ056', 'event-not-sealed'); END IF;
    SELECT string_agg(l.hash, '' ORDER BY l.leaf_no) INTO nodes FROM ledger_trail_leaf l
     WHERE l.block_no = ledger_event_proof.block_no;
    SELECT p.siblings, p.sides INTO siblings, sides FROM ledger_merkle_path(nodes, leaf_no) p;
END $$;
COMMENT ON FUNCTION ledger_event_proof IS 'An event''s canonical text, its leaf, and the nodes beside its way to the second root of its block, from below; for the owner.';

REVOKE ALL ON FUNCTION ledger_on_behalf_of, ledger_merkle_root, ledger_merkle_path, ledger_event_proof FROM PUBLIC;
