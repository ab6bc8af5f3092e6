"""Environment variables: what the instrument gets, what checks must not see (semantics §7.2, design §6)."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from marianne_runner.places import ROOT_VARIABLE

_SYSTEM: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TMP", "TEMP"),
        *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    }
)
_GIT: Final = "GIT_CONFIG_"
"""How the Pod tells git that the volume's folders are safe: no instrument works without."""


def of_the_pod() -> dict[str, str]:
    """Ours, as the Pod gave it."""
    return {name: value for name, value in os.environ.items() if name != ROOT_VARIABLE}


def for_instrument(
    command: Mapping[str, Any], environment: Mapping[str, str], credentials: Sequence[str]
) -> dict[str, str]:
    """`command`: the profile's. With `required_env` only those, the instrument's own credentials and the system's."""
    required = command.get("required_env")
    passed = {
        name: value
        for name, value in environment.items()
        if required is None or name in _SYSTEM or name in required or name in credentials or name.startswith(_GIT)
    }
    given = command.get("env") or {}
    return passed | {name: _expanded(str(value), environment) for name, value in given.items()}


def for_checks(environment: Mapping[str, str], credentials: Sequence[str]) -> dict[str, str]:
    """A command in a score must not reach the model's credentials: they are for the instrument alone."""
    return {name: value for name, value in environment.items() if name not in credentials}


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: environment.get(match[1], ""), text)
