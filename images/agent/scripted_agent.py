#!/usr/bin/env -S python3 -I -S
"""An agent's command line without an agent behind it: it does what the prompt's script says, and nothing else.

Demos and tests play scores of real shape with it, at no cost and with the same outcome each time. The prompt comes by
standard input, as with most coding agents. In it, a block fenced by ```` ```script ```` and ```` ``` ```` holds
instructions, one a line; prose around it is what a real agent would read. With `--answers FOLDER` they are the lines
of `FOLDER/sheet-N` instead, for the sheet that the prompt's first line speaks of: so a score is played as it is.

    @say TEXT                a line of the answer
    @write PATH              a file, replaced; its text is what follows, up to a line `@end`
    @append PATH             the same, at the end of the file
    @program PATH            the same as @write, and it can be executed
    @include PATH            within such a text: that file's own text
    @words N                 within such a text: so many words
    @sleep SECONDS
    @hang                    never end, whatever SIGTERM says
    @flood BYTES             print so much
    @tokens INPUT OUTPUT     report these in place of what was counted
    @limit SECONDS           give up as at a provider's rate limit
    @fail CODE TEXT          give up with this exit code
    @before N INSTRUCTION    only in tries before the N-th of this same script in this workspace
    @from N INSTRUCTION      only from the N-th try on

Paths are relative to the working directory. Tries are counted in `.scripted-agent/`, one byte each. Exit codes: 0, or
the script's own, or 2 where the script cannot be carried out. `--output-format json` prints
`{"result", "usage": {"input_tokens", "output_tokens"}, "error": {"message"}}`, tokens counted as four characters each.
"""

import argparse
import hashlib
import json
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNABLE = 2
CHARACTERS_A_TOKEN = 4
_LIMITED = 75
_TEXTS = ("write", "append", "program")
_VERBS = ("say", "sleep", "hang", "flood", "tokens", "limit", "fail", *_TEXTS)
_FENCE = re.compile(r"^```script[ \t]*$")
_SHEET = re.compile(r"\bsheet (\d+) of \d+\b")
_COUNTS = Path(".scripted-agent")


class ScriptError(ValueError):
    """The script says something that cannot be done."""


class GivenUpError(Exception):
    """`@fail`: the script wants this exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line, and the lines of text that belong to it."""

    verb: str
    argument: str
    text: tuple[str, ...] = ()


@dataclass(slots=True)
class Session:
    """One try at a script, in a folder. What it says and writes is counted as output."""

    folder: Path
    attempt: int
    sleep: Callable[[float], None]
    said: list[str] = field(default_factory=list)
    written: int = 0
    tokens: tuple[int, int] | None = None

    def perform(self, instruction: Instruction) -> None:
        """Raises `ScriptError`, `GivenUpError`."""
        verb, argument = instruction.verb, instruction.argument
        if verb == "say":
            self.said.append(argument)
        elif verb in _TEXTS:
            self._write(instruction)
        elif verb == "sleep":
            self.sleep(_number(argument))
        elif verb in ("before", "from"):
            self._conditional(instruction)
        else:
            self._misbehave(verb, argument)

    def _misbehave(self, verb: str, argument: str) -> None:
        """What agents do that an operator has to live with."""
        first, _, rest = argument.partition(" ")
        if verb == "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                self.sleep(3600)
        elif verb == "flood":
            self.said.append("x" * int(_number(first)))
        elif verb == "tokens":
            self.tokens = int(_number(first)), int(_number(rest))
        elif verb == "limit":
            raise GivenUpError(_LIMITED, f"rate limit exceeded (429): try again in {int(_number(first))} seconds")
        else:
            raise GivenUpError(int(_number(first)), rest or "the script gave up")

    def _conditional(self, instruction: Instruction) -> None:
        number, _, rest = instruction.argument.partition(" ")
        limit = _number(number)
        verb, _, argument = rest.strip().partition(" ")
        applies = self.attempt < limit if instruction.verb == "before" else self.attempt >= limit
        if applies:
            self.perform(Instruction(verb, argument.strip(), instruction.text))

    def _write(self, instruction: Instruction) -> None:
        path = self.folder / instruction.argument
        text = "".join(f"{line}\n" for line in self._included(instruction.text))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if instruction.verb == "append" else "w", encoding="utf-8") as file:
            file.write(text)
        if instruction.verb == "program":
            path.chmod(0o755)
        self.written += len(text)

    def _included(self, lines: tuple[str, ...]) -> Iterator[str]:
        for line in lines:
            if line.startswith("@words "):
                yield " ".join(["word"] * int(_number(line.removeprefix("@words "))))
                continue
            if not line.startswith("@include "):
                yield line
                continue
            path = self.folder / line.removeprefix("@include ").strip()
            try:
                yield from path.read_text(encoding="utf-8").splitlines()
            except OSError as error:
                raise ScriptError(f"{line}: {error.strerror}") from error


def instructions(prompt: str) -> list[Instruction]:
    """Those of every script block, in order; raises `ScriptError` for what is none."""
    found: list[Instruction] = []
    lines = iter(prompt.splitlines())
    for line in lines:
        if _FENCE.match(line):
            found += _block(lines)
    return found


def answers(prompt: str, folder: Path) -> list[Instruction]:
    """Those that the folder has for the prompt's sheet; raises `ScriptError`, `OSError`."""
    sheet = _SHEET.search(prompt)
    if sheet is None:
        raise ScriptError("the prompt does not say which sheet it is for")
    text = (folder / f"sheet-{sheet[1]}").read_text(encoding="utf-8")
    return list(_block(iter([*text.splitlines(), "```"])))


def _block(lines: Iterator[str]) -> Iterator[Instruction]:
    for line in lines:
        if line.rstrip() == "```":
            return
        if not line.strip():
            continue
        verb, _, argument = line.removeprefix("@").partition(" ")
        last = _last_verb(verb, argument)
        if not line.startswith("@") or last not in _VERBS:
            raise ScriptError(f"no instruction: {line[:80]!r}")
        text = tuple(_text(lines, line)) if last in _TEXTS else ()
        yield Instruction(verb, argument.strip(), text)
    raise ScriptError("a script block has no end")


def _last_verb(verb: str, argument: str) -> str:
    """What is done in the end, behind any number of conditions."""
    while verb in ("before", "from"):
        _, _, rest = argument.strip().partition(" ")
        verb, _, argument = rest.strip().partition(" ")
    return verb


def _text(lines: Iterator[str], opened_by: str) -> Iterator[str]:
    for line in lines:
        if line.rstrip() == "@end":
            return
        yield line
    raise ScriptError(f"no @end for {opened_by!r}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ScriptError(f"{text!r} is no number") from error


def count_try(script: list[Instruction], folder: Path) -> int:
    """Which try of this script in this folder it is, from 1; one byte is appended, which two processes may do."""
    counts = folder / _COUNTS
    counts.mkdir(exist_ok=True)
    digest = hashlib.sha256(repr(script).encode()).hexdigest()[:16]
    with (counts / digest).open("ab") as file:
        file.write(b".")
        file.flush()
        return file.tell()


def answer(
    prompt: str, folder: Path, sleep: Callable[[float], None], told: Path | None = None
) -> tuple[int, dict[str, Any]]:
    """(exit code, the document that `--output-format json` prints). `told`: the folder of `--answers`."""
    session = Session(folder, 1, sleep)
    code, error = 0, ""
    try:
        script = instructions(prompt) if told is None else answers(prompt, told)
        session.attempt = count_try(script, folder)
        for instruction in script:
            session.perform(instruction)
    except ScriptError as problem:
        code, error = UNABLE, str(problem)
    except GivenUpError as given_up:
        code, error = given_up.code, str(given_up)
    except OSError as problem:
        code, error = UNABLE, f"{problem.filename}: {problem.strerror}"
    result = "\n".join(session.said) or "Nothing to be said."
    counted = session.tokens or (_tokens(len(prompt)), _tokens(session.written + len(result)))
    usage = dict(zip(("input_tokens", "output_tokens"), counted, strict=True))
    document: dict[str, Any] = {"result": result, "usage": usage}
    return code, document | ({"error": {"message": error}} if error else {})


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_A_TOKEN)


def main() -> int:
    """Read the prompt, do it, answer."""
    parser = argparse.ArgumentParser(prog="scripted-agent", description="does what the prompt's script says")
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("--model", help="accepted, as agents do; nothing depends on it")
    parser.add_argument("--answers", type=Path, metavar="FOLDER", help="where the scripts are, in place of the prompt")
    arguments = parser.parse_args()
    code, document = answer(sys.stdin.read(), Path.cwd(), time.sleep, arguments.answers)
    if arguments.output_format == "json":
        print(json.dumps(document, ensure_ascii=False))
    else:
        print(document["result"])
        if "error" in document:
            print(document["error"]["message"], file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
