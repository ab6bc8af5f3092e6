"""The lanes of tests: what each runs, what it needs, and what came of it."""
