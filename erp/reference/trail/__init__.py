"""The trail of changes: who changed what, when, from where, and what it was before."""
