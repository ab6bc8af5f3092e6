"""What happens to one Pod. A chooser, given by the test, picks a script for each Pod by its labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from marianne_runner.contract import ATTEMPT_LABEL, SHEET_LABEL, Brief, Verdict
from tests.simulated_kubelet.verdicts import completed, failed

Body = dict[str, Any]
Speak = Callable[[Brief, str], Verdict | None]
"""The verdict that the container leaves, by its brief and its Pod's UID; None: it leaves no word."""
SIGTERM_EXIT: Final = 143
SIGKILL_EXIT: Final = 137


def silent(_brief: Brief, _uid: str) -> Verdict | None:
    """No word."""
    return None


@dataclass(frozen=True, slots=True)
class Script:
    """`ends`: the container runs `seconds` and ends. `stuck`: it never starts. `lost`: its node no longer answers.

    `vanishes`: somebody removes the object while the container runs. `runner`: the real runner is run.
    """

    kind: Literal["ends", "stuck", "lost", "vanishes", "runner"] = "ends"
    start_after: float = 0.0
    seconds: float = 0.0
    exit_code: int = 0
    speak: Speak = completed
    container_reason: str = ""
    """Of the terminated container, or of the waiting one; empty: by the exit code."""
    container_message: str = ""
    """Of the waiting container; where a terminated one says something that is no verdict."""
    pod_reason: str = ""
    pod_message: str = ""
    disrupted: bool = False
    deaf: bool = False
    """SIGTERM does not end it: only SIGKILL, when its grace is over."""
    never_started: bool = False
    """Its first program could not be run: the container has no start."""

    def late(self, seconds: float) -> "Script":
        """The same, started later."""
        return replace(self, start_after=seconds)

    def lasting(self, seconds: float) -> "Script":
        """The same, running longer."""
        return replace(self, seconds=seconds)


Choose = Callable[[Body], Script]

COMPLETES: Final = Script()
RUNNER: Final = Script(kind="runner")
NODE_LOST: Final = Script(kind="lost", speak=silent, pod_reason="NodeLost", pod_message="the node does not answer")
VANISHES: Final = Script(kind="vanishes", speak=silent)
OOM_KILLED: Final = Script(exit_code=SIGKILL_EXIT, speak=silent, container_reason="OOMKilled")
EVICTED: Final = Script(
    exit_code=SIGKILL_EXIT,
    speak=silent,
    pod_reason="Evicted",
    pod_message="The node was low on resource: memory.",
    disrupted=True,
)
TERMINATED_ITSELF: Final = Script(exit_code=SIGTERM_EXIT, speak=silent)
NO_RUNNER: Final = Script(
    exit_code=128,
    speak=silent,
    container_reason="StartError",
    container_message='exec: "/opt/marianne/bin/marianne-runner": no such file or directory',
    never_started=True,
)


def fails(reason: str = "ValidationFailed", exit_code: int = 1) -> Script:
    """A verdict that says `failed`."""
    return Script(exit_code=exit_code, speak=failed(reason))


def exits(code: int, message: str = "") -> Script:
    """It ends without a verdict."""
    return Script(exit_code=code, speak=silent, container_message=message)


def stuck(reason: str, message: str = "") -> Script:
    """It waits for ever: `ImagePullBackOff`, `ContainerCreating`, `CreateContainerConfigError`…"""
    return Script(kind="stuck", container_reason=reason, container_message=message)


def attempt_of(pod: Body) -> tuple[int, int]:
    """(sheet, attempt) by its labels."""
    labels = pod["metadata"].get("labels") or {}
    return int(labels.get(SHEET_LABEL, 0)), int(labels.get(ATTEMPT_LABEL, 0))


def by_attempt(scripts: dict[tuple[int, int], Script], otherwise: Script = COMPLETES) -> Choose:
    """A chooser: these (sheet, attempt) by script, all others `otherwise`."""
    return lambda pod: scripts.get(attempt_of(pod), otherwise)
