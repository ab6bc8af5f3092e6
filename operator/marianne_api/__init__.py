"""The HTTP API: Marianne's job control, spoken over MarianneJobs with each caller's own rights."""
