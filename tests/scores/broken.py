"""Scores that are broken on purpose, and the failure that each of them has to end with."""

from dataclasses import dataclass, field
from typing import Any

INSTRUMENT = "agent"


@dataclass(frozen=True)
class Broken:
    """One sheet: what its agent does, the rules it is held to, and what its status must say in the end."""

    script: tuple[str, ...]
    rules: tuple[dict[str, Any], ...]
    code: str
    category: str
    told: str
    failed: tuple[str | None, ...] = ()
    """`failure_category` of each rule that does not hold."""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> dict[str, Any]:
        block = "\n".join(("```script", *self.script, "```"))
        return {
            "name": "broken",
            "instrument": INSTRUMENT,
            "sheet": {"size": 1, "total_items": 1},
            "prompt": {"template": block},
            "retry": {"max_retries": 1},
            "validations": [{"retry_count": 0, **rule} for rule in self.rules],
            **self.more,
        }


def file(path: str, **more: Any) -> dict[str, Any]:
    return {"type": "file_exists", "path": path, **more}


def text(kind: str, pattern: str, **more: Any) -> dict[str, Any]:
    return {"type": f"content_{kind}", "path": "{workspace}/a", "pattern": pattern, **more}


def command(line: str, **more: Any) -> dict[str, Any]:
    return {"type": "command_succeeds", "command": line, **more}


WRITES = ("@write a", "hello", "@end")
RULE = ("E209", "validation")

SCORES = {
    "writes-nothing": Broken(("@say done",), (file("{workspace}/a"),), *RULE, "/a does not exist", ("missing",)),
    "makes-a-folder": Broken(("@write a/b", "@end"), (file("a"),), *RULE, "/a is no regular file", ("missing",)),
    "writes-elsewhere": Broken(WRITES, (file("{nowhere}/a"),), *RULE, "'nowhere'", (None,)),
    "writes-too-little": Broken(WRITES, (text("contains", "Hello"),), *RULE, "does not contain", ("incomplete",)),
    "writes-otherwise": Broken(WRITES, (text("regex", "^h.llo.$"),), *RULE, "does not match", ("malformed",)),
    "is-not-what-it-seems": Broken(
        WRITES, (command("echo too short >&2; test $(wc -w < a) -ge 2", description="Two words"),),
        *RULE, "Two words: exit code 1: too short", ("error",),
    ),
    "fails-in-its-first-stage": Broken(
        WRITES, (command("touch b", stage=2), file("c", stage=1), file("a", stage=1)),
        *RULE, "/c does not exist", ("skipped", "missing"),
    ),
    "has-a-check-that-hangs": Broken(
        WRITES, (command("sleep 600", timeout_seconds=0.5),), *RULE, "longer than 0.5 s", ("error",)
    ),
    "gives-up": Broken(("@fail 1 no idea",), (), "E009", "transient", "exit code 1: no idea"),
    "gives-up-for-good": Broken(("@fail 7 no idea",), (), "E999", "fatal", "exit code 7: no idea"),
    "gives-up-and-leaves-nothing": Broken(
        ("@fail 1 no idea",), (file("{workspace}/a"),), "E009", "transient", "exit code 1: no idea", ("missing",)
    ),
    "hangs": Broken(
        ("@hang",), (file("a"),), "E001", "timeout", "still running after 1 s",
        more={"instrument_config": {"timeout_seconds": 1}},
    ),
    "speaks-of-nothing": Broken(
        ("@say {{ nothing }}",), (), "E304", "configuration", "nothing"
    ),
}  # fmt: skip


def check_end(name: str, status: dict[str, Any]) -> None:
    """It failed, as it has to, and says why."""
    broken = SCORES[name]
    (sheet,) = status["sheets"]
    assert (status["phase"], sheet["state"]) == ("Failed", "failed"), status
    assert (sheet["errorCode"], sheet["errorCategory"]) == (broken.code, broken.category), name
    assert broken.told in sheet["errorMessage"]
    assert tuple(each.get("failure_category") for each in sheet.get("validationDetails", ())) == broken.failed
