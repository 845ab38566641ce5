"""Who may do what where: users, roles, sessions, and the one policy."""
