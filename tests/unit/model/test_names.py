"""Names of objects: the same for the same thing, different for different things, and never too long."""

import re

from hypothesis import given
from hypothesis import strategies as st

from marianne_operator.model import names
from marianne_operator.model.names import COMPILED_FORMAT

JOBS = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?", fullmatch=True).filter(
    lambda name: not re.search(r"\.\.|\.-|-\.", name)
)


@given(JOBS, st.uuids().map(str), st.integers(1, 10_000), st.integers(1, 10**6))
def test_a_pods_name_is_a_label_and_a_dns_name(job, uid, sheet, attempt):
    name = names.pod_name(job, uid, sheet, attempt)
    assert len(name) <= 63
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", name)
    assert name == names.pod_name(job, uid, sheet, attempt)


def test_every_part_tells_apart():
    made = {
        names.pod_name("a", "u1", 1, 1),
        names.pod_name("a", "u2", 1, 1),
        names.pod_name("b", "u1", 1, 1),
        names.pod_name("a", "u1", 2, 1),
        names.pod_name("a", "u1", 1, 2),
        names.pod_name("a", "u1", 11, 1),
        names.pod_name("a", "u1", 1, 11),
    }
    assert len(made) == 7


def test_the_scores_name_follows_its_digest_and_its_format():
    name = names.score_config_map_name("tune", "u", "abcdef0123456789")
    assert re.fullmatch(rf"tune-[0-9a-f]{{8}}-score-abcdef0123-f{COMPILED_FORMAT}", name)


def test_the_claim_outlives_the_job():
    assert names.claim_name("tune") == "tune-workspace"


def test_an_event_is_told_once():
    one = names.event_name("tune", "u", "Backoff", "sheet 1")
    assert one == names.event_name("tune", "u", "Backoff", "sheet 1")
    others = {names.event_name("tune", "v", "Backoff", "sheet 1"), names.event_name("tune", "u", "Backoff", "sheet 2")}
    assert one not in others


def test_an_instruments_name():
    assert [names.instrument_object_name(each) for each in ("claude_cli", "CLI", "a-b")] == ["claude-cli", "cli", "a-b"]
