"""The catalogue's instruments against Marianne's own answers: command lines, output, paths, models and prices."""

import functools
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from marianne_operator.model.names import instrument_object_name
from marianne_runner.command import arguments, interface, takes_stdin
from marianne_runner.contract import Brief
from marianne_runner.output import found_at, read_report
from marianne_runner.perform import Exit
from marianne_runner.signals import Signals, heard
from marianne_runner.verdicts import is_success
from tests.conformance.data import REPOSITORY, units

MENDED = {"codex-cli": "yo", "cline-cli": "done", "opencode": "A\nB"}
"""Where Marianne's profile finds no answer, or a part of it, ours finds this in the same output (decision 015)."""


@functools.cache
def catalogue() -> dict[str, Any]:
    return cast(
        dict[str, Any], yaml.safe_load((REPOSITORY / "charts/marianne-operator/files/instruments.yaml").read_text())
    )


def profile(name: str) -> dict[str, Any]:
    return cast(dict[str, Any], catalogue()[instrument_object_name(name)]["profile"])


@pytest.mark.parametrize("name", units()["profiles"])
def test_profiles(name):
    ours, truth = profile(name), units()["profiles"][name]
    assert ours["name"] == name
    assert ours["kind"] == truth["kind"]
    assert ours.get("default_model") == truth["default_model"]
    assert ours["default_timeout_seconds"] == truth["default_timeout_seconds"]
    assert ours.get("raw_prompt", False) == truth["raw_prompt"]
    assert ours.get("cli", {}).get("command", {}).get("executable") == truth["executable"]
    formats = {"cli": ours.get("cli", {}).get("output", {}).get("format", "text"), "http": None}
    assert formats[ours["kind"]] == truth["output_format"]
    fields = ("context_window", "cost_per_1k_input", "cost_per_1k_output", "max_output_tokens", "max_concurrent")
    assert {each["name"]: [each.get(field) for field in fields] for each in ours.get("models", [])} == truth["models"]


@pytest.mark.parametrize("case", units()["cli_commands"])
def test_cli_commands(case):
    told = {"instrument": case["profile"], "profile": profile(case["profile"]), "timeout_seconds": case["timeout"] or 1}
    if case["model_override"] is not None:
        told["model"] = case["model_override"]
    assembled = case["assembled_prompt_for_stdin_or_arg"] or "x" * case["prompt_bytes"]
    prompt, command = assembled.encode(), interface(told["profile"])["command"]
    made = arguments(cast(Brief, told), prompt, Path("/workspace"), {})
    assert [each.decode() if isinstance(each, bytes) else each for each in made] == case["argv"]
    assert takes_stdin(command, prompt) is case["via_stdin"]


@pytest.mark.parametrize("case", units()["output_parsing"])
def test_output_parsing(case):
    told, stdout, stderr = profile(case["profile"]), case["stdout"].encode(), case["stderr"].encode()
    killed = case["exit_code"] is None
    ended = Exit(case["exit_code"], 9 if killed else None, timed_out=False, interrupted=False, seconds=1.0)
    succeeded = is_success(ended, cast(Brief, {"profile": told}))
    assert succeeded is case["success"]
    report = read_report(interface(told).get("output", {}), stdout, succeeded=succeeded)
    mended = report.text is not None and case["profile"] in MENDED
    assert (case["stdout"] if report.text is None else report.text) == (
        MENDED[case["profile"]] if mended else case["result_text"]
    )
    assert report.error == case["error_message"]
    assert (report.input_tokens, report.output_tokens) == (case["input_tokens"], case["output_tokens"])
    signals = Signals() if succeeded else heard(interface(told).get("errors", {}), stdout.decode(), stderr.decode())
    assert signals == Signals(case["rate_limited"], case["error_type"])


@pytest.mark.parametrize("case", units()["json_path"]["cases"])
def test_json_path(case):
    found = found_at(units()["json_path"]["data"], case["path"])
    assert found == case["all"]
    assert next(iter(found), None) == case["first"]
