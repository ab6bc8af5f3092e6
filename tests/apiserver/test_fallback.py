"""Another instrument plays: where the first is not there, after a limit, after the last try; on a real API server."""

from pathlib import Path
from typing import Final

from tests.apiserver import jobs
from tests.apiserver.operator_process import OperatorProcess
from tests.simulated_kubelet.api import Api

INSTRUMENTS: Final = "/apis/marianne.dev/v1alpha1/namespaces/{}/instruments"
PLAY: Final = """echo $SAYS >> {{ workspace }}/players
if [ $SAYS = limited ]; then echo 'usage limit reached, try again in 20 minutes' >&2; exit 1; fi
[ $SAYS = strong ]"""


async def add(api: Api, namespace: str, says: str) -> None:
    """A shell that knows its own name."""
    command = {"executable": "bash", "prompt_flag": "-c", "prompt_via_stdin": False, "env": {"SAYS": says}}
    body = {
        "apiVersion": "marianne.dev/v1alpha1",
        "kind": "Instrument",
        "metadata": {"name": says},
        "spec": {"profile": {"kind": "cli", "raw_prompt": True, "cli": {"command": command}}},
    }
    await api.post(INSTRUMENTS.format(namespace), body)


async def test_down_the_chain_until_one_plays(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    for name in ("limited", "weak", "strong"):
        await add(api, namespace, name)
    score = jobs.score(1, PLAY, instrument="nobody", retry={"max_retries": 1})
    score["instrument_fallbacks"] = ["limited", "nobody-either", "weak", "strong", "never-needed"]
    await jobs.submit(api, namespace, jobs.job("song", score))
    (sheet,) = (await jobs.until_phase(api, namespace, "song", "Completed"))["sheets"]
    assert (workspace / "players").read_text().split() == ["limited", "weak", "strong"]
    assert [(each["from"], each["to"], each["reason"]) for each in sheet["instrumentFallbacks"]] == [
        ("nobody", "limited", "unavailable"),
        ("limited", "weak", "rate_limit"),
        ("weak", "strong", "execution_failed"),
    ]
    assert (sheet["instrument"], sheet["fallback"], sheet.get("rateLimitWaits", 0)) == ("strong", 4, 0)
    assert "InstrumentFallback" in await jobs.events_of(api, namespace, "song")


async def test_nobody_is_there_until_one_is_applied(
    api: Api, namespace: str, workspace: Path, operator: OperatorProcess
) -> None:
    score = jobs.score(1, PLAY, instrument="nobody", instrument_fallbacks=["strong"])
    await jobs.submit(api, namespace, jobs.job("song", score))
    status = await jobs.until_waiting(api, namespace, "song", "InstrumentNotFound")
    assert "'nobody'" in status["waiting"]["message"]
    await add(api, namespace, "strong")
    (sheet,) = (await jobs.until_phase(api, namespace, "song", "Completed"))["sheets"]
    assert sheet["instrument"] == "strong"
