"""Facts beside the rules: what files hash to."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from marianne_runner.contract import Check, Grounding
from marianne_runner.grounding import grounded
from marianne_runner.timing import Clock
from tests.unit.runner.scene import Scene, compiled, rule
from tests.unit.runner.test_checks import ground

WORD = b"word\n"
SHA256, MD5 = hashlib.sha256(WORD).hexdigest(), hashlib.md5(WORD, usedforsecurity=False).hexdigest()


def hook(name: str = "files", algorithm: str = "sha256", **checksums: str) -> dict[str, Any]:
    return {
        "name": name,
        "algorithm": algorithm,
        "checksums": {key.replace("_", "."): digest for key, digest in checksums.items()},
    }


def asked(*hooks: dict[str, Any], seconds: float = 30, decides: bool = True) -> Grounding:
    return {"hooks": list(hooks), "timeout_seconds": seconds, "decides": decides}  # type: ignore[typeddict-item]


def test_facts_that_hold(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(WORD)
    (tmp_path / "b.txt").write_bytes(WORD)
    found = grounded(asked(hook(a_txt=SHA256.upper()), hook(algorithm="md5", b_txt=f" {MD5}")), ground(tmp_path))
    assert found == (True, 1.0, "", [])


def test_facts_that_do_not_hold(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"another\n")
    found = grounded(asked(hook("source", a_txt=SHA256, gone_txt=SHA256), hook("rest")), ground(tmp_path))
    actual = hashlib.sha256(b"another\n").hexdigest()
    first = f"a.txt has sha256 {actual[:12]}…, expected {SHA256[:12]}…: restore its content"
    assert found == (False, 1.0, f"{first}; gone.txt does not exist: make it", [f"source: {first}"])


def test_what_cannot_be_looked_at_makes_unsure(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(WORD)
    os.mkfifo(tmp_path / "b.txt")
    found = grounded(asked(hook(a_txt=SHA256, b_txt=SHA256), hook(a_txt=SHA256)), ground(tmp_path))
    assert (found.passed, found.confidence) == (False, 0.75)
    assert found.failed == ["files: b.txt cannot be looked at: it is no regular file"]


def test_time_for_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(WORD)
    hours = iter(range(0, 36000, 3600))
    clock = Clock(monotonic=lambda: float(next(hours)))
    found = grounded(asked(hook(a_txt=SHA256)), ground(tmp_path)._replace(clock=clock))
    assert (found.confidence, found.failed) == (
        0.0,
        ["files: a.txt cannot be looked at: the time for grounding is over"],
    )


FACT = asked(hook(out_txt=SHA256))
RULES = [rule("file_exists", path="{workspace}/out.txt")]


def test_facts_decide_on_work_whose_rules_hold(scene: Scene) -> None:
    said = scene.pod("pod-1", compiled("echo other > out.txt", RULES, grounding=FACT)).run()
    assert (said["outcome"], said["reason"], said["grounding_passed"]) == ("failed", "GroundingFailed", False)
    assert (said["validation_passed"], said["pass_percentage"], said["executed_pass_percentage"]) == (True, 100, 100)
    assert (
        said["failed_rules"][0].startswith("files: out.txt has sha256") and said["message"] == said["failed_rules"][0]
    )
    assert said["grounding_guidance"].endswith("restore its content")


def test_where_they_do_not_decide_they_are_told(scene: Scene) -> None:
    score = compiled("echo other > out.txt", RULES, grounding={**FACT, "decides": False})
    said = scene.pod("pod-1", score).run()
    assert (said["outcome"], said["grounding_passed"], said["grounding_confidence"]) == ("completed", False, 1.0)


def test_facts_that_hold_complete_the_sheet(scene: Scene) -> None:
    said = scene.pod("pod-1", compiled("echo word > out.txt", RULES, grounding=FACT)).run()
    assert (said["outcome"], said["grounding_passed"], said["grounding_confidence"]) == ("completed", True, 1.0)


def test_facts_are_not_looked_at_before_the_rules_hold(scene: Scene) -> None:
    said = scene.pod("pod-1", compiled("true", RULES, grounding=FACT)).run()
    assert said["reason"] == "ValidationFailed" and "grounding_passed" not in said


@pytest.mark.parametrize(("readable", "confidence"), [(True, 1.0), (False, 0.7)])
def test_how_sure_the_rules_and_the_facts_are_together(scene: Scene, readable: bool, confidence: float) -> None:
    script = "echo other > out.txt" if readable else "mkdir out.txt"
    said = scene.pod("pod-1", compiled(script, grounding=FACT)).run()
    assert said["confidence"] == pytest.approx(confidence)


def test_the_checks_are_kept_beside_the_facts(scene: Scene) -> None:
    scene.pod("pod-1", compiled("echo other > out.txt", RULES, grounding=FACT)).run()
    kept: list[Check] = scene.mark(1, "verdict")["checks"]
    assert [check["passed"] for check in kept] == [True]
