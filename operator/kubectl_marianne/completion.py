"""`kubectl_complete-marianne`: what kubectl asks, from bash, zsh and fish alike, when Tab is pressed.

It gets the words after `kubectl marianne`, the unfinished one last, and answers as kubectl's own `__complete` does:
one proposal a line, a tab before its explanation, and in the end a number that says what the shell may add.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any, Final, Literal, get_args, get_origin

NOTHING_ELSE: Final = ":4"
"""No names of files."""
FILES: Final = ":0"
ERROR: Final = ":1"
OF_JOBS: Final = frozenset(
    {
        *("status", "tree", "sheet", "errors", "diagnose", "top", "logs"),
        *("pause", "resume", "restart", "cancel", "approve", "wait", "files"),
    }
)
SEVERAL: Final = frozenset({"pause", "resume", "restart", "cancel", "wait"})
OF_A_FILE: Final = frozenset({"--kubeconfig", "--token-file"})
OF_FILES: Final = frozenset({"run", "convert", "lint"})


@dataclass(frozen=True, slots=True)
class Command:
    """What a verb takes: its flags with their help; for those that want a value, the words to choose it from.

    `places` are the words of its arguments, in their order; nothing where any word will do.
    """

    flags: Mapping[str, str]
    words: Mapping[str, Sequence[str]]
    places: Sequence[Sequence[str]]


def main() -> None:
    """The process. A cluster that does not answer has no proposals, and no complaint: somebody is typing."""
    words = sys.argv[1:] or [""]
    for each in answer(words, _job_names):
        print(each)


def answer(words: Sequence[str], job_names: Any) -> list[str]:  # noqa: ANN401
    """Lines of the answer; `job_names(options)` asks the cluster, and is called only where it is needed."""
    from kubectl_marianne.application import VERBS  # noqa: PLC0415

    before, unfinished = words[:-1], words[-1]
    name = next((each for each in before if not each.startswith("-")), None)
    if name is None:
        return [*_that_begin((f"{verb}\t{each.summary}" for verb, each in VERBS.items()), unfinished), NOTHING_ELSE]
    if name not in VERBS:
        return [ERROR]
    command = described(name)
    given, values, pending = parsed(before[before.index(name) + 1 :], command)
    if pending in OF_A_FILE:
        return [FILES]
    if pending is not None:
        return [*_that_begin(command.words[pending], unfinished), NOTHING_ELSE]
    if unfinished.startswith("-"):
        return [*_that_begin((f"{flag}\t{told}" for flag, told in command.flags.items()), unfinished), NOTHING_ELSE]
    if name in OF_JOBS and (not given or name in SEVERAL):
        proposals = (each for each in job_names(values) if each.partition("\t")[0] not in given)
        return [*_that_begin(proposals, unfinished), NOTHING_ELSE]
    if name in OF_FILES and not given:
        return [FILES]
    return [*_that_begin(_at(command.places, len(given)), unfinished), NOTHING_ELSE]


def described(name: str) -> Command:
    """As typer has it."""
    from typer.main import get_command  # noqa: PLC0415

    from kubectl_marianne.application import VERBS, application  # noqa: PLC0415

    group: Any = get_command(application([name]))
    options = [each for each in group.commands[name].params if each.param_type_name == "option"]
    flags = {flag: each.help or "" for each in options for flag in each.opts if flag.startswith("--")}
    kinds = import_module(f"kubectl_marianne.{VERBS[name].module}").command.__annotations__
    words = {flag: _words(kinds[each.name]) for each in options if not each.is_flag for flag in each.opts}
    places = [_words(kinds[each.name]) for each in group.commands[name].params if each.param_type_name == "argument"]
    return Command(flags, words, places)


def _words(kind: Any) -> list[str]:  # noqa: ANN401  (an annotation)
    """Of an enumeration or a `Literal`, however deep in the annotation."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(each.value) for each in kind]
    if get_origin(kind) is Literal:
        return [*get_args(kind)]
    return [word for each in get_args(kind) for word in _words(each)]


def parsed(words: Iterable[str], command: Command) -> tuple[list[str], dict[str, str], str | None]:
    """(arguments, values of flags, a flag whose value is being typed)."""
    given: list[str] = []
    values: dict[str, str] = {}
    pending: str | None = None
    for word in words:
        if pending is not None:
            values[pending], pending = word, None
        elif "=" in word and word.startswith("--"):
            flag, _, value = word.partition("=")
            values[flag] = value
        elif word in command.words:
            pending = word
        elif not word.startswith("-"):
            given.append(word)
    return given, values, pending


def _at(places: Sequence[Sequence[str]], index: int) -> Sequence[str]:
    return places[index] if index < len(places) else ()


def _that_begin(proposals: Iterable[str], unfinished: str) -> list[str]:
    return [each for each in proposals if each.startswith(unfinished)]


def _job_names(values: Mapping[str, str]) -> list[str]:
    import asyncio  # noqa: PLC0415
    import contextlib  # noqa: PLC0415

    from kubectl_marianne.fetch import job_rows  # noqa: PLC0415
    from kubectl_marianne.options import Options  # noqa: PLC0415
    from kubectl_marianne.session import session  # noqa: PLC0415
    from marianne_client.errors import ApiError, UnreachableError  # noqa: PLC0415
    from marianne_client.kubeconfig import KubeconfigError  # noqa: PLC0415

    options = Options(
        namespace=values.get("--namespace") or values.get("-n"),
        context=values.get("--context"),
        kubeconfig=values.get("--kubeconfig"),
        as_user=values.get("--as"),
        as_group=tuple(filter(None, [values.get("--as-group")])),
        request_timeout="3s",
    )

    async def names() -> list[str]:
        async with session(options) as opened:
            found, _ = await job_rows(opened)
            return [f"{row.name}\t{row.phase}" for row in found]

    with contextlib.suppress(ApiError, UnreachableError, KubeconfigError):
        return asyncio.run(names())
    return []


if __name__ == "__main__":
    main()
