"""An instrument of kind `http` as a program: our own interpreter asks the model (semantics §7.1, `http`).

It is a process of its own like any other instrument, so that time-outs, signals and the redaction of its output are
the same; the prompt goes by standard input and the key by the environment, so neither is in an argument.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from marianne_runner import environment
from marianne_runner.contract import Brief
from marianne_runner.http_families import FAMILIES
from marianne_runner.processes import Program

INTERFACE: Final[Mapping[str, Any]] = {
    "output": {
        "format": "json",
        "result_path": "result",
        "error_path": "error.message",
        "input_tokens_path": "usage.input_tokens",
        "output_tokens_path": "usage.output_tokens",
    },
    "errors": {
        "rate_limit_patterns": ["HTTP error 429"],
        "auth_error_patterns": ["HTTP error 40[13]", "unauthorized"],
        "timeout_patterns": ["timed out"],
        "capacity_patterns": ["HTTP error (503|529)"],
    },
}
"""How our program is understood: the `cli` block that such a profile would have."""
NETWORK: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that say how to reach a server."""
OPTIONS: Final = ("temperature", "max_tokens", "num_ctx", "keep_alive")
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from marianne_runner.http_instrument import main; main()"


class HttpProfileError(ValueError):
    """The profile does not say whom to ask; the message names the field."""


def build(
    brief: Brief, prompt: str, workspace: Path, variables: Mapping[str, str], config: Mapping[str, Any]
) -> Program:
    """`config`: the sheet's, from the score. Raises `HttpProfileError`."""
    profile = brief["profile"]
    http = profile.get("http") or {}
    model = brief.get("model") or profile.get("default_model")
    settings = _settings(http) | {"model": model, "timeout_seconds": brief["timeout_seconds"]}
    settings["options"] = _options(profile, config, model, settings["family"])
    wanted = [http.get("auth_env_var") or "", *NETWORK, *(name.lower() for name in NETWORK)]
    arguments = (sys.executable, "-I", "-S", "-c", _START, str(Path(__file__).parents[1]), json.dumps(settings))
    return Program(
        executable=sys.executable,
        arguments=[each.encode() for each in arguments],
        environment=environment.for_instrument({"required_env": wanted}, variables, []),
        folder=workspace,
        stdin=prompt.encode(errors="replace"),
    )


def _settings(http: Mapping[str, Any]) -> dict[str, Any]:
    base, family = str(http.get("base_url") or ""), str(http.get("schema_family") or "openai")
    if not base.startswith(("http://", "https://")):
        raise HttpProfileError("profile.http.base_url is no http or https address")
    if family not in FAMILIES:
        raise HttpProfileError(f"profile.http.schema_family {family!r} is not one of {', '.join(FAMILIES)}")
    endpoint = http.get("endpoint") or FAMILIES[family].endpoint
    return {"url": base.rstrip("/") + endpoint, "family": family, "auth_env_var": http.get("auth_env_var")}


def _options(profile: Mapping[str, Any], config: Mapping[str, Any], model: str | None, family: str) -> dict[str, Any]:
    """The score's word, else the model's own limits where the protocol must know them."""
    known: Mapping[str, Any] = next((each for each in profile.get("models") or () if each.get("name") == model), {})
    limits = {ours: known.get(theirs) for ours, theirs in FAMILIES[family].limits.items()}
    given = limits | {name: config[name] for name in OPTIONS if config.get(name) is not None}
    return {name: value for name, value in given.items() if value is not None}
