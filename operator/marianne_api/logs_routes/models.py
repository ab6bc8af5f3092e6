"""What is told of a log."""

from pydantic import BaseModel


class LogInfo(BaseModel):
    """Counted as they can be read now. `log_file` is the name under which `logs/static` gives them out."""

    job_id: str
    log_file: str
    size_bytes: int
    lines: int
    last_modified: str | None
