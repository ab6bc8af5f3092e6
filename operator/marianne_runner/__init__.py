"""What runs inside a sheet's Pod. Standard library and Jinja2 only: its start-up is part of every sheet's latency.

For that reason records are `NamedTuple`s (`dataclasses` costs 5 ms at each start), programs are started by
`posix_spawn`, and Jinja2 is imported only for a template that has something to render.
"""
