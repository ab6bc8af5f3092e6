"""The operator in the cluster, by its chart, as a user would install it."""

from pathlib import Path
from typing import Final

from dev.cluster.image_order import digest, full_name, sources
from dev.cluster.progress import SetupError, step
from dev.demo.access import Access

TREE: Final = Path(__file__).parents[2]
CHART: Final = TREE / "charts" / "marianne-operator"
RELEASE: Final = "marianne-operator"
NAMESPACE: Final = "marianne-system"


def install(access: Access) -> None:
    """Install or upgrade; returns when the operator is ready. Raises `SetupError` with what its Pods say."""
    with step("installing the operator with helm"):
        try:
            access.helm(*arguments())
        except SetupError as error:
            raise SetupError(f"{error}\n{_what_the_pods_say(access)}") from error


def arguments() -> list[str]:
    """Of helm. CRDs that were applied by hand are taken over; the digest makes a new Pod of a new image of that tag."""
    return [
        *("upgrade", "--install", RELEASE, str(CHART)),
        *(
            f"--namespace={NAMESPACE}",
            "--create-namespace",
            "--take-ownership",
            "--force-conflicts",
            "--wait",
            "--timeout=4m",
        ),
        f"--set=instruments.scripted-agent.image={full_name('agent')}",
        f"--set=podAnnotations.sources={digest(sources(TREE, 'operator'))}",
    ]


def _what_the_pods_say(access: Access) -> str:
    where = f"--namespace={NAMESPACE}"
    log = ("logs", where, f"--selector=app.kubernetes.io/instance={RELEASE}", "--tail=20")
    return "\n".join(
        (
            access.kubectl("get", "pods", where, "-o", "wide", check=False),
            access.kubectl("get", "events", where, "--field-selector=type=Warning", check=False),
            access.kubectl(*log, check=False),
        )
    )
