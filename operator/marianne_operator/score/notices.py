"""`notifications`: whom to tell of what, looked at while the score is compiled (decision 027)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.orchestration import NotificationConfig
from marianne_operator.score.refused import Problem, dotted
from marianne_runner.contract import Notification

MOST: Final = 8
"""That are sent: each event of a job makes a Pod for each of them."""
TARGETS: Final = {"webhook": ("url", "url_env"), "slack": ("webhook_url", "webhook_url_env")}
KNOWN: Final = {
    "webhook": (*TARGETS["webhook"], "headers"),
    "slack": (*TARGETS["slack"], "channel", "username", "icon_emoji"),
}
SAID_TO_SLACK: Final = ("channel", "username", "icon_emoji")
LONGEST_URL: Final = 2048
LONGEST_TEXT: Final = 255
MOST_HEADERS: Final = 16
SHOWN: Final = 20
"""Of what is written in vain."""
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_URL: Final = re.compile(r"https?://[!-~]+")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_VALUE: Final = re.compile(r"[ -~]{0,1024}")
_NO_SCREEN: Final = "nobody sits at the cluster's screen: use webhook or slack"
_NO_SHEETS: Final = "a sheet's events are not sent, since each would cost a Pod: a job's events are"
_NOT_KNOWN: Final = "not a setting of this type"


def problems(score: Score) -> Iterator[Problem]:
    """What could not be sent as written."""
    sent = list(_sent(score))
    if len(sent) > MOST:
        yield Problem(("notifications",), f"{len(sent)} are to be sent; at most {MOST}")
    for index, each in sent:
        for field, why in _wrong(each.type, each.config):
            yield Problem(("notifications", index, "config", field), why)


def in_vain(score: Score) -> list[tuple[str, str]]:
    """Paths that are written without effect, and why."""
    return [(dotted(("notifications", *path)), why) for path, why in _vain(score)][:SHOWN]


def notifications(score: Score) -> list[Notification]:
    """As the operator orders them."""
    return [_made(index, each) for index, each in _sent(score)]


def _sent(score: Score) -> Iterator[tuple[int, NotificationConfig]]:
    for index, each in enumerate(score.notifications):
        if each.type in TARGETS and _events(each):
            yield index, each


def _events(each: NotificationConfig) -> list[str]:
    return [event for event in dict.fromkeys(each.on_events) if event.startswith("job_")]


def _wrong(kind: str, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    url, variable = TARGETS[kind]
    if config.get(url) and not _is(_URL, config[url], LONGEST_URL):
        yield url, "is no URL of http or https"
    if config.get(variable) and not _is(_VARIABLE, config[variable], LONGEST_TEXT):
        yield variable, "is no name of an environment variable"
    for name in SAID_TO_SLACK if kind == "slack" else ():
        if config.get(name) is not None and not (isinstance(config[name], str) and len(config[name]) <= LONGEST_TEXT):
            yield name, f"is no text of at most {LONGEST_TEXT} characters"
    headers = config.get("headers") if kind == "webhook" else None
    if headers is not None and not _are_headers(headers):
        yield "headers", f"are no map of at most {MOST_HEADERS} names to texts on one line each"


def _is(pattern: re.Pattern[str], value: Any, longest: int) -> bool:  # noqa: ANN401  (whatever the score says)
    return isinstance(value, str) and len(value) <= longest and pattern.fullmatch(value) is not None


def _are_headers(headers: Any) -> bool:  # noqa: ANN401  (whatever the score says)
    if not isinstance(headers, Mapping) or len(headers) > MOST_HEADERS:
        return False
    return all(_is(_HEADER, name, LONGEST_TEXT) and _is(_VALUE, value, 1024) for name, value in headers.items())


def _vain(score: Score) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for index, each in enumerate(score.notifications):
        if each.type not in TARGETS:
            yield (index,), _NO_SCREEN
            continue
        if len(_events(each)) < len(set(each.on_events)):
            yield (index, "on_events"), _NO_SHEETS
        for name in each.config:
            if name not in KNOWN[each.type]:
                yield (index, "config", name), _NOT_KNOWN


def _made(index: int, each: NotificationConfig) -> Notification:
    url, variable = TARGETS[each.type]
    made = Notification(index=index, type="slack" if each.type == "slack" else "webhook", events=_events(each))
    if each.config.get(url):
        made["url"] = each.config[url]
    else:
        made["url_env"] = each.config[variable]
    if each.type == "webhook" and each.config.get("headers"):
        made["headers"] = dict(each.config["headers"])
    if each.type == "slack" and (said := {name: each.config[name] for name in SAID_TO_SLACK if each.config.get(name)}):
        made["beside"] = said
    return made
