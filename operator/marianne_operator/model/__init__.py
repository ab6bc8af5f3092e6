"""The nouns: what a job, its status, a Pod and an instrument are to the operator. Imports nothing above it."""
