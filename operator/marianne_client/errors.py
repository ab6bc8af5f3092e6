"""How a call to the API server fails."""


class ApiError(Exception):
    """The API server's own refusal (a 4xx): its words are passed on, for they name the user, verb and resource."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message
        super().__init__(message)


class UnreachableError(Exception):
    """No answer, or none to believe (a 5xx): whether a write was done is unknown."""


class UnknownIdError(ValueError):
    """What was given cannot be the id of a job."""
