"""What the API server's words mean, and how long a refusal holds."""

import pytest

from marianne_operator.control.cluster import RefusedError
from marianne_operator.control.refusals import Refusals, meaning
from marianne_operator.plan.observation import WriteRefusal
from tests.unit.control.given import NOW

KEY = ("default", "song")
WORDS = {
    "QuotaExceeded": (403, 'pods "a" is forbidden: exceeded quota: few, requested: pods=1, used: pods=0'),
    "NamespaceTerminating": (
        403,
        'pods "a" is forbidden: unable to create new content in namespace x because it is being terminated',
    ),
    "NotAllowed": (403, 'pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace'),
    "FieldUnsupported": (403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'),
}


@pytest.mark.parametrize("expected", WORDS)
def test_forbidden_has_four_meanings(expected: str) -> None:
    code, message = WORDS[expected]
    assert meaning(RefusedError(code, "Forbidden", message)) == expected


def test_invalid_and_unauthorized() -> None:
    assert meaning(RefusedError(422, "Invalid", "spec.nodeSelector: exceeded quota")) == "FieldUnsupported"
    assert meaning(RefusedError(401, "Unauthorized", "")) == "NotAllowed"


def refusal(reason: str = "FieldUnsupported") -> WriteRefusal:
    return WriteRefusal(reason, "told", NOW + 10)  # type: ignore[arg-type]


def test_a_refusal_holds_for_its_generation_and_its_time() -> None:
    refusals = Refusals()
    refusals.add(KEY, "a", 1, refusal())
    assert set(refusals.of(KEY, 1, NOW)) == {"a"}
    assert refusals.of(("default", "other"), 1, NOW) == {}
    assert refusals.of(KEY, 1, NOW + 10) == {}
    refusals.add(KEY, "a", 1, refusal())
    assert refusals.of(KEY, 2, NOW) == {}


def test_a_quota_holds_until_the_write_succeeds() -> None:
    refusals = Refusals()
    refusals.add(KEY, "a", 1, refusal("QuotaExceeded"))
    assert set(refusals.of(KEY, 1, NOW + 1000)) == {"a"}
    refusals.clear(KEY, "a")
    assert refusals.of(KEY, 1, NOW) == {}


def test_a_job_that_is_gone_leaves_nothing() -> None:
    refusals = Refusals()
    refusals.add(KEY, "a", 1, refusal())
    refusals.forget(KEY)
    assert refusals.of(KEY, 1, NOW) == {}
