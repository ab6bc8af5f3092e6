"""What an author should know of a score before it runs: errors, warnings, and where they stand."""
