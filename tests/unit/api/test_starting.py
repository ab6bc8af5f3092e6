"""Where a score is taken from, and what may wait."""

import pytest
from starlette.requests import Request

from marianne_api.models import StartJobRequest
from marianne_api.preferences import may_wait
from marianne_api.starting import ConfigurationError, Score, _body, config_source


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("scores/song.yaml", ("scores", "song.yaml")),
        ("scores.v1/a_b-c.yml", ("scores.v1", "a_b-c.yml")),
        ("scores/song.txt", None),
        ("scores/song.yaml\n", None),
        ("scores/.yaml", None),
        ("scores/a/b.yaml", None),
        ("scores/../b.yaml", None),
        ("scores/a..b.yaml", None),
        ("../b.yaml", None),
        ("/b.yaml", None),
        ("b.yaml", None),
        ("Scores/b.yaml", None),
        ("scores/b.yaml?x=1", None),
        ("scores/b%2f.yaml", None),
    ],
)
def test_config_path(path, found):
    asked = StartJobRequest(config_path=path)
    if found is not None:
        assert config_source(asked) == found
        return
    with pytest.raises(ConfigurationError):
        config_source(asked)


@pytest.mark.parametrize("fields", [{}, {"config_content": ""}, {"config_content": "a", "config_path": "b/c.yaml"}])
def test_exactly_one_source(fields):
    with pytest.raises(ConfigurationError):
        config_source(StartJobRequest(**fields))


def test_an_empty_field_is_one_that_was_not_given():
    """As in the original, whose clients send what a form holds."""
    asked = StartJobRequest(config_content="x", config_path="", workspace="", name="", namespace="")
    body = _body("team", asked, Score("song", 1, "x", None), None)
    assert body["spec"] == {"scoreText": "x"}
    assert body["metadata"] == {"generateName": "song-", "namespace": "team"}


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        ([], False),
        (["respond-async"], True),
        (["Respond-Async; wait=10"], True),
        (["return=minimal, respond-async"], True),
        (["return=minimal", "respond-async"], True),
        (["respond-asynchronously"], False),
        (["wait=10"], False),
    ],
)
def test_prefer(given, waits):
    headers = [(b"prefer", value.encode()) for value in given]
    assert may_wait(Request({"type": "http", "headers": headers})) is waits
