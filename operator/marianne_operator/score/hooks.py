"""`on_success` and `concert`: what follows a job that completed, as the score is compiled (decision 026)."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from marianne_operator.score.fields import Score
from marianne_operator.score.fields.orchestration import PostSuccessHookConfig
from marianne_operator.score.refused import Problem
from marianne_runner.contract import ChainedJob, Concert, Hook

MOST_HOOKS: Final = 32
"""Each has an entry in the job's status."""
LONGEST_COMMAND: Final = 4096
CONFIG_MAP: Final = re.compile(r"configmap/([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)/([-._a-zA-Z0-9]{1,253})")
INSIDE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
"""As `spec.files[].path` and `subPath`: relative, without `..` and without hidden parts."""
LONGEST_PATH: Final = 255
DESTRUCTIVE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\brm\s+(-\S+\s+)*(--\s+)?(/|/\*|~/?|\$HOME/?)(\s|;|&|\||$)",
        r"\b(mkfs(\.\w+)?|wipefs|fdisk|parted)\b",
        r"\bdd\b[^;&|]*\bof=/dev/",
        r">\s*/dev/(sd|hd|vd|nvme|xvd|mmcblk)",
        r":\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:",
        r"\bch(mod|own)\s+(-\S+\s+)*\S+\s+/(\s|;|&|\||$)",
    )
)
"""A guard against accidents, as Marianne has one: the Pod's confinement is what contains a hostile command."""
WORKSPACE: Final = ("{workspace}/", "/workspace/")
SOURCE: Final = (
    "names no score that can be found here: write configmap/<name>/<key>, the path of an entry of spec.files, "
    "or that of a file of the workspace"
)


def problems(score: Score) -> Iterator[Problem]:
    """What would not be performed as written."""
    if len(score.on_success) > MOST_HOOKS:
        yield Problem(("on_success",), f"has {len(score.on_success)} hooks; at most {MOST_HOOKS}")
    for index, hook in enumerate(score.on_success):
        of_kind = _of_chain(score, hook) if hook.type == "run_job" else _of_command(hook)
        for field, why in of_kind:
            yield Problem(("on_success", index, field), why)


def _of_command(hook: PostSuccessHookConfig) -> Iterator[tuple[str, str]]:
    command = hook.command or ""
    if len(command) > LONGEST_COMMAND:
        yield "command", f"has {len(command)} characters; at most {LONGEST_COMMAND}: put it into a script"
    elif any(pattern.search(command) for pattern in DESTRUCTIVE):
        yield "command", "looks destructive and is not run: delete or change named files instead"
    elif not command.strip():
        yield "command", "is empty: write what is to be run"
    elif hook.type == "run_script" and (why := _unsplittable(command)):
        yield "command", f"cannot be split into a program and its arguments: {why}"


def _of_chain(score: Score, hook: PostSuccessHookConfig) -> Iterator[tuple[str, str]]:
    if not score.concert.enabled:
        yield "type", "run_job starts another job: set concert.enabled: true"
    path = hook.job_path or ""
    if CONFIG_MAP.fullmatch(path) is None and not _is_inside(_in_workspace(path) or path):
        yield "job_path", f"{path[:80]!r} {SOURCE}"
    if hook.job_workspace is not None and not _is_inside(hook.job_workspace):
        yield "job_workspace", f"{hook.job_workspace[:80]!r} is no folder of the workspace: write a relative path"


def _is_inside(path: str) -> bool:
    return len(path) <= LONGEST_PATH and INSIDE.fullmatch(path) is not None


def _in_workspace(path: str) -> str | None:
    """Of a path that says that it means the workspace: what is relative to it."""
    return next((path.removeprefix(each) for each in WORKSPACE if path.startswith(each)), None)


def _unsplittable(command: str) -> str:
    try:
        shlex.split(command)
    except ValueError as error:
        return str(error)
    return ""


def hooks(score: Score) -> list[Hook]:
    """As the operator carries them out."""
    return [_hook(score, each) for each in score.on_success]


def concert(score: Score) -> Concert:
    """Bounds of the chain that such hooks make."""
    return Concert(
        max_chain_depth=score.concert.max_chain_depth,
        cooldown_seconds=score.concert.cooldown_between_jobs_seconds,
        inherit_workspace=score.concert.inherit_workspace,
    )


def _hook(score: Score, written: PostSuccessHookConfig) -> Hook:
    abort = written.on_failure == "abort" or score.concert.abort_concert_on_hook_failure
    made = Hook(type=written.type, abort=abort)
    if written.type != "run_job":
        made["command"] = written.command or ""
        made["timeout_seconds"] = written.timeout_seconds
        if written.working_directory is not None:
            made["working_directory"] = written.working_directory
        return made
    made["job"] = _chained(written)
    if "timeout_seconds" in written.model_fields_set:
        made["timeout_seconds"] = written.timeout_seconds
    return made


def _chained(written: PostSuccessHookConfig) -> ChainedJob:
    path = written.job_path or ""
    job = ChainedJob(path=path, detached=written.detached, pause=written.pause_before_chain)
    if (found := CONFIG_MAP.fullmatch(path)) is not None:
        job["config_map"], job["key"] = found[1], found[3]
    elif (file := _in_workspace(path)) is not None:
        job["file"] = file
    if written.job_workspace is not None:
        job["workspace"] = written.job_workspace
    return job
