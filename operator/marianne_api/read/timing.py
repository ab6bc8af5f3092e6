"""How often the readers do what; tests make it faster."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    answer: float = 4.0
    """How long a reader waits for what the API server has to say."""
    idle: float = 60.0
    """A watch without readers is kept so long."""
    rights: float = 60.0
    """Between two questions whether the identity may still read."""
    retry: float = 0.5
    """After a failure to reach the API server; doubled up to `retry_at_most`."""
    retry_at_most: float = 5.0
    frame: float = 0.25
    """Between two frames of one stream."""
    heartbeat: float = 10.0
