-- A reason is something that can be read: blanks and characters without a shape do not count.

CREATE OR REPLACE FUNCTION ledger_require_reason(p_reason text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN
    IF length(regexp_replace(p_reason, '[\s\u00A0\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2000-\u200F'
                                       '\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF9-\uFFFB]',
                             '', 'g')) >= 3 THEN RETURN; END IF;
    PERFORM ledger_refuse('QZ040', 'reason-missing');
END $$;
