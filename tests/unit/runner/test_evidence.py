"""What every rule was held against stands in the ledger; the operator is told of those that do not hold."""

from pathlib import Path

from marianne_runner.contract import Check
from tests.unit.runner.scene import Scene, compiled, rule

RULES = [
    rule("file_exists", path="{workspace}/made"),
    rule("content_regex", path="{workspace}/made", pattern="by .*"),
    rule("command_succeeds", command="echo no >&2; exit 3", description="It is enough"),
    rule("file_exists", path="{workspace}/later", stage=2),
]
KEPT = ("rule_type", "passed", "path", "pattern", "actual_value", "expected_value", "failure_category")


def told(check: Check, scene: Scene) -> dict[str, object]:
    """Without the machine's folders and the times."""
    found = {key: check[key] for key in KEPT if key in check}  # type: ignore[literal-required]
    return {
        key: str(value).replace(str(workspace_of(scene)), "<WS>") if isinstance(value, str) else value
        for key, value in found.items()
    }


def workspace_of(scene: Scene) -> Path:
    return scene.pods[-1].root / "workspace"


def test_each_rule_has_its_evidence(scene: Scene) -> None:
    said = scene.pod("pod-1", compiled("echo made by hand > made", RULES)).run()
    kept = scene.mark(1, "verdict")
    assert [told(each, scene) for each in kept["checks"]] == [
        {
            "rule_type": "file_exists",
            "passed": True,
            "path": "{workspace}/made",
            "actual_value": "<WS>/made",
            "expected_value": "<WS>/made",
        },
        {
            "rule_type": "content_regex",
            "passed": True,
            "path": "{workspace}/made",
            "pattern": "by .*",
            "actual_value": "by hand",
            "expected_value": "by .*",
        },
        {
            "rule_type": "command_succeeds",
            "passed": False,
            "actual_value": "exit_code=3",
            "expected_value": "exit_code=0",
            "failure_category": "error",
        },
        {
            "rule_type": "file_exists",
            "passed": False,
            "path": "{workspace}/later",
            "failure_category": "skipped",
        },
    ]
    assert kept["checks"][2]["confidence_factors"] == {"exit_code": 0.5}
    assert (kept["pass_percentage"], said["pass_percentage"]) == (50.0, 50.0)
    assert [each["rule_type"] for each in said["checks"]] == ["command_succeeds", "file_exists"]
    assert said["message"].startswith("It is enough: exit code 3: no; not checked: stage 1 failed")
    assert said["passed_rules"] == ["{workspace}/made"] * 2
    assert said["failed_rules"] == ["It is enough", "{workspace}/later"]


def test_a_rule_tries_again_as_often_as_it_says(scene: Scene) -> None:
    rules = [rule("command_succeeds", command="echo x >> tries; test $(wc -l < tries) -ge 3", retry_count=2)]
    said = scene.pod("pod-1", compiled("true", rules)).run()
    assert said["outcome"] == "completed"
    assert (scene.workspace / "tries").read_text() == "x\n" * 3
