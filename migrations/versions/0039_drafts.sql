-- Drafts: the day that they are dated, however it is written.

ALTER TABLE finance_draft ADD COLUMN dated_on date;
COMMENT ON COLUMN finance_draft.dated_on IS 'The day that the head says, where what is typed there is one.';

WITH typed AS (
    SELECT organisation_id, id, coalesce(
               regexp_match(sheet->>'effective_on', '^\s*(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})\s*$'),
               (SELECT ARRAY[iso[3], iso[2], iso[1]] FROM regexp_match(sheet->>'effective_on', '^\s*(\d{4})-(\d{2})-(\d{2})\s*$') iso))::int[] AS parts
      FROM finance_draft
), months AS (
    SELECT organisation_id, id, parts[1] AS day,
           CASE WHEN parts[2] BETWEEN 1 AND 12 AND parts[3] > 0
                THEN make_date(parts[3] + CASE WHEN parts[3] > 99 THEN 0 WHEN parts[3] < 91 THEN 2000 ELSE 1900 END, parts[2], 1) END AS first
      FROM typed
)
UPDATE finance_draft d SET dated_on = m.first + (m.day - 1)
  FROM months m
 WHERE (d.organisation_id, d.id) = (m.organisation_id, m.id)
   AND m.day BETWEEN 1 AND extract(day FROM m.first + interval '1 month - 1 day');

CREATE OR REPLACE FUNCTION finance_drafts_dated(p_organisation int, p_month date) RETURNS TABLE (owner_id int, drafts bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$
    SELECT d.owner_id, count(*)
      FROM finance_draft d
     WHERE d.organisation_id = p_organisation AND p_organisation = ANY (ledger_readable()) AND d.discarded_at IS NULL
       AND d.dated_on >= p_month AND d.dated_on < p_month + interval '1 month'
       AND NOT EXISTS (SELECT FROM ledger_command c WHERE c.organisation_id = d.organisation_id AND c.key = d.key)
       AND NOT EXISTS (SELECT FROM finance_prepared p WHERE p.organisation_id = d.organisation_id AND p.key = d.key)
     GROUP BY 1 ORDER BY 1
$$;

GRANT INSERT (dated_on), UPDATE (dated_on) ON finance_draft TO qazyna_app;
