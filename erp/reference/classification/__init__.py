"""Codes a posting may carry: budget classification and currencies, dated, in three languages."""
