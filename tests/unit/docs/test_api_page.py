"""The page of the HTTP API names every route of it, and no other."""

import re
from pathlib import Path
from typing import get_args

from marianne_api.application import create_app
from marianne_api.models import StartJobRequest
from marianne_api.settings import ApiSettings, Limits
from marianne_client.access import Access
from marianne_client.words import job_status
from marianne_operator.model.status import Phase

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
ROUTE = re.compile(r"`(GET|POST|DELETE) (/[^`?]*)`")
PARAMETERS = {"{job_id}": "{id}", "{sheet_num}": "{n}"}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_route_is_told_and_no_other() -> None:
    app = create_app(ApiSettings(), Access("https://127.0.0.1:1", False, dict))
    served = {
        (method.upper(), re.sub(r"\{\w+\}", lambda found: PARAMETERS[found[0]], path))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    told = set(ROUTE.findall(section("Job control") + section("Reading")))
    assert told == served | {("GET", "/openapi.json")}


def test_every_field_of_a_start_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", section("Job control")))
    assert set(StartJobRequest.model_fields) <= told


def _phases() -> dict[str, set[str]]:
    """By word: the phases that it stands for."""
    found: dict[str, set[str]] = {}
    for phase in get_args(Phase):
        for started in (False, True):
            found.setdefault(job_status(phase, started=started), set()).add(phase)
    return found


def test_every_word_is_told_with_its_phases() -> None:
    phases_of = _phases()
    rows = dict(re.findall(r"^\| (`[^|]*) \| ([^|]*) \|$", section("Ids, states, errors"), re.MULTILINE))
    words = {word for row in rows for word in re.findall(r"`(\w+)`", row)} - {"status"}
    assert words == set(phases_of)
    for row, phases in rows.items():
        for word in words & set(re.findall(r"`(\w+)`", row)):
            assert phases_of[word] <= set(re.findall(r"`(\w+)`", phases)), word


def test_the_limits_are_those_of_the_code() -> None:
    told = section("Limits")
    limits = Limits()
    for figure in (
        f"{limits.reads_per_second:.0f} reads and {limits.writes_per_second:.0f} writes per second",
        f"{limits.streams} streams; {limits.streams_in_all} streams in all",
        f"{limits.body_bytes >> 20} MiB of body, {limits.header_bytes >> 10} KiB of headers",
    ):
        assert figure in told
