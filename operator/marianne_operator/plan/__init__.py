"""Decisions: pure functions of what was observed. No clock, client, log or randomness that is not passed in."""
