-- For who watches the system: how much waits to be sealed, of all organisations.

CREATE FUNCTION ledger_unsealed(OUT entries int, OUT since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*)::int, min(recorded_at)
      FROM (SELECT recorded_at FROM ledger_entry
             WHERE recorded_xid >= coalesce((SELECT watermark FROM ledger_block ORDER BY no DESC LIMIT 1), '0')
             ORDER BY recorded_xid LIMIT 100000) waiting
$$;
COMMENT ON FUNCTION ledger_unsealed IS 'How many entries wait to be sealed (100,000 at most are counted), and since when the first does.  Tells nothing of any organisation.';
REVOKE ALL ON FUNCTION ledger_unsealed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_unsealed TO qazyna_app;
