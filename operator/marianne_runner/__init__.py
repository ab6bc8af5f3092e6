"""What runs inside a sheet's Pod. Standard library and Jinja2 only: its start-up is part of every sheet's latency."""
