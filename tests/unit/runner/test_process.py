"""The runner as a process: what it performs, how it stops, what it says when it cannot."""

import json
import signal
import time
from typing import Any

import pytest

from marianne_runner.timing import Timing
from tests.unit.runner.scene import BASH, Scene, compiled, rule, wait_until

MADE = [rule("file_exists", path="{workspace}/made")]


def test_a_long_script_goes_by_standard_input(scene: Scene) -> None:
    script = scene.script("touch made\n" + "# padding\n" * 5000)
    assert scene.pod("pod-1", compiled(script, MADE)).run()["outcome"] == "completed"
    assert scene.starts == ["1"]


def test_the_instrument_works_in_the_workspace_and_shares_its_files(scene: Scene) -> None:
    scene.pod("pod-1", compiled("touch made; mkdir folder; umask > mask; cat > input")).run()
    assert (scene.workspace / "made").stat().st_mode & 0o777 == 0o664
    assert (scene.workspace / "folder").stat().st_mode & 0o777 == 0o775
    assert (scene.workspace / "input").read_text() == ""


def test_the_template_is_rendered(scene: Scene) -> None:
    score = compiled("echo {{ greeting }} {{ sheet_num }} > {{ workspace }}/made", MADE)
    score["prompt"]["variables"] = {"greeting": "hello"}
    assert scene.pod("pod-1", score).run()["outcome"] == "completed"
    assert (scene.workspace / "made").read_text() == "hello 1\n"


@pytest.mark.parametrize(
    ("script", "reason", "seen"),
    [
        ("exit 3", "ExitCode", {"exit_code": 3, "exit_reason": "error"}),
        ("kill -9 $$", "Signal", {"exit_signal": 9, "exit_reason": "killed"}),
        ("kill -TERM $$", "Signal", {"exit_signal": 15}),
        ("touch made; exit 3", "", {"exit_code": 3, "validation_passed": True}),
        ("true", "ValidationFailed", {"exit_code": 0, "validation_passed": False, "pass_percentage": 0.0}),
    ],
)
def test_how_it_ends(scene: Scene, script: str, reason: str, seen: dict[str, Any]) -> None:
    pod = scene.pod("pod-1", compiled(scene.script(script), MADE if "made" in script or script == "true" else []))
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"]) == ("failed" if reason else "completed", reason)
    assert {key: verdict.get(key) for key in seen} == seen
    assert pod.wait() == (1 if reason else 0)


# ---- time


@pytest.mark.parametrize(
    ("script", "tail"),
    [
        ("trap 'echo bye; exit 0' TERM; touch made; while :; do sleep 0.05; done", "bye\n"),
        ("trap '' TERM; touch made; while :; do sleep 0.05; done", None),
        ("touch made; setsid bash -c 'trap \"\" TERM; sleep 1000' & wait", None),
    ],
    ids=["leaves in order", "is stubborn", "in another session"],
)
def test_a_timeout(scene: Scene, script: str, tail: str | None) -> None:
    """What it had made before proves nothing: it is not checked."""
    rules = [*MADE, rule("command_succeeds", command="touch {workspace}/checked")]
    begun = time.monotonic()
    verdict = scene.pod("pod-1", compiled(scene.script(script), rules), timeout_seconds=0.4).run()
    assert (verdict["outcome"], verdict["reason"], verdict["exit_reason"]) == ("failed", "Timeout", "timeout")
    assert verdict.get("stdout_tail") == tail
    assert not (scene.workspace / "checked").exists()
    assert time.monotonic() - begun < 30
    again = scene.pod("pod-2", compiled(scene.script(script), rules), ran=True).run()
    assert again["reason"] == "Timeout"
    assert scene.starts == ["1"]


def test_a_judge_does_not_check_after_a_timeout_either(scene: Scene) -> None:
    score = compiled(scene.script("touch made; sleep 1000"), MADE)
    scene.pod("pod-1", score, timeout_seconds=0.4).start(die=["after", "performed"]).wait()
    verdict = scene.pod("pod-2", score, ran=True, ended=["pod-1"]).run()
    assert (verdict["outcome"], verdict["reason"]) == ("failed", "Timeout")


# ---- SIGTERM


def test_sigterm_while_it_waits_leaves_no_trace(scene: Scene) -> None:
    first = scene.pod("pod-1", compiled(scene.script("sleep 1000"))).start()
    wait_until(lambda: scene.starts, "the instrument starts")
    waiting = scene.pod("pod-2", compiled(scene.script()), 2, predecessor={"attempt": 1, "ran": True}).start()
    wait_until((scene.attempt(2) / "beat").exists, "the second looks at the ledger")
    waiting.signal(signal.SIGTERM)
    assert waiting.wait() == 143
    assert not waiting.has_verdict
    assert sorted(file.name for file in scene.attempt(2).iterdir()) == ["beat", "fence"]
    first.kill()


def test_sigterm_after_a_lost_race_leaves_no_trace(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled(scene.script())).start(Timing(beat=5.0, still=50.0), rival=True)
    wait_until((scene.attempt(1) / "started").exists, "the rival has started")
    wait_until(lambda: not list(scene.attempt(1).glob(".room*")), "its room is given back")
    pod.signal(signal.SIGTERM)
    assert pod.wait() == 143
    assert not pod.has_verdict
    assert not scene.starts


def test_sigterm_while_it_renders_leaves_no_trace(scene: Scene) -> None:
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    pod = scene.pod("pod-1", compiled(endless)).start()
    wait_until((scene.attempt(1) / "beat").exists, "it is at work")
    pod.signal(signal.SIGTERM)
    assert pod.wait() == 143
    assert not (scene.attempt(1) / "started").exists()


@pytest.mark.parametrize(
    ("trap", "seen"),
    [("trap 'echo bye; exit 7' TERM", {"exit_code": 7, "stdout_tail": "bye\n"}), ("trap '' TERM", {"exit_signal": 9})],
)
def test_sigterm_while_the_instrument_works(scene: Scene, trap: str, seen: dict[str, Any]) -> None:
    score = compiled(f"{trap}\n{scene.script('touch made; while :; do sleep 0.05; done')}", MADE)
    pod = scene.pod("pod-1", score).start()
    wait_until(lambda: scene.starts, "the instrument starts")
    pod.signal(signal.SIGTERM)
    assert pod.wait() == 143
    assert (pod.verdict["outcome"], pod.verdict["reason"]) == ("interrupted", "")
    assert {key: pod.verdict.get(key) for key in seen} == seen
    assert scene.mark(1, "verdict")["outcome"] == "interrupted"
    again = scene.pod("pod-2", score, ran=True)
    assert (again.run()["outcome"], again.verdict["performed_by"]) == ("interrupted", "pod-1")
    assert scene.starts == ["1"]


def test_sigterm_while_it_checks_lets_them_end(scene: Scene) -> None:
    rules = [rule("command_succeeds", command=f"touch {scene.base}/checking; sleep 0.5")]
    pod = scene.pod("pod-1", compiled(scene.script(), rules)).start()
    wait_until((scene.base / "checking").exists, "it is at its checks")
    pod.signal(signal.SIGTERM)
    assert (pod.wait(), pod.verdict["outcome"]) == (0, "completed")


# ---- what cannot be performed


def test_an_undefined_variable(scene: Scene) -> None:
    pod = scene.pod("pod-1", compiled("{{ nothing }}"))
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"], pod.wait()) == ("failed", "TemplateInvalid", 1)
    assert "'nothing' is undefined" in verdict["message"]
    assert not (scene.attempt(1) / "started").exists()
    assert scene.pod("pod-2", compiled("{{ nothing }}"), ran=True).run()["reason"] == "TemplateInvalid"


@pytest.mark.parametrize("executable", ["no-such-program", "/no/such/program", "", "./bad-interpreter", "./no-program"])
def test_an_instrument_that_is_not_there(scene: Scene, executable: str) -> None:
    for name, text in (("bad-interpreter", "#!/no/such/interpreter\n"), ("no-program", "\x7fELF, but not really")):
        (scene.workspace / name).write_text(text)
        (scene.workspace / name).chmod(0o755)
    profile = {**BASH, "cli": {"command": {"executable": executable}}}
    pod = scene.pod("pod-1", compiled("true", MADE), profile=profile)
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"], pod.wait()) == ("failed", "InstrumentMissing", 1)
    assert executable.removeprefix("./") in verdict["message"]
    assert scene.mark(1, "verdict")["reason"] == "InstrumentMissing"


@pytest.mark.parametrize("what", ["brief", "score"])
def test_another_protocol(scene: Scene, what: str) -> None:
    pod = scene.pod("pod-1", compiled(scene.script()))
    file = pod.root / f"marianne/{what}/{what}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "protocol": 9}))
    verdict = pod.run()
    assert (verdict["outcome"], verdict["reason"]) == ("failed", "ProtocolMismatch")
    assert "protocol 9" in verdict["message"]
    assert not scene.starts


@pytest.mark.parametrize("file", ["marianne/brief/brief.json", "marianne/score/score.json", "marianne/brief/pod-uid"])
@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_what_cannot_be_read(scene: Scene, file: str, content: str | None) -> None:
    pod = scene.pod("pod-1", compiled(scene.script()))
    (pod.root / file).unlink()
    if content is not None:
        (pod.root / file).write_text(content)
    verdict = pod.run()
    if file.endswith("pod-uid") and content is not None:
        assert verdict["pod_uid"] == content
        return
    assert (verdict["outcome"], verdict["reason"], pod.wait()) == ("failed", "RunnerFailed", 1)
    assert "\n" not in verdict["message"]
    assert "Traceback" in pod.log
    assert not scene.starts


def test_a_runner_that_breaks_after_the_start_leaves_a_verdict(scene: Scene) -> None:
    score = compiled(scene.script(), [rule("a_rule_of_the_future")])
    assert scene.pod("pod-1", score).run()["reason"] == "RunnerFailed"
    assert scene.mark(1, "verdict")["reason"] == "RunnerFailed"
    assert scene.pod("pod-2", score, ran=True).run()["performed_by"] == "pod-1"
    assert scene.starts == ["1"]


# ---- what sheets hand down


def cross(**fields: Any) -> dict[str, Any]:
    return {"auto_capture_stdout": True, "max_output_chars": 10, "capture_files": [], "lookback_sheets": 0, **fields}


def two_sheets(template: str, **fields: Any) -> Any:
    score = compiled(template, cross_sheet=cross(**fields))
    score["sheets"].append({**score["sheets"][0], "num": 2})
    return score


def test_output_of_earlier_sheets(scene: Scene) -> None:
    scene.pod("pod-1", two_sheets("printf 0123456789abc; echo err >&2")).run()
    template = 'echo "{{ previous_outputs[1] }}|{{ previous_outputs[7] }}|{{ skipped_upstream }}" > heard'
    verdict = scene.pod("pod-2", two_sheets(template), sheet=2, outputs={"1": 1}, skipped=[7]).run()
    assert verdict["outcome"] == "completed"
    assert (scene.workspace / "heard").read_text() == "0123456789\n... [truncated]|[SKIPPED]|[7]\n"


def test_an_empty_output_is_none(scene: Scene) -> None:
    scene.pod("pod-1", two_sheets("true")).run()
    scene.pod("pod-2", two_sheets("echo '{{ previous_outputs }}' > heard"), sheet=2, outputs={"1": 1}).run()
    assert (scene.workspace / "heard").read_text() == "{}\n"


def test_files_of_earlier_sheets(scene: Scene) -> None:
    """Relative and absolute patterns; no binary, no folder, nothing from before the job."""
    (scene.workspace / "old.md").write_text("old")
    key = "sk-ant-api03-" + "a" * 12
    make = f"sleep 0.05; printf ééééééééééé > a.md; printf '\\377' > b.md; mkdir d.md; echo {key} > s1.txt"
    patterns = ["{{ workspace }}/*.md", "s{{ sheet_num }}.txt", "s1.txt", "[", ""]
    scene.pod("pod-1", two_sheets(make, capture_files=patterns)).run()
    template = "cat <<'X' > heard\n{{ previous_files }}\nX"
    scene.pod("pod-2", two_sheets(template, capture_files=patterns), sheet=2, outputs={"1": 1}).run()
    heard = (scene.workspace / "heard").read_text()
    assert "a.md': 'éééééééééé\\n... [truncated]'" in heard
    assert "s1.txt': '[REDACTED_\\n... [truncated]'" in heard
    assert not [name for name in ("old.md", "b.md", "d.md") if name in heard]


def test_a_cli_that_answers_in_json(scene: Scene) -> None:
    output = {
        "format": "json",
        "result_path": "result",
        "error_path": "error",
        "input_tokens_path": "usage.in",
        "output_tokens_path": "usage.out",
    }
    profile = {**BASH, "cli": {**BASH["cli"], "output": output}}  # type: ignore[dict-item]
    answer = {"result": "x" * 100_000 + "THE END", "error": "bad", "usage": {"in": 12, "out": 5}}
    (scene.workspace / "answer").write_text(json.dumps(answer))
    verdict = scene.pod("pod-1", compiled("cat answer"), profile=profile).run()
    assert (verdict["input_tokens"], verdict["output_tokens"]) == (12, 5)
    assert (verdict["prompt_characters"], verdict["output_characters"]) == (len("cat answer"), 100_007)
    assert verdict["stdout_tail"].endswith("THE END")
    assert (scene.attempt(1) / "stdout").read_text().endswith("xTHE END")
    failed = scene.pod("pod-2", compiled("cat answer; exit 1"), 2, profile=profile).run()
    assert (failed["message"], failed["input_tokens"]) == ("exit code 1: bad", 12)


def test_modified_means_since_before_the_first_attempt(scene: Scene) -> None:
    rules = [rule("file_modified", path="{workspace}/watched")]
    (scene.workspace / "watched").write_text("before")
    (scene.workspace / "watched").chmod(0o666)
    first = scene.pod("pod-1", compiled("true", rules)).run()
    assert (first["reason"], first["checks"][0]["failure_category"]) == ("ValidationFailed", "stale")
    second = {"predecessor": {"attempt": 1, "ran": True, "ended": "pod-1"}}
    assert scene.pod("pod-2", compiled("echo > watched", rules), 2, **second).run()["outcome"] == "completed"
    third = {"predecessor": {"attempt": 2, "ran": True, "ended": "pod-2"}}
    again = scene.pod("pod-3", compiled("true", rules), 3, **{**third, "run": 2}).run()
    assert again["checks"][0]["failure_category"] == "stale"  # the next run compares with its own beginning
