"""The cache under late, repeated, missing and out-of-order news."""

import pytest

from marianne_operator.control.cache import REMEMBERED_DEAD, Cache, UnreadableJob
from marianne_operator.control.cluster import Listing
from marianne_operator.model.job import JobView
from marianne_operator.model.status import JobStatus
from tests.unit.control.given import UID, HandClock, ended, finished, instrument, job, pod

KEY = ("default", "song")
POD = "song-s1-a1"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cache(clock: HandClock) -> Cache:
    return Cache(clock)


def version_of_job(cache: Cache) -> int | None:
    held = cache.jobs.get(KEY)
    return None if held is None else held.resource_version


def test_the_newest_version_of_a_job_wins(cache: Cache) -> None:
    for told, held in ((5, 5), (7, 7), (6, 7), (7, 7), (8, 8)):
        assert cache.saw_job(job(told)) == KEY
        assert version_of_job(cache) == held


def test_a_job_is_parsed_once_for_each_version(cache: Cache) -> None:
    cache.saw_job(job(5))
    first = cache.jobs[KEY]
    cache.saw_job(job(5))
    assert cache.jobs[KEY] is first


def test_of_a_jobs_body_only_what_a_status_write_needs_is_kept(cache: Cache) -> None:
    cache.saw_job(job(5))
    held = cache.jobs[KEY]
    assert isinstance(held, JobView)
    assert set(held.body) == {"apiVersion", "kind", "metadata"}
    assert held.body["metadata"] == {"namespace": "default", "name": "song", "uid": UID, "resourceVersion": "5"}


def test_a_spec_is_parsed_once_for_each_generation(cache: Cache) -> None:
    for body in (job(5, paused=True), job(6, paused=False)):
        cache.saw_job(body)
    held = cache.jobs[KEY]
    assert isinstance(held, JobView) and held.spec.paused
    newer = job(8, paused=False)
    newer["metadata"]["generation"] += 1
    cache.saw_job(newer)
    held = cache.jobs[KEY]
    assert isinstance(held, JobView) and not held.spec.paused


def test_a_status_that_was_written_is_not_parsed_again(cache: Cache) -> None:
    cache.saw_job(job(5))
    status = JobStatus(run=3)
    cache.wrote_job(job(6), status)
    held = cache.jobs[KEY]
    assert isinstance(held, JobView) and held.status is status
    assert (held.resource_version, held.body["metadata"]["resourceVersion"]) == (6, "6")


def test_what_our_own_write_told_is_no_news(cache: Cache) -> None:
    assert not cache.knows_job(job(5)) and not cache.knows_pod(pod(5))
    cache.saw_job(job(5))
    cache.wrote_job(job(7))
    cache.wrote_pod(pod(7), KEY)
    for version, known in ((6, True), (7, True), (8, False)):
        assert cache.knows_job(job(version)) is known
        assert cache.knows_pod(pod(version)) is known
    assert not cache.knows_job(job(6, uid="another"))
    assert not cache.knows_pod(pod(6, uid="another"))


def test_a_dead_job_does_not_come_back(cache: Cache) -> None:
    cache.saw_job(job(5))
    cache.lost_job(job(6))
    cache.wrote_job(job(5))
    assert KEY not in cache.jobs
    cache.saw_job(job(7, uid="another"))
    assert version_of_job(cache) == 7


def test_the_death_of_a_predecessor_does_not_harm_the_job(cache: Cache) -> None:
    cache.saw_job(job(7, uid="another"))
    cache.lost_job(job(6))
    assert version_of_job(cache) == 7


def test_a_job_that_does_not_validate_is_held_as_such(cache: Cache) -> None:
    cache.saw_job(job(5, paused="no boolean at all"))
    held = cache.jobs[KEY]
    assert isinstance(held, UnreadableJob) and "paused" in held.message
    cache.saw_job(job(6, paused=True))
    assert isinstance(cache.jobs[KEY], JobView)


def test_the_newest_version_of_a_pod_wins(cache: Cache) -> None:
    for told, held in ((5, 5), (7, 7), (6, 7)):
        assert cache.saw_pod(pod(told)) == KEY
        assert cache.pods[KEY][POD].resource_version == held


def test_a_pod_that_is_gone_leaves_a_ghost_until_it_comes_again(cache: Cache) -> None:
    cache.saw_job(job(1))
    cache.saw_pod(pod(5))
    cache.lost_pod(ended(6))
    assert POD not in cache.pods.get(KEY, {})
    assert cache.ghosts[KEY][POD].over
    cache.wrote_pod(pod(8, uid="pod-2"), KEY)
    assert POD not in cache.ghosts[KEY]
    assert cache.pods[KEY][POD].uid == "pod-2"


def test_a_late_answer_does_not_bring_a_pod_back(cache: Cache) -> None:
    cache.saw_job(job(1))
    cache.lost_pod(pod(6))
    cache.wrote_pod(pod(5), KEY)
    assert POD not in cache.pods.get(KEY, {})
    assert cache.echo.oldest_seconds() == 0


def test_a_late_deletion_does_not_touch_the_next_pod_of_that_name(cache: Cache) -> None:
    cache.saw_job(job(1))
    cache.saw_pod(pod(8, uid="pod-2"))
    cache.lost_pod(pod(6))
    assert cache.pods[KEY][POD].uid == "pod-2" and not cache.ghosts.get(KEY)


@pytest.mark.parametrize(
    ("body", "owner"),
    [(finished(1), UID), (job(1), "an earlier job")],
    ids=["finished", "predecessor's Pod"],
)
def test_no_ghosts_that_nobody_needs(cache: Cache, body: dict[str, object], owner: str) -> None:
    cache.saw_job(body)
    cache.saw_pod(pod(5, owner=owner))
    cache.lost_pod(ended(6, owner=owner))
    assert not cache.ghosts.get(KEY)


def test_ghosts_go_when_the_job_is_finished_or_gone(cache: Cache) -> None:
    for end in (lambda: cache.saw_job(finished(9)), lambda: cache.lost_job(job(9, uid="second"))):
        uid = UID if version_of_job(cache) is None else "second"
        cache.saw_job(job(10 if uid == "second" else 1, uid=uid))
        cache.lost_pod(ended(6, owner=uid, uid=f"pod of {uid}"))
        assert cache.ghosts[KEY]
        end()
        assert not cache.ghosts.get(KEY)


def test_a_listing_forgets_what_vanished_but_keeps_what_is_newer(cache: Cache) -> None:
    cache.saw_job(job(1))
    cache.saw_pod(pod(5, name="old", uid="old"))
    cache.saw_pod(pod(20, name="new", uid="new"))
    cache.saw_pod(pod(6, name="still", uid="still"))
    listing = Listing(10, [pod(6, name="still", uid="still"), pod(9, name="unheard", uid="unheard")])
    assert cache.replace_pods(listing) == {KEY}
    assert set(cache.pods[KEY]) == {"new", "still", "unheard"}
    assert set(cache.ghosts[KEY]) == {"old"}
    assert cache.replace_pods(listing) == set()


def test_a_listing_of_some_jobs_says_nothing_of_the_others(cache: Cache) -> None:
    cache.saw_pod(pod(5))
    assert cache.replace_pods(Listing(10, []), [("default", "other")]) == set()
    assert POD in cache.pods[KEY]
    cache.replace_pods(Listing(10, []), [KEY])
    assert POD not in cache.pods.get(KEY, {})


def test_a_listing_of_jobs(cache: Cache) -> None:
    cache.saw_job(job(5, name="gone", uid="gone"))
    cache.saw_job(job(20, name="new", uid="new"))
    assert cache.replace_jobs(Listing(10, [job(6)])) == {("default", "gone"), KEY}
    assert set(cache.jobs) == {("default", "new"), KEY}
    assert cache.replace_jobs(Listing(30, []), "another-namespace") == set()
    assert set(cache.jobs) == {("default", "new"), KEY}


def test_the_newest_versions_are_known(cache: Cache) -> None:
    cache.saw_job(job(5))
    cache.lost_job(job(9))
    cache.saw_pod(pod(4))
    cache.lost_pod(pod(11))
    assert (cache.newest_job, cache.newest_pod) == (9, 11)
    cache.replace_jobs(Listing(30, []))
    assert cache.newest_job == 30


def test_every_own_write_waits_for_its_echo(cache: Cache, clock: HandClock) -> None:
    cache.saw_job(job(1))
    cache.wrote_job(job(2))
    cache.wrote_pod(pod(3), KEY)
    clock.advance(30)
    cache.saw_job(job(2))
    assert cache.echo.oldest_seconds() == 30, "the Pod's echo is still missing"
    cache.replace_pods(Listing(4, [pod(3)]))
    assert cache.echo.oldest_seconds() == 30, "a listing proves nothing about the watch"
    cache.saw_pod(pod(3))
    assert cache.echo.oldest_seconds() == 0
    cache.wrote_job(job(2))
    clock.advance(30)
    assert cache.echo.oldest_seconds() == 0, "a write that changed nothing has no echo"


def test_what_vanished_while_a_watch_was_cut_is_not_waited_for(cache: Cache, clock: HandClock) -> None:
    cache.saw_job(job(1))
    cache.wrote_job(job(2))
    cache.wrote_pod(pod(3), KEY)
    clock.advance(30)
    cache.replace_jobs(Listing(9, []))
    cache.replace_pods(Listing(9, []))
    assert cache.echo.oldest_seconds() == 0


def test_a_watch_that_lags_is_not_silent(cache: Cache, clock: HandClock) -> None:
    cache.saw_job(job(1))
    cache.wrote_job(job(5))
    clock.advance(50)
    cache.wrote_job(job(9))
    clock.advance(5)
    cache.saw_job(job(5))
    assert cache.echo.oldest_seconds() == 0, "it has come some way"
    clock.advance(7)
    assert cache.echo.oldest_seconds() == 7, "but not all"


def test_the_gap_is_measured_from_the_last_end(cache: Cache, clock: HandClock) -> None:
    cache.saw_job(job(1))
    assert cache.since_end(KEY) is None
    cache.saw_pod(pod(5))
    cache.saw_pod(ended(6))
    clock.advance(2)
    cache.saw_pod(ended(7))
    assert cache.since_end(KEY) == 2, "an end is seen once"
    assert cache.since_end(KEY) is None
    cache.saw_pod(pod(8, name="b", uid="b"))
    cache.lost_pod(ended(9, name="b", uid="b"))
    assert cache.since_end(KEY) == 0


def test_the_dead_are_forgotten_some_time(cache: Cache) -> None:
    for number in range(REMEMBERED_DEAD + 10):
        cache.forget_job(KEY, f"uid-{number}")
    cache.saw_job(job(1, uid="uid-0"))
    assert KEY in cache.jobs


def test_active_jobs_have_a_pod_or_the_intent(cache: Cache) -> None:
    sheet = {"num": 1, "state": "dispatched", "attempt": 1}
    cache.saw_job(job(1, status={"run": 1, "sheets": [sheet]}))
    cache.saw_job(job(2, name="idle", uid="idle"))
    cache.saw_job(job(3, name="bad", uid="bad", paused="x"))
    assert [each.name for each in cache.active_jobs()] == ["song"]


def test_a_namespaces_own_instrument_comes_first(cache: Cache) -> None:
    known = cache.instruments
    assert known.saw(instrument(1)) and known.saw(instrument(2, namespace="default", image="own"))
    assert known.of_namespace("default")["cli"].spec.image == "own"
    assert known.of_namespace("other")["cli"].spec.image == "a"
    known.lost(instrument(3, namespace="default"))
    assert known.of_namespace("default")["cli"].spec.image == "a"


def test_instruments_newest_wins_and_bad_ones_stay_out(cache: Cache) -> None:
    known = cache.instruments
    known.saw(instrument(5, image="new"))
    assert not known.saw(instrument(4, image="old"))
    assert known.of_namespace("default")["cli"].spec.image == "new"
    bad = instrument(6)
    bad["spec"]["profile"] = "no map"
    known.saw(bad)
    assert "cli" not in known.of_namespace("default") and known.unreadable


def test_a_listing_of_instruments(cache: Cache) -> None:
    known = cache.instruments
    known.saw(instrument(1, name="cluster-wide"))
    known.saw(instrument(2, name="gone", namespace="default"))
    known.saw(instrument(20, name="new", namespace="default"))
    known.saw(instrument(3, name="elsewhere", namespace="other"))
    known.replace(Listing(10, []), "default")
    assert set(known.of_namespace("default")) == {"cluster-wide", "new"}
    assert set(known.of_namespace("other")) == {"cluster-wide", "elsewhere"}
    known.replace_cluster(Listing(10, []))
    assert set(known.of_namespace("other")) == {"elsewhere"}
