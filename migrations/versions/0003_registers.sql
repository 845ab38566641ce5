-- Registers that all parts cite: data packages, budget classification, currencies, counterparties.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- ---------------------------------------------------------------------------------------------- text

-- The Kazakh alphabet, which also orders Russian words as Russians do:
--   А Ә Б В Г Ғ Д Е Ё Ж З И Й К Қ Л М Н Ң О Ө П Р С Т У Ұ Ү Ф Х Һ Ц Ч Ш Щ Ъ Ы І Ь Э Ю Я
-- Code points put the nine Kazakh letters after Я; no ICU collation may be assumed.  So: the first translate folds
-- case and the letters of pre-Unicode fonts (ќ=қ є=ғ ѕ=ң ґ=ө ў=ұ ї=ү ј=ә) and drops quotation marks and №, the
-- second writes the 42 letters as 42 neighbouring code points, а to љ, in the order of the alphabet.
CREATE FUNCTION base_kazakh_sort_key(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(
    translate(p_text,
        'ABCDEFGHIJKLMNOPQRSTUVWXYZАӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯЌќЄєЅѕҐґЎўЇїЈј«»„“”"№',
        'abcdefghijklmnopqrstuvwxyzаәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюяққғғңңөөұұүүәә'),
    'аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя',
    'абвгдежзийклмнопрстуфхцчшщъыьэюяѐёђѓєѕіїјљ');
COMMENT ON FUNCTION base_kazakh_sort_key(text) IS
    'Sort key in the order of the Kazakh alphabet; compare it under COLLATE "C".';

CREATE FUNCTION base_search_fold(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(lower(p_text),
    'АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯёiЌќЄєЅѕҐґЎўЇїЈј«»„“”"',
    'аәбвгғдеежзийкқлмнңоөпрстуұүфхһцчшщъыіьэюяеіққғғңңөөұұүүәә');
COMMENT ON FUNCTION base_search_fold(text) IS
    'Text as searches compare it, on both sides: no case in any locale, ё as е, Latin i as Kazakh і, no quotation marks.';

-- ---------------------------------------------------------------------------------------------- packages

CREATE TABLE reference_package (
    id int GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    edition text NOT NULL,
    title_kk text NOT NULL,
    title_ru text NOT NULL,
    title_en text NOT NULL,
    act text NOT NULL,
    in_force daterange NOT NULL,
    contents text[] NOT NULL,
    sha256 text NOT NULL,
    rows int NOT NULL,
    not_verified int NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reference_package_pkey PRIMARY KEY (id),
    CONSTRAINT reference_package_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT reference_package_not_verified_within_rows CHECK (not_verified BETWEEN 0 AND rows)
);
CREATE INDEX reference_package_by_name ON reference_package (name, id);
COMMENT ON TABLE reference_package IS 'Data packages as loaded, append-only: the last row of a name is what is in use.';
COMMENT ON COLUMN reference_package.name IS 'Folder of the package under version control.';
COMMENT ON COLUMN reference_package.edition IS 'Which edition of the act, or which gathering of facts, this is.';
COMMENT ON COLUMN reference_package.act IS 'The act that sets the rows, or what stands for it.';
COMMENT ON COLUMN reference_package.in_force IS 'Days the edition counts for, half-open.';
COMMENT ON COLUMN reference_package.contents IS 'Registers it fills; a register is filled by one package.';
COMMENT ON COLUMN reference_package.sha256 IS 'Digest of the package files; the same digest is not loaded twice.';
COMMENT ON COLUMN reference_package.not_verified IS 'Rows whose confidence is below high: shown as not verified.';

-- ---------------------------------------------------------------------------------------------- classification

CREATE TABLE reference_classification (
    id int GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    code text NOT NULL,
    parent_code text,
    level text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    international text NOT NULL DEFAULT '',
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    search_text text NOT NULL GENERATED ALWAYS AS
        (base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)) STORED,
    CONSTRAINT reference_classification_pkey PRIMARY KEY (id),
    CONSTRAINT reference_classification_code_once
        EXCLUDE USING gist (kind WITH =, code WITH =, in_force WITH &&),
    CONSTRAINT reference_classification_kind_known CHECK (kind IN ('functional', 'economic', 'revenue')),
    CONSTRAINT reference_classification_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
CREATE INDEX reference_classification_by_code ON reference_classification (kind, code);
COMMENT ON TABLE reference_classification IS
    'Unified budget classification, dated: a row is a code with one meaning over one interval.';
COMMENT ON COLUMN reference_classification.code IS
    'As budgets write it; programme AAA.PPP (administrator.programme), typical subprogramme *.*.SSS, specific 111.';
COMMENT ON COLUMN reference_classification.level IS
    'group, subgroup, administrator, programme, subprogramme; category, class, subclass, specific.';
COMMENT ON COLUMN reference_classification.international IS 'COFOG division or GFSM 2014 code; empty where not mapped.';
COMMENT ON COLUMN reference_classification.in_force IS 'Half-open; empty for a row withdrawn before it counted.';
COMMENT ON COLUMN reference_classification.confidence IS 'Below high it shows as not verified.';
COMMENT ON COLUMN reference_classification.search_text IS 'Code and the three names, folded for searching.';

CREATE TABLE reference_currency (
    code text NOT NULL,
    number text NOT NULL,
    minor_units smallint NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL,
    confidence text NOT NULL,
    source text NOT NULL,
    search_text text NOT NULL GENERATED ALWAYS AS
        (base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)) STORED,
    CONSTRAINT reference_currency_pkey PRIMARY KEY (code),
    CONSTRAINT reference_currency_code_form CHECK (code ~ '^[A-Z]{3}$'),
    CONSTRAINT reference_currency_number_form CHECK (number ~ '^[0-9]{3}$'),
    CONSTRAINT reference_currency_minor_units_range CHECK (minor_units BETWEEN 0 AND 4),
    CONSTRAINT reference_currency_confidence_known CHECK (confidence IN ('verified', 'high', 'medium', 'low'))
);
COMMENT ON TABLE reference_currency IS 'Currencies of ISO 4217 that books may be kept in.';
COMMENT ON COLUMN reference_currency.number IS 'Three digits of ISO 4217.';
COMMENT ON COLUMN reference_currency.minor_units IS 'Decimal places of the minor unit: 2 for KZT (tiyn), 0 for JPY.';

CREATE VIEW reference_dimension_value WITH (security_invoker = true) AS
    SELECT 1 AS dimension, code, name_kk, name_ru, name_en, in_force, confidence, search_text
      FROM reference_classification
     WHERE kind = 'functional' AND level = 'programme'
     UNION ALL
    SELECT 1, p.code || substr(s.code, 4), p.name_kk || ' · ' || s.name_kk, p.name_ru || ' · ' || s.name_ru,
           p.name_en || ' · ' || s.name_en, p.in_force * s.in_force,
           CASE WHEN 'low' IN (p.confidence, s.confidence) THEN 'low'
                WHEN 'medium' IN (p.confidence, s.confidence) THEN 'medium'
                WHEN 'high' IN (p.confidence, s.confidence) THEN 'high'
                ELSE 'verified' END,
           p.code || substr(s.code, 4) || ' ' || p.search_text || ' ' || s.search_text
      FROM reference_classification p
      JOIN reference_classification s ON s.kind = 'functional' AND s.level = 'subprogramme' AND s.in_force && p.in_force
     WHERE p.kind = 'functional' AND p.level = 'programme'
     UNION ALL
    SELECT 2, code, name_kk, name_ru, name_en, in_force, confidence, search_text
      FROM reference_classification
     WHERE kind = 'economic' AND level = 'specific'
     UNION ALL
    SELECT 256, code, name_kk, name_ru, name_en, in_force, confidence, search_text
      FROM reference_currency;
COMMENT ON VIEW reference_dimension_value IS
    'Codes a posting may carry, by bit of the dimension: programme 1 (also with each typical subprogramme), specific 2, currency 256.';

-- ---------------------------------------------------------------------------------------------- counterparties

CREATE FUNCTION reference_check_digit_holds(p_code text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_code !~ '^[0-9]{12}$' THEN false ELSE (
    SELECT CASE WHEN s.first_sum % 11 < 10 THEN s.first_sum % 11 = s.last_digit
                ELSE s.second_sum % 11 < 10 AND s.second_sum % 11 = s.last_digit END
      FROM (SELECT sum(substr(p_code, n, 1)::int * n) AS first_sum,
                   sum(substr(p_code, n, 1)::int * ((n + 1) % 11 + 1)) AS second_sum,
                   substr(p_code, 12, 1)::int AS last_digit
              FROM generate_series(1, 11) AS n) AS s) END;
COMMENT ON FUNCTION reference_check_digit_holds(text) IS
    'Whether 12 digits are a BIN or IIN by their check digit: weights 1..11, where that gives 10 weights 3..11, 1, 2.';

CREATE TABLE reference_counterparty (
    code text NOT NULL,
    kind text NOT NULL,
    name_kk text NOT NULL,
    name_ru text NOT NULL,
    name_en text NOT NULL,
    in_force daterange NOT NULL DEFAULT '(,)',
    search_text text NOT NULL GENERATED ALWAYS AS
        (base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)) STORED,
    CONSTRAINT reference_counterparty_pkey PRIMARY KEY (code),
    CONSTRAINT reference_counterparty_check_digit CHECK (reference_check_digit_holds(code)),
    CONSTRAINT reference_counterparty_kind_of_code CHECK (
        kind = CASE WHEN substr(code, 5, 1) BETWEEN '0' AND '3' THEN 'individual'
                    WHEN substr(code, 5, 1) BETWEEN '4' AND '6' THEN 'legal' ELSE '' END),
    CONSTRAINT reference_counterparty_named CHECK (name_ru <> '')
);
CREATE INDEX reference_counterparty_by_text ON reference_counterparty USING gin (search_text gin_trgm_ops);
CREATE INDEX reference_counterparty_by_start_of_code ON reference_counterparty (code text_pattern_ops);
CREATE INDEX reference_counterparty_by_name_kk
    ON reference_counterparty (base_kazakh_sort_key(name_kk) COLLATE "C", code);
CREATE INDEX reference_counterparty_by_name_ru
    ON reference_counterparty (base_kazakh_sort_key(name_ru) COLLATE "C", code);
CREATE INDEX reference_counterparty_by_name_en
    ON reference_counterparty (base_kazakh_sort_key(name_en) COLLATE "C", code);
COMMENT ON TABLE reference_counterparty IS 'Whom institutions deal with: legal persons by BIN, individuals by IIN; shared by all.';
COMMENT ON COLUMN reference_counterparty.code IS 'BIN or IIN, 12 digits; the fifth tells which: 0 to 3 IIN, 4 to 6 BIN.';
COMMENT ON COLUMN reference_counterparty.name_en IS 'May repeat the Russian name, as name_kk may.';
COMMENT ON COLUMN reference_counterparty.in_force IS 'From registration to liquidation; unbounded where not known.';

GRANT SELECT ON reference_package, reference_classification, reference_currency, reference_dimension_value,
    reference_counterparty TO qazyna_app;
GRANT INSERT, UPDATE ON reference_counterparty TO qazyna_app;
GRANT EXECUTE ON FUNCTION base_kazakh_sort_key(text), base_search_fold(text), reference_check_digit_holds(text)
    TO qazyna_app;
