"""A job that archives the claim that it finds, and only then begins: the real operator and runner."""

from pathlib import Path

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api

LIFECYCLE = {"archive_on_fresh": True, "max_archives": 2, "preserve_patterns": [".iteration", "keep/*.md", "go"]}
SIDE_BY_SIDE = {3: [1, 2]}


async def test_two_sheets_at_once_find_the_claim_cleared(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    for path, text in ((".iteration", "3"), ("report", "old"), ("keep/a.md", "kept"), ("keep/b", "old")):
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(text)
    script = f"""{jobs.INSTRUMENT}
        cd {{{{ workspace }}}}; test ! -e report || test -e mine || exit 1
        touch mine; echo new > report; test {{{{ sheet_num }}}} != 3 || test -e go"""
    lifecycle = {"workspace_lifecycle": LIFECYCLE, "retry": {"max_retries": 1}}
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(3, script, dependencies=SIDE_BY_SIDE, **lifecycle)))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert [sheet["state"] for sheet in status["sheets"]] == ["completed", "completed", "failed"]
    archived = workspace / "archive" / "iteration-3"
    assert (archived / "report").read_text() == "old"
    assert (archived / "keep" / "b").read_text() == "old"
    assert (workspace / "keep" / "a.md").read_text() == "kept"
    assert (workspace / "report").read_text() == "new\n"
    assert [each.name for each in (workspace / "archive").iterdir()] == ["iteration-3"]
    (workspace / "go").touch()
    await jobs.edit(api, namespace, "song", restart={"token": "again"})
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert (status["run"], status["sheets"][2]["attempt"]) == (2, 2)
    assert (workspace / "mine").exists(), "a restart builds on what its own run made"
    assert [each.name for each in (workspace / "archive").iterdir()] == ["iteration-3"]
    await jobs.edit(api, namespace, "song", restart={"token": "all", "scope": "All"})

    async def third() -> bool:
        return (await jobs.status_of(api, namespace, "song")).get("run") == 3

    await wait_for("the third run", third)
    await jobs.until_phase(api, namespace, "song", "Completed")
    assert (workspace / "archive" / "iteration-3-2" / "mine").exists(), "a restart of every sheet begins afresh"
    assert (workspace / "mine").exists()
