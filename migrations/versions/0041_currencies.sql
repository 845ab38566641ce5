ALTER TABLE finance_takeover_balance ADD COLUMN opening_currency_minor bigint;
COMMENT ON COLUMN finance_takeover_balance.opening_currency_minor IS
    'What the row begins with in the currency of its side, in hundredths, debit positive; null where the file does not say it.';
