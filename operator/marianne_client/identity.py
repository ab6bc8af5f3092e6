"""Ids of jobs: `<namespace>.<name>`. A namespace has no dot, so the first one divides."""

import re
from dataclasses import dataclass
from typing import Final, Self

from marianne_client.errors import UnknownIdError

NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""As the API server has them. Whatever does not match never becomes part of a path."""


@dataclass(frozen=True, slots=True)
class JobId:
    """Both parts are safe in a path."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}"

    @classmethod
    def of(cls, namespace: str, name: str) -> Self:
        """Checked; raises `UnknownIdError`."""
        if NAMESPACE.fullmatch(namespace) is None or NAME.fullmatch(name) is None or ".." in name:
            raise UnknownIdError(f"{namespace}.{name}")
        return cls(namespace, name)

    @classmethod
    def parse(cls, text: str, namespace: str | None = None) -> Self:
        """From `<namespace>.<name>`, or from a bare name where everything is in one namespace.

        Raises `UnknownIdError`.
        """
        if namespace is not None:
            return cls.of(namespace, text)
        first, _, rest = text.partition(".")
        return cls.of(first, rest)
