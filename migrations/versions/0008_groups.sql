-- Balances of groups of organisations, for whole trees.
--
-- A tree of 2,000 institutions has millions of balance rows by account and month.  Groups of 64 organisations have fewer by
-- that factor, but kept in the posting transaction they would make strangers wait for each other.  So they are rolled
-- forward behind it: they hold the entries of transactions below a watermark, and a report adds those above it.  Both come
-- from one snapshot, so the report is exact at any instant, however far behind the roll is.

CREATE FUNCTION ledger_group_of(p_organisation int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN p_organisation >> 6;

CREATE TABLE ledger_group_balance (
    group_id int NOT NULL,
    account_id int NOT NULL,
    classification_id int NOT NULL,
    month date NOT NULL,
    kind smallint NOT NULL,
    debit_tiyn numeric(24) NOT NULL,
    credit_tiyn numeric(24) NOT NULL,
    CONSTRAINT ledger_group_balance_pkey PRIMARY KEY (group_id, account_id, classification_id, month, kind)
) WITH (fillfactor = 70);
COMMENT ON TABLE ledger_group_balance IS 'Turnovers of 64 organisations together, of the entries below the watermark of ledger_rolled; no sum of theirs is too large for it.';
COMMENT ON COLUMN ledger_group_balance.group_id IS 'ledger_group_of() of each of its organisations.';

CREATE TABLE ledger_epoch (
    no int NOT NULL,
    since xid8 NOT NULL,
    until xid8 NOT NULL,
    postings bigint NOT NULL,
    CONSTRAINT ledger_epoch_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE ledger_epoch IS 'Stretches of recorded_xid, from since up to, not including, until, of some 100,000 entries or one large transaction: what was known at an instant is whole epochs and a part of one.';

CREATE TABLE ledger_group_history (
    group_id int NOT NULL,
    epoch_no int NOT NULL,
    account_id int NOT NULL,
    classification_id int NOT NULL,
    month date NOT NULL,
    kind smallint NOT NULL,
    debit_tiyn numeric(24) NOT NULL,
    credit_tiyn numeric(24) NOT NULL,
    CONSTRAINT ledger_group_history_pkey PRIMARY KEY (group_id, epoch_no, account_id, classification_id, month, kind)
) WITH (fillfactor = 70);
COMMENT ON TABLE ledger_group_history IS 'The same turnovers, by the epoch they were recorded in.';

CREATE FUNCTION ledger_rolled() RETURNS xid8 LANGUAGE sql STABLE AS
    $$ SELECT coalesce((SELECT until FROM ledger_epoch ORDER BY no DESC LIMIT 1), '0'::xid8) $$;
COMMENT ON FUNCTION ledger_rolled IS 'The watermark: entries whose recorded_xid is below it are in the group balances.';

CREATE FUNCTION ledger_whole_groups(p_organisations int[]) RETURNS SETOF int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT ledger_group_of(b.organisation_id)
      FROM ledger_book b
      LEFT JOIN (SELECT unnest(p_organisations) INTERSECT SELECT unnest(ledger_readable())) asked(id) ON asked.id = b.organisation_id
     GROUP BY 1 HAVING count(*) = count(asked.id)
$$;
COMMENT ON FUNCTION ledger_whole_groups IS 'Groups all of whose organisations are asked for, and may be read: only those are read as groups.';

CREATE FUNCTION ledger_stretch(p_since xid8, p_until xid8, p_most int) RETURNS xid8 LANGUAGE sql STABLE
SET plan_cache_mode = force_custom_plan AS
$$
    SELECT coalesce((SELECT greatest(e.recorded_xid, (first.recorded_xid::text::bigint + 1)::text::xid8)
                       FROM ledger_entry e
                      WHERE e.recorded_xid >= p_since AND e.recorded_xid < p_until
                      ORDER BY e.recorded_xid OFFSET p_most LIMIT 1), p_until)
      FROM (SELECT min(recorded_xid) AS recorded_xid FROM ledger_entry
             WHERE recorded_xid >= p_since AND recorded_xid < p_until) first
     WHERE first.recorded_xid IS NOT NULL
$$;
COMMENT ON FUNCTION ledger_stretch IS 'Where to stop after p_most entries recorded since, or after the first transaction with any; null where nothing was.';

CREATE FUNCTION ledger_roll(p_most int DEFAULT 100000) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS
$$
DECLARE
    last ledger_epoch;
    v_since xid8;
    v_until xid8;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM ledger_refuse('QZ022', 'snapshot-too-old');
    END IF;
    IF NOT pg_try_advisory_xact_lock(24226) THEN RETURN false; END IF;  -- somebody is rolling just now
    SELECT * INTO last FROM ledger_epoch ORDER BY no DESC LIMIT 1;
    v_since := coalesce(last.until, '0'::xid8);

    -- Every transaction below xmin has ended, and the snapshots of the statements to come see all that it did.
    SELECT pg_snapshot_xmin(pg_current_snapshot()) INTO v_until;
    IF v_until < v_since THEN  -- moved to another server by a dump: what is recorded there is not counted
        PERFORM ledger_refuse('QZ051', 'counter-behind', jsonb_build_object('found', v_until::text, 'sealed', v_since::text));
    END IF;
    v_until := ledger_stretch(v_since, v_until, p_most);
    IF v_until IS NULL THEN RETURN false; END IF;

    IF last.no IS NULL OR last.postings >= p_most THEN
        INSERT INTO ledger_epoch VALUES (coalesce(last.no, 0) + 1, v_since, v_since, 0) RETURNING * INTO last;
    END IF;
    WITH turnover AS MATERIALIZED (
        SELECT ledger_group_of(t.organisation_id) AS group_id, s.account_id, s.classification_id, t.month, t.balance_kind,
               sum(t.debit) AS debit, sum(t.credit) AS credit, sum(t.postings) AS postings
          FROM (SELECT e.organisation_id, side.id, date_trunc('month', e.effective_on)::date AS month, e.balance_kind,
                       sum(side.debit) AS debit, sum(side.credit) AS credit, sum(side.counted) AS postings
                  FROM ledger_entry e
                  JOIN ledger_posting p ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
                 CROSS JOIN LATERAL (VALUES (p.debit_id, p.amount_tiyn, 0::bigint, 1), (p.credit_id, 0, p.amount_tiyn, 0))
                       AS side(id, debit, credit, counted)
                 WHERE e.recorded_xid >= v_since AND e.recorded_xid < v_until
                 GROUP BY 1, 2, 3, 4) t
         CROSS JOIN LATERAL (SELECT s.account_id, s.classification_id FROM ledger_subaccount s
                              WHERE s.organisation_id = t.organisation_id AND s.id = t.id OFFSET 0) s  -- a look by key
         GROUP BY 1, 2, 3, 4, 5
    ), present AS (
        INSERT INTO ledger_group_balance AS b
        SELECT group_id, account_id, classification_id, month, balance_kind, debit, credit FROM turnover
        ON CONFLICT (group_id, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn
    ), history AS (
        INSERT INTO ledger_group_history AS b
        SELECT group_id, last.no, account_id, classification_id, month, balance_kind, debit, credit FROM turnover
        ON CONFLICT (group_id, epoch_no, account_id, classification_id, month, kind) DO UPDATE
           SET debit_tiyn = b.debit_tiyn + excluded.debit_tiyn, credit_tiyn = b.credit_tiyn + excluded.credit_tiyn
    )
    UPDATE ledger_epoch SET until = v_until, postings = last.postings + (SELECT sum(postings) FROM turnover) WHERE no = last.no;
    RETURN true;
END $$;
COMMENT ON FUNCTION ledger_roll IS 'Rolls the group balances forward over what has been recorded since, p_most entries or one transaction at most; whether there was anything.';

ALTER TABLE ledger_group_balance ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_group_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON ledger_group_balance FOR SELECT USING (group_id IN (SELECT ledger_whole_groups(ledger_readable())));
CREATE POLICY reads ON ledger_group_history FOR SELECT USING (group_id IN (SELECT ledger_whole_groups(ledger_readable())));
GRANT SELECT ON ledger_epoch, ledger_group_balance, ledger_group_history TO qazyna_app;
REVOKE ALL ON FUNCTION ledger_group_of, ledger_stretch, ledger_rolled, ledger_whole_groups, ledger_roll FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_group_of, ledger_rolled, ledger_whole_groups, ledger_roll TO qazyna_app;
