"""The runner for an image that does not have it (decision 016): an init container copies it into an empty folder.

Only where the chart says `runner.inject`; else a sheet's Pod has one container, which starts sooner.
"""

from collections.abc import Mapping
from typing import Any, Final

from marianne_operator.plan.observation import Settings

RUNNER_FOLDER: Final = "/opt/marianne"
BROUGHT_TO: Final = "/runner"
BRINGER: Final = "runner"
"""The init container's name, and the folder's."""
SIZE_LIMIT: Final = "256Mi"
"""Four times what the runner takes; it counts as the Pod's ephemeral storage."""


def applies(image: str, settings: Settings) -> bool:
    """The runner's own image has what it needs."""
    return settings.inject_runner and image != settings.runner_image


def init_container(settings: Settings, security: Mapping[str, Any], resources: Any) -> dict[str, Any]:  # noqa: ANN401
    """It runs before the sheet's container, so the same `resources` (as a template has them) ask for nothing more."""
    return {
        "name": BRINGER,
        "image": settings.runner_image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["cp", "-r", f"{RUNNER_FOLDER}/.", BROUGHT_TO],
        "volumeMounts": [{"name": BRINGER, "mountPath": BROUGHT_TO}],
        "resources": resources,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": security,
    }


def volume() -> dict[str, Any]:
    """Of this Pod alone."""
    return {"name": BRINGER, "emptyDir": {"sizeLimit": SIZE_LIMIT}}


def mount() -> dict[str, Any]:
    """Where an image's own runner would be; not to be written by the sheet."""
    return {"name": BRINGER, "mountPath": RUNNER_FOLDER, "readOnly": True}
