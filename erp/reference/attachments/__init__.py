"""Files at a subject: checked by content, kept once, never executed."""
