"""Journal entries, storno, trial balance, account card, import."""
