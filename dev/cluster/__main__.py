"""`python -m dev.cluster up|down|control-plane|images`."""
