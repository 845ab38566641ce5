"""The HTTP form of the internal API, and what every route goes through: policy, problems, the application."""
