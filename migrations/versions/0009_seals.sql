-- Seals: Merkle blocks over recorded entries.
--
-- A leaf is the SHA-256 of an entry's canonical text (ledger_leaf_text), which names everything by its code.  Leaves
-- and inner nodes are told apart as in RFC 6962, section 2.1: 0x00 before a leaf, 0x01 before a pair; an odd node is
-- carried up.  A block's head covers the head before it, so one head stands for all that was sealed up to it.

CREATE TABLE ledger_block (
    no bigint NOT NULL,
    watermark xid8 NOT NULL,
    entries int NOT NULL,
    sealed_at timestamptz NOT NULL,
    root bytea NOT NULL,
    codes bytea NOT NULL,
    previous bytea NOT NULL,
    head bytea NOT NULL,
    CONSTRAINT ledger_block_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE ledger_block IS 'Seals, in one chain; append-only.  Holds no institution''s data, so everybody may read it.';
COMMENT ON COLUMN ledger_block.watermark IS 'Entries with a lower recorded_xid are in this block or an earlier one; their transactions had all ended.';
COMMENT ON COLUMN ledger_block.sealed_at IS 'Strictly rising from block to block.';
COMMENT ON COLUMN ledger_block.root IS 'Root of the Merkle tree over the block''s leaves.';
COMMENT ON COLUMN ledger_block.codes IS 'SHA-256 of the lines of ledger_sealed_code that the block added.';
COMMENT ON COLUMN ledger_block.head IS 'SHA-256 of ledger_block_text: what an auditor keeps outside.';
CREATE INDEX ledger_block_by_instant ON ledger_block (sealed_at);

CREATE TABLE ledger_leaf (
    organisation_id int NOT NULL,
    fiscal_year int NOT NULL,
    entry_id bigint NOT NULL,
    block_no bigint NOT NULL,
    number bigint NOT NULL,
    leaf_no int NOT NULL,
    journal_id smallint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT ledger_leaf_pkey PRIMARY KEY (organisation_id, fiscal_year, entry_id)
);
CREATE INDEX ledger_leaf_by_block ON ledger_leaf USING brin (block_no) WITH (pages_per_range = 8, autosummarize = on);
COMMENT ON TABLE ledger_leaf IS 'Which entry is which leaf of which block; append-only.';
COMMENT ON COLUMN ledger_leaf.leaf_no IS 'From 1, in the order of recorded_xid, organisation_id, fiscal_year, entry_id.';
COMMENT ON COLUMN ledger_leaf.number IS 'The entry''s legal number, with its journal: names the entry also after somebody took it away.';

CREATE TABLE ledger_sealed_code (
    organisation_id int NOT NULL,
    kind text NOT NULL,
    id int NOT NULL,
    block_no bigint NOT NULL,
    text text NOT NULL,
    CONSTRAINT ledger_sealed_code_pkey PRIMARY KEY (organisation_id, kind, id),
    CONSTRAINT ledger_sealed_code_kind_known CHECK (kind IN ('book', 'journal', 'side'))
);
CREATE INDEX ledger_sealed_code_by_block ON ledger_sealed_code USING brin (block_no) WITH (pages_per_range = 8, autosummarize = on);
COMMENT ON TABLE ledger_sealed_code IS 'What the ids in sealed entries stood for when a block first met them; append-only.  A later rename is told by it.';
COMMENT ON COLUMN ledger_sealed_code.text IS 'JSON: the code of the book (id 0) or the journal; an account with its named dimensions.';

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_block', 'ledger_leaf', 'ledger_sealed_code'] LOOP
        EXECUTE format('CREATE TRIGGER final BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_final()', t);
        EXECUTE format('CREATE TRIGGER final_all BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_final()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['ledger_leaf', 'ledger_sealed_code'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT USING (organisation_id IN (SELECT unnest(ledger_readable())))', t);
    END LOOP;
END $$;
GRANT SELECT ON ledger_block, ledger_leaf, ledger_sealed_code TO qazyna_app;

-- ---------------------------------------------------------------------------------------------- texts and trees

-- JSON arrays without spaces; dates by DateStyle ISO, which the functions below set.  ledger/verify.py writes the same
-- texts by itself and must be changed with this.
CREATE VIEW ledger_leaf_text WITH (security_invoker = true) AS
    SELECT e.organisation_id, e.fiscal_year, e.id AS entry_id, e.recorded_xid, e.journal_id, e.number,
           '["qazyna-entry-1",' || coalesce(b.text, 'null') || ',' || e.fiscal_year || ',' || coalesce(j.text, 'null') || ','
           || e.number || ',"' || e.kind || '",' || e.balance_kind || ',"' || e.effective_on || '","'
           || to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || e.recorded_xid || ','
           || e.actor_id || ',' || to_json(e.memo) || ',' || to_json(e.document_number) || ','
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
           || ',[' || coalesce(e.postings, '') || ']]' AS text
      FROM (SELECT e.*, string_agg(
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
      LEFT JOIN ledger_sealed_code j ON (j.organisation_id, j.kind, j.id) = (e.organisation_id, 'journal', e.journal_id);
COMMENT ON VIEW ledger_leaf_text IS 'Canonical text of each entry, by the codes as they were sealed; the auditor''s guide names its fields.';

CREATE FUNCTION ledger_block_text(b ledger_block) RETURNS text LANGUAGE sql STABLE AS
$$
    SELECT '["qazyna-block-1",' || b.no || ',' || b.watermark || ',' || b.entries || ',"'
        || to_char(b.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","' || encode(b.root, 'hex') || '","'
        || encode(b.codes, 'hex') || '","' || encode(b.previous, 'hex') || '"]'
$$;
COMMENT ON FUNCTION ledger_block_text IS 'Canonical text of a block''s header; its SHA-256 is the head.';

CREATE FUNCTION ledger_merkle_level(p_nodes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
    SELECT string_agg(CASE WHEN length(pair) = 64 THEN sha256('\x01'::bytea || pair) ELSE pair END, '' ORDER BY i)
      FROM (SELECT i, substr(p_nodes, i * 64 + 1, 64) AS pair FROM generate_series(0, (length(p_nodes) + 63) / 64 - 1) i) pairs
$$;
COMMENT ON FUNCTION ledger_merkle_level IS 'The nodes above a level of 32-byte nodes: pairs hashed, an odd node carried up.';

-- ---------------------------------------------------------------------------------------------- sealing

CREATE FUNCTION ledger_seal(p_even_empty boolean DEFAULT false) RETURNS SETOF ledger_block
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET datestyle = 'ISO, YMD' SET plan_cache_mode = force_custom_plan
SET jit = off SET enable_nestloop = on SET enable_hashjoin = on SET enable_mergejoin = on AS
$$
DECLARE
    last ledger_block;
    made ledger_block;
    since xid8;
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
    SELECT pg_snapshot_xmin(pg_current_snapshot()) INTO made.watermark;
    IF made.watermark < since THEN
        PERFORM ledger_refuse('QZ051', 'counter-behind',
            jsonb_build_object('found', made.watermark::text, 'sealed', since::text));
    END IF;

    made.watermark := coalesce(ledger_stretch(since, made.watermark, 1000000), made.watermark);

    -- The block's entries are those of [since, made.watermark): every one of them is visible from here on, none is to come.
    SELECT count(*) INTO made.entries FROM (
        SELECT FROM ledger_entry WHERE recorded_xid >= since AND recorded_xid < made.watermark LIMIT 20000) few;
    IF made.entries = 0 AND NOT p_even_empty THEN RETURN; END IF;
    IF made.entries < 20000 THEN  -- nothing is known of the distribution of xids: the planner is told which joins suit
        PERFORM set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    ELSE
        PERFORM set_config('enable_nestloop', 'off', true);
    END IF;
    made.no := coalesce(last.no, 0) + 1;
    made.previous := coalesce(last.head, decode(repeat('00', 32), 'hex'));
    made.sealed_at := greatest(clock_timestamp(), last.sealed_at + interval '1 microsecond');

    WITH entry AS MATERIALIZED (
        SELECT organisation_id, fiscal_year, id, journal_id, kind FROM ledger_entry
         WHERE recorded_xid >= since AND recorded_xid < made.watermark
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
    ), added AS (
        INSERT INTO ledger_sealed_code (organisation_id, kind, id, block_no, text)
        SELECT u.organisation_id, u.kind, u.id, made.no, CASE u.kind
                   WHEN 'book' THEN to_json(coalesce(b.code, u.organisation_id::text))::text
                   WHEN 'journal' THEN to_json(j.code)::text
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
    SELECT count(*), coalesce(string_agg(hash, '' ORDER BY leaf_no), sha256('')) INTO made.entries, nodes FROM leaf;
    WHILE length(nodes) > 32 LOOP
        nodes := ledger_merkle_level(nodes);
    END LOOP;
    made.root := nodes;
    made.head := sha256(convert_to(ledger_block_text(made), 'UTF8'));
    INSERT INTO ledger_block SELECT made.*;
    RETURN NEXT made;
END $$;
COMMENT ON FUNCTION ledger_seal IS 'Seals what was recorded by transactions that have ended, as the next block, of a million entries or one transaction at most; no row when there was nothing, or another session is sealing.  Who wants a block even if empty waits for that session.';

-- ---------------------------------------------------------------------------------------------- asking

CREATE FUNCTION ledger_known_before(p_at timestamptz) RETURNS xid8 LANGUAGE plpgsql STABLE AS
$$
DECLARE newest timestamptz;
BEGIN
    SELECT max(sealed_at) INTO newest FROM ledger_block;
    IF newest IS NULL OR newest <= p_at THEN
        PERFORM ledger_refuse('QZ050', 'not-sealed-yet', jsonb_build_object('instant', p_at, 'sealed_at', coalesce(newest::text, '—')));
    END IF;
    RETURN coalesce((SELECT watermark FROM ledger_block WHERE sealed_at <= p_at ORDER BY sealed_at DESC LIMIT 1), '0'::xid8);
END $$;
COMMENT ON FUNCTION ledger_known_before IS 'What was known at an instant: entries whose recorded_xid is below this.  Answered only once a later block exists, so the answer never changes.';

CREATE FUNCTION ledger_proof(p_organisation int, p_year int, p_entry bigint,
                             OUT text text, OUT block_no bigint, OUT leaf_no int, OUT hash bytea, OUT siblings bytea[], OUT sides text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET datestyle = 'ISO, YMD' SET jit = off AS
$$
#variable_conflict use_column
DECLARE
    nodes bytea;
    i int;
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
    i := leaf_no - 1;
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
COMMENT ON FUNCTION ledger_proof IS 'An entry''s canonical text, its leaf, and the nodes beside its way to the root of its block, from below.';

REVOKE ALL ON FUNCTION ledger_block_text, ledger_merkle_level, ledger_seal, ledger_known_before, ledger_proof FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_seal, ledger_known_before, ledger_proof TO qazyna_app;
