"""Business trips: route and days, the estimate by dated norms, the advance report and its settlement."""
