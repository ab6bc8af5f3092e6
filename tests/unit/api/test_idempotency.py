"""Which request a job was made by."""

from marianne_api.idempotency import Once
from marianne_api.models import StartJobRequest

ASKED = StartJobRequest(config_content="name: song")


def _job(once: Once) -> dict:
    return {"metadata": {"name": once.name, "annotations": once.annotations()}}


def test_spelling_does_not_matter_but_meaning_does():
    once = Once.of("key", "user", ASKED)
    assert Once.of("key", "user", StartJobRequest(config_content="name: song", start_sheet=1)) == once
    other = Once.of("key", "user", StartJobRequest(config_content="name: song", start_sheet=2))
    assert other.name == once.name
    assert other.made(_job(other))
    assert not other.made(_job(once))


def test_keys_and_users_are_apart():
    names = {Once.of(key, user, ASKED).name for key, user in (("a", "bc"), ("ab", "c"), ("a", "b"), ("b", "a"))}
    assert len(names) == 4


def test_a_job_of_the_same_name_was_made_by_another():
    mine, theirs = Once.of("key", "me", ASKED), Once.of("key", "them", ASKED)
    assert not mine.made(_job(theirs))
    assert not mine.made({"metadata": {"name": mine.name}})
