import pytest

from marianne_operator.plan import waiting
from tests.unit.plan.build import pod


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('secret "x" not found', "SecretNotFound"),
        ("couldn't find key k in Secret lane/x", "SecretNotFound"),
        ('configmap "x" not found', "SecretNotFound"),
        ('failed to create subPath directory for volumeMount "claim" of container "sheet"', "VolumeUnavailable"),
    ],
)
def test_a_container_that_cannot_be_configured_says_what_is_missing(message: str, reason: str) -> None:
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": message}}
    seen = pod(phase="Pending", state=state)
    assert waiting.of_pod(seen, "", seen.created_at + 3600) == (reason, message)
