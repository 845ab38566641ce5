"""Moving an institution over from another program, step by step, and the parallel run."""

from web.finance.takeover import comparing, mapping, path, posting

routes = [*path.routes, *mapping.routes, *posting.routes, *comparing.routes]
