"""Requests to be away: asked, decided, recalled; and who is away on which days."""
