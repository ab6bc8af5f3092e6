"""The 33 details of sheets that ended in every way, and a healing, on a real API server with the real runner."""

from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tests.apiserver import jobs
from tests.apiserver.api_jobs import start
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api

SCRIPTS = {
    1: "echo said; echo complained >&2; touch out/plain",
    2: "test -e tried || { touch tried; exit 1; }",
    3: "if [ -e out/a ]; then touch out/c; else touch out/a out/b; fi",
    4: "echo in vain",
    5: "touch never",
    6: "echo begun; sleep 600",
    7: "kill -KILL $$",
}
RULES = [
    {"type": "file_exists", "path": "{workspace}/out/plain", "condition": "sheet_num == 1", "description": "plain"},
    *(
        {"type": "file_exists", "path": f"{{workspace}}/out/{name}", "condition": "sheet_num == 3", "retry_count": 0}
        for name in "abc"
    ),
    {"type": "file_exists", "path": "out/none", "condition": "sheet_num == 4", "retry_count": 0},
    {"type": "command_succeeds", "command": "true", "condition": "sheet_num == 4", "description": "all is well"},
    {"type": "command_succeeds", "command": "false", "condition": "sheet_num == 4"},
]
SCORE = jobs.score(
    7,
    "cd {{ workspace }}; mkdir -p out; {{ scripts[sheet_num] }}",
    dependencies={number: [1] for number in range(2, 8)},
    parallel={"enabled": True, "max_concurrent": 4, "fail_fast": False},
    validations=RULES,
    grounding={
        "enabled": True,
        "fail_on_grounding_failure": False,
        "hooks": [{"type": "file_checksum", "expected_checksums": {"out/plain": "e3b0"}}],
    },
)
SCORE["retry"]["completion_delay_seconds"] = 0
SCORE["sheet"]["per_sheet_instrument_config"] = {6: {"timeout_seconds": 1}}
SCORE["sheet"]["skip_when_command"] = {5: {"command": "true", "description": "nothing to do"}}
SCORE["prompt"]["variables"] = {"scripts": SCRIPTS}

UNSET: dict[str, Any] = {
    "exit_code": None,
    "error_message": None,
    "error_category": None,
    "validation_passed": None,
    "validation_details": [],
    "execution_duration_seconds": None,
    "exit_signal": None,
    "exit_reason": None,
    "completion_attempts": 0,
    "passed_validations": [],
    "failed_validations": [],
    "last_pass_percentage": None,
    "execution_mode": "normal",
    "confidence_score": None,
    "outcome_category": None,
    "success_without_retry": False,
    "stdout_tail": None,
    "stderr_tail": None,
    "output_truncated": False,
    "preflight_warnings": [],
    "applied_pattern_descriptions": [],
    "grounding_passed": None,
    "grounding_confidence": None,
    "grounding_guidance": None,
}
"""Beside the number, the state, the times and the count of attempts; what tokens cost is another test's matter."""
COST = {"input_tokens", "output_tokens", "estimated_cost", "cost_confidence"}
COMPLETED = {
    "exit_code": 0,
    "validation_passed": True,
    "last_pass_percentage": 100.0,
    "confidence_score": 1.0,
    "grounding_passed": False,
    "grounding_confidence": 1.0,
}
GUIDANCE = "out/plain has sha256 e3b0c44298fc…, expected e3b0…: restore its content"
ENDS: dict[int, tuple[str, int, dict[str, Any]]] = {
    1: (
        "completed",
        1,
        COMPLETED
        | {
            "outcome_category": "success_first_try",
            "success_without_retry": True,
            "passed_validations": ["plain"],
            "validation_details": [{"description": "plain", "passed": True}],
            "stdout_tail": "said\n",
            "stderr_tail": "complained\n",
        },
    ),
    2: ("completed", 2, COMPLETED | {"outcome_category": "success_retry"}),
    3: (
        "completed",
        2,
        COMPLETED
        | {
            "outcome_category": "success_completion",
            "completion_attempts": 1,
            "execution_mode": "completion",
            "passed_validations": [f"{{workspace}}/out/{name}" for name in "abc"],
            "validation_details": [{"description": f"{{workspace}}/out/{name}", "passed": True} for name in "abc"],
        },
    ),
    4: (
        "failed",
        2,
        {
            "exit_code": 0,
            "exit_reason": "completed",
            "error_category": "validation",
            "validation_passed": False,
            "last_pass_percentage": 33.333,
            "execution_mode": "retry",
            "passed_validations": ["all is well"],
            "failed_validations": ["out/none", "validation"],
            "stdout_tail": "in vain\n",
        },
    ),
    5: ("skipped", 0, {"error_message": "nothing to do", "execution_mode": None}),
    6: (
        "failed",
        2,
        {
            "exit_signal": 15,
            "exit_reason": "timeout",
            "error_category": "timeout",
            "error_message": "still running after 1 s",
            "stdout_tail": "begun\n",
        },
    ),
    7: (
        "failed",
        2,
        {"exit_signal": 9, "exit_reason": "killed", "error_category": "signal", "error_message": "killed by signal 9"},
    ),
}


async def test_all_33_details_of_every_end(
    operator: OperatorProcess, http: httpx.AsyncClient, api: Api, namespace: str, workspace: Path, claim: None
) -> None:
    name = await start(http, namespace, SCORE)
    await jobs.until_phase(api, namespace, name, "Failed", 60)
    for number, (state, attempts, changes) in ENDS.items():
        told = (await http.get(f"/api/jobs/{namespace}.{name}/sheets/{number}")).json()
        assert len(told) == 33
        _check_times(told)
        if number == 4:
            _check_rules(told)
        if told["grounding_passed"] is False:
            assert told.pop("grounding_guidance") == GUIDANCE
            told["grounding_guidance"] = None
        head = {key: told.pop(key) for key in ("sheet_num", "status", "attempt_count")}
        assert head == {"sheet_num": number, "status": state, "attempt_count": attempts}
        expected = {key: value for key, value in {**UNSET, **changes}.items() if key in told}
        assert {key: value for key, value in told.items() if key not in COST} == expected, f"sheet {number}"


def _check_times(told: dict[str, Any]) -> None:
    """A skipped sheet was not performed; whoever was started again counts from the first start if it succeeded."""
    started, ended = told.pop("started_at"), told.pop("completed_at")
    took = told.pop("execution_duration_seconds")
    assert ended is not None
    if told["status"] == "skipped":
        assert (started, took) == (None, None)
        return
    latest = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    if told["status"] == "completed" and told["attempt_count"] > 1:
        assert took > latest, "it waited, and performed twice"
    else:
        assert abs(took - latest) < 0.1


def _check_rules(told: dict[str, Any]) -> None:
    missing, failing, passed = told.pop("validation_details")
    assert passed == {"description": "all is well", "passed": True}
    assert (missing["rule_type"], missing["path"], missing["failure_category"]) == (
        "file_exists",
        "out/none",
        "missing",
    )
    assert (failing["actual_value"], failing["expected_value"]) == ("exit_code=1", "exit_code=0")
    message = told.pop("error_message")
    assert message.startswith(
        "Validation failed after 2 retries and 0 completion attempts (2 validations still failing)"
    )


async def test_a_missing_folder_is_made_and_the_sheet_completes(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    script = f"{jobs.INSTRUMENT}; echo report > {{{{ workspace }}}}/out/deep/report.md"
    rules = [{"type": "file_exists", "path": "{workspace}/out/deep/report.md", "retry_count": 0}]
    score = jobs.score(1, script, validations=rules, retry={"max_retries": 1})
    await jobs.submit(api, namespace, jobs.job("song", score, selfHealing=True))
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    (sheet,) = status["sheets"]
    assert (sheet["attempt"], sheet["healingAttempts"]) == (2, 1)
    assert sheet["healing"] == ["made folder out/deep"]
    assert jobs.condition(status, "Accepted") == ("True", "Accepted")
    assert "folder out/deep is missing" in await jobs.until_event(api, namespace, "song", "SheetHealing")
    assert len(jobs.performances(workspace)) == 2


async def test_without_a_remedy_there_is_no_other_try(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    rules = [{"type": "file_exists", "path": "{workspace}/report.md", "retry_count": 0}]
    score = jobs.score(1, validations=rules, retry={"max_retries": 1})
    await jobs.submit(api, namespace, jobs.job("song", score, selfHealing=True))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    (sheet,) = status["sheets"]
    told = "it did not make what is looked for: {workspace}/report.md; self-healing: nothing to mend was found"
    assert sheet["diagnosis"].startswith(told)
    assert told in await jobs.until_event(api, namespace, "song", "SheetFailed")
    assert len(jobs.performances(workspace)) == 1
