"""Notifications, compiled: who is sent what, what is written in vain, what cannot be sent."""

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.notices import in_vain
from marianne_operator.score.refused import ScoreRefusedError
from tests.unit.score.given import score, tree


def made(*notifications):
    return compile_source(tree(notifications=list(notifications))).get("notifications")


def webhook(**config):
    return {"type": "webhook", "config": {"url_env": "HOOK", **config}}


def test_both_types():
    slack = {
        "type": "slack",
        "on_events": ["job_paused", "sheet_failed", "job_paused"],
        "config": {"webhook_url": "https://hooks.example.com/T0", "channel": "#a", "username": "", "icon_emoji": ":x:"},
    }
    assert made({"type": "desktop"}, webhook(headers={"X-Team": "a"}), slack) == [
        {
            "index": 1,
            "type": "webhook",
            "events": ["job_complete", "job_failed"],
            "url_env": "HOOK",
            "headers": {"X-Team": "a"},
        },
        {
            "index": 2,
            "type": "slack",
            "events": ["job_paused"],
            "url": "https://hooks.example.com/T0",
            "beside": {"channel": "#a", "icon_emoji": ":x:"},
        },
    ]


def test_a_url_that_is_written_out_comes_first():
    assert "url_env" not in made(webhook(url="http://a.example:8080/x"))[0]


@pytest.mark.parametrize(
    "given",
    [[], [{"type": "desktop"}], [{"type": "email"}], [webhook() | {"on_events": ["sheet_start"]}]],
)
def test_nothing_to_send_is_nothing_told(given):
    assert made(*given) is None


def test_what_is_written_in_vain_is_told():
    sheets = webhook(timeout=5) | {"on_events": ["sheet_start", "job_start"]}
    told = in_vain(score(notifications=[{"type": "desktop"}, sheets, {"type": "email"}]))
    assert [path for path, _ in told] == [
        "notifications.0",
        "notifications.1.on_events",
        "notifications.1.config.timeout",
        "notifications.2",
    ]
    assert in_vain(score(notifications=[webhook(headers={})])) == []
    assert len(in_vain(score(notifications=[{"type": "desktop"}] * 50))) == 20
    compiled = compile_source(tree(notifications=[{"type": "desktop"}]))
    assert compiled["without_effect"] == ["notifications.0"]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"url": "ftp://a.example"}, "url"),
        ({"url": "https://a.example/ x"}, "url"),
        ({"url": "https://a.example/\n"}, "url"),
        ({"url": ["https://a.example"]}, "url"),
        ({"url": "https://a.example/" + 2048 * "x"}, "url"),
        ({"url_env": "A B"}, "url_env"),
        ({"url_env": 7}, "url_env"),
        ({"headers": ["a"]}, "headers"),
        ({"headers": {"a": 1}}, "headers"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"headers": {"a:b": "c"}}, "headers"),
        ({"headers": {str(number): "x" for number in range(17)}}, "headers"),
    ],
)
def test_a_webhook_that_cannot_be_sent_is_refused(config, field):
    with pytest.raises(ScoreRefusedError, match=rf"notifications\.1\.config\.{field}: ") as refused:
        made({"type": "desktop"}, webhook(**config))
    assert refused.value.reason == "ScoreUnsupported"


def test_what_slack_is_told_is_text():
    with pytest.raises(ScoreRefusedError, match=r"notifications\.0\.config\.channel: "):
        made({"type": "slack", "config": {"webhook_url_env": "A", "channel": {"a": 1}}})


def test_there_are_at_most_eight():
    assert len(made(*[webhook()] * 8, {"type": "desktop"})) == 8
    with pytest.raises(ScoreRefusedError, match="notifications: 9 are to be sent; at most 8"):
        made(*[webhook()] * 9)
