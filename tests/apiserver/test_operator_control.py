"""The verbs in their plain cases: pause, resume, cancel, delete, start later, restart."""

from pathlib import Path
from typing import Any

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.apiserver.referee import Referee
from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, ApiError, jobs_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet

STUBBORN = f"trap '' TERM; {jobs.HELD}"


def states(status: dict[str, object]) -> list[str]:
    return [sheet["state"] for sheet in status["sheets"]]  # type: ignore[attr-defined]


async def test_pause_lets_end_what_runs(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD)))
    await jobs.until_performed(workspace)
    await jobs.edit(api, namespace, "song", paused=True)
    status = await jobs.until_waiting(api, namespace, "song", "Draining")
    assert status["phase"] == "Running"
    (workspace / "go").touch()
    status = await jobs.until_phase(api, namespace, "song", "Paused")
    assert states(status) == ["completed", "pending"]
    assert jobs.condition(status, "Succeeded") == ("Unknown", "Paused")
    await jobs.edit(api, namespace, "song", paused=False)
    await jobs.until_phase(api, namespace, "song", "Completed")
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1, 2]


async def test_pause_interrupts_where_it_is_told_to(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD)))
        await jobs.until_performed(workspace)
        await jobs.edit(api, namespace, "song", paused=True, pausePolicy="Interrupt")
        status = await jobs.until_phase(api, namespace, "song", "Paused")
        assert states(status) == ["pending", "pending"]
        (workspace / "go").touch()
        await jobs.edit(api, namespace, "song", paused=False)
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        assert [sheet.get("normalAttempts", 0) for sheet in status["sheets"]] == [0, 0], "nobody pays"
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == {(1, 1): 1, (1, 2): 1, (2, 1): 1}


async def test_a_job_that_is_born_paused_starts_nothing(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(), paused=True))
    await jobs.until_phase(api, namespace, "song", "Paused")
    assert await jobs.pods_of(api, namespace, "song") == []
    await jobs.edit(api, namespace, "song", paused=False)
    await jobs.until_phase(api, namespace, "song", "Completed")


async def test_cancel_stops_and_stays(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD)))
    await jobs.until_performed(workspace)
    await jobs.edit(api, namespace, "song", cancel=True)
    status = await jobs.until_phase(api, namespace, "song", "Cancelled")
    assert states(status) == ["cancelled", "cancelled"]
    assert jobs.condition(status, "Succeeded") == ("False", "Cancelled")
    assert jobs.condition(status, "Stalled") == ("False", "Cancelled")
    (workspace / "go").touch()
    await jobs.edit(api, namespace, "song", cancel=False)
    await jobs.until_phase(api, namespace, "song", "Cancelled")
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1], "un-setting it undoes nothing"
    await jobs.edit(api, namespace, "song", restart={"token": "again"})
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert status["run"] == 2


async def test_cancel_now_waits_for_nobody(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    body = jobs.job("song", jobs.score(1, STUBBORN), cancelPolicy="Now")
    await jobs.submit(api, namespace, body)
    await jobs.until_performed(workspace)
    await jobs.edit(api, namespace, "song", cancel=True)
    await jobs.until_phase(api, namespace, "song", "Cancelled", deadline=15)


async def test_cancel_while_paused_and_before_the_beginning(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("paused", jobs.score(2), paused=True))
    await jobs.until_phase(api, namespace, "paused", "Paused")
    homeless = jobs.job("homeless", jobs.score(), workspace={"persistentVolumeClaim": {"claimName": "nowhere"}})
    await jobs.submit(api, namespace, homeless)
    await jobs.until_waiting(api, namespace, "homeless", "VolumeUnavailable")
    for name in ("paused", "homeless"):
        await jobs.edit(api, namespace, name, cancel=True)
        await jobs.until_phase(api, namespace, name, "Cancelled")
    assert jobs.performances(workspace) == []


async def test_delete_takes_what_runs_with_it(
    api: Api, namespace: str, workspace: Path, kubelet: SimulatedKubelet, operator: OperatorProcess
) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD)))
    await jobs.until_performed(workspace)
    await api.delete(jobs_path(namespace, "song"))

    async def gone() -> bool:
        return not await jobs.pods_of(api, namespace, "song")

    await wait_for("the Pods to be gone", gone, 60)
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1]
    try:
        await api.get(jobs_path(namespace, "song"))
    except ApiError as error:
        assert error.code == 404
    else:
        raise AssertionError("the job is still there")


async def test_start_later(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(4), startSheet=3))
    status = await jobs.until_phase(api, namespace, "song", "Completed")
    assert states(status) == ["completed"] * 4
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [3, 4]


async def test_restart_runs_what_failed(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    script = f"{jobs.INSTRUMENT}; [ {{{{ sheet_num }}}} != 2 ] || [ -e {{{{ workspace }}}}/fixed ]"
    score = jobs.score(3, script, retry={"max_retries": 1})
    async with Referee(api, namespace) as referee:
        await jobs.submit(api, namespace, jobs.job("song", score, restart={"token": "from-the-beginning"}))
        status = await jobs.until_phase(api, namespace, "song", "Failed")
        assert status["run"] == 1, "a token at creation is recorded, not acted on"
        (workspace / "fixed").touch()
        await jobs.edit(api, namespace, "song", restart={"token": "again"})
        status = await jobs.until_phase(api, namespace, "song", "Completed")
        assert (status["run"], status["restartToken"]) == (2, "again")
        await referee.has_seen("song", status)
        referee.check("song", workspace)
        assert referee.performed(workspace) == {(1, 1): 1, (2, 1): 1, (2, 2): 1, (3, 1): 1}


async def test_an_edited_score_runs_anew(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    score = jobs.score(3, jobs.INSTRUMENT)
    await jobs.submit(api, namespace, jobs.job("song", score, onScoreChange="RerunAll"))
    await jobs.until_phase(api, namespace, "song", "Completed")
    await jobs.edit(api, namespace, "song", scoreText=_text(jobs.score(2, jobs.INSTRUMENT)))
    status = await until_run(api, namespace, 2)
    assert (len(status["sheets"]), status["attemptFloor"], states(status)) == (2, 1, ["completed"] * 2)
    assert [each["attempt"] for each in status["sheets"]] == [2, 2]
    await jobs.edit(api, namespace, "song", scoreText=_text(score))
    status = await until_run(api, namespace, 3)
    assert [each["attempt"] for each in status["sheets"]] == [3, 3, 2]
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1, 2, 3, 1, 2, 1, 2, 3]
    await operator.stop()
    await operator.start()
    generation = (await jobs.edit(api, namespace, "song", podRetention="Failed"))["metadata"]["generation"]
    status = await until_run(api, namespace, 3, generation)
    assert len(jobs.performances(workspace)) == 8, "the same score is no edit"


def _text(score: dict[str, Any]) -> str:
    text: str = jobs.job("song", score)["spec"]["scoreText"]
    return text


async def until_run(api: Api, namespace: str, run: int, generation: int = 0) -> dict[str, Any]:
    async def ended() -> dict[str, Any] | None:
        status: dict[str, Any] = await jobs.status_of(api, namespace, "song")
        good = (status["run"], status["phase"]) == (run, "Completed") and status["observedGeneration"] >= generation
        return status if good else None

    return await wait_for(f"run {run} is completed", ended)


async def test_a_run_has_its_time(api: Api, namespace: str, workspace: Path, operator: OperatorProcess) -> None:
    await jobs.submit(api, namespace, jobs.job("song", jobs.score(2, jobs.HELD), activeDeadlineSeconds=3))
    status = await jobs.until_phase(api, namespace, "song", "Failed")
    assert jobs.condition(status, "Succeeded") == ("False", "DeadlineExceeded")
    assert [sheet for sheet, _ in jobs.performances(workspace)] == [1]
