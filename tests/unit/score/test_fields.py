"""Every part of a score: what it accepts, what it refuses, and what stands where nothing is written."""

import pytest

from marianne_operator.score.fields import Score
from marianne_operator.score.load import score_of
from marianne_operator.score.refused import ScoreRefusedError
from tests.unit.score.given import nested, score, sheets, tree

RULE = {"type": "file_exists", "path": "x"}
COMMAND = {"type": "command_succeeds", "command": "true"}


def rules(**fields):
    return {"validations": [RULE | fields]}


def sheet(**fields):
    return {"sheet": sheets(**fields)}


ACCEPTED = [
    {},
    {"instrument": "claude-code"},
    {"instrument": "claude-code", "backend": {"timeout_seconds": 5}},
    {"backend": {"type": "anthropic_api"}},
    {"movements": {"2": {"voices": 3}}},
    {"movements": {2: {"name": "verse", "instrument_fallbacks": ["aider"]}}},
    {"prompt": {}},
    {"prompt": {"template_file": "a.j2"}},
    {"instruments": {"mine": {"profile": "aider", "config": {"any": ["thing"]}}}},
    sheet(total_sheets=99),
    sheet(fan_out={"1": 3, "3": 1}),
    sheet(fan_out={1: 3}, dependencies={2: [1]}),
    sheet(size=2, start_item=3),
    sheet(instrument_map={"aider": [1, 3], "goose": []}),
    sheet(per_sheet_instruments={99: "aider"}),
    sheet(prelude=[{"file": "a", "as": "context"}], cadenzas={9: [{"directory": "b", "as": "skill"}]}),
    sheet(skip_when_command={1: {"command": "true", "timeout_seconds": 60}}),
    {"retry": {"max_retries": 0, "base_delay_seconds": 5, "max_delay_seconds": 5}},
    {"parallel": {"enabled": True, "max_concurrent": 20, "stagger_delay_ms": 5000}},
    {"cost_limits": {"enabled": False, "max_cost_per_job": 1}},
    {"cost_limits": {"enabled": True, "max_cost_per_sheet": 0.01}},
    {"stale_detection": {"idle_timeout_seconds": 31}},
    {"circuit_breaker": {"cross_workspace_coordination": False, "honor_other_jobs_rate_limits": True}},
    rules(),
    rules(stage=10, retry_count=0, retry_delay_ms=5000, timeout_seconds=0.1, sheet=2),
    {"validations": [COMMAND]},
    {"validations": [{"type": "content_regex", "path": "x", "pattern": "(?m)^a"}]},
    {"validations": [{"type": "content_contains", "path": "x", "pattern": "("}]},
    {"notifications": [{"type": "desktop"}, {"type": "webhook", "config": {"url_env": "HOOK"}}]},
    {"on_success": [{"type": "run_job", "job_path": "b.yaml"}, {"type": "run_command", "command": "true"}]},
    {"grounding": {"enabled": True, "hooks": [{"type": "file_checksum", "expected_checksums": {"a": "b"}}]}},
    {"checkpoints": {"enabled": True, "triggers": [{"name": "look", "sheet_nums": [1]}]}},
    {"ai_review": {"min_score": 80, "target_score": 80}},
    {"techniques": {"one": {"kind": "skill", "phases": ["all"]}}},
    {"agent_card": {"name": "a", "description": "b", "skills": [{"id": 1}]}},
    {"spec": {"fragments": [{"name": "a", "content": "b", "kind": "structured", "data": {"x": 1}}]}},
    {"bridge": {"mcp_servers": [{"name": "files"}]}},
    {"isolation": {"mode": "none", "branch_prefix": "mine-2"}},
    {"learning": {"exploration_budget": {"any": 1}, "auto_apply": None}},
    {"conductor": {"name": "me", "preferences": {"any": 1}}},
    {"state_backend": "json", "state_path": "x", "workspace": "y"},
    {"bridge": None, "cross_sheet": None, "instrument": None},
]


@pytest.mark.parametrize("fields", ACCEPTED, ids=str)
def test_accepted(fields):
    assert score(**fields)


REFUSED = [
    ({"instrument": ""}, "instrument"),
    ({"instrument": "aider", "backend": {"type": "anthropic_api"}}, "score: write instrument or backend.type"),
    ({"movements": {0: {"name": "x"}}}, "movements: movements are numbered from 1, not 0"),
    ({"movements": {1: {"voices": 0}}}, "movements.1.voices"),
    ({"instruments": {"mine": {}}}, "instruments.mine.profile"),
    ({"name": 1}, "name"),
    (sheet(size=0), "sheet.size"),
    (sheet(start_item=0), "sheet.start_item"),
    (sheet(start_item=4), "sheet: start_item 4 is beyond total_items 3"),
    (sheet(fan_out={1: 2}, size=2), "sheet: fan_out needs size: 1 and start_item: 1"),
    (sheet(fan_out={1: 2}, start_item=2), "sheet: fan_out needs size: 1 and start_item: 1"),
    (sheet(fan_out={4: 2}), "sheet: fan_out 4: 2 needs a stage of 1..3"),
    (sheet(fan_out={0: 2}), "sheet: fan_out 0: 2"),
    (sheet(fan_out={1: 0}), "sheet: fan_out 1: 0"),
    (sheet(dependencies={2: 1}), "sheet.dependencies.2"),
    (sheet(dependencies={"x": [1]}), "sheet.dependencies.x"),
    (sheet(per_sheet_instruments={0: "a"}), "sheet.per_sheet_instruments: sheet numbers start at 1, not 0"),
    (sheet(per_sheet_instruments={1: ""}), "sheet.per_sheet_instruments.1"),
    (sheet(per_sheet_fallbacks={0: []}), "sheet.per_sheet_fallbacks: sheet"),
    (sheet(per_sheet_instrument_config={-1: {}}), "sheet.per_sheet_instrument_config: sheet"),
    (sheet(instrument_map={"a": [1], "b": [1]}), "sheet.instrument_map: each sheet number"),
    (sheet(instrument_map={"a": [0]}), "sheet.instrument_map: each sheet number"),
    (sheet(prelude=[{"as": "context"}]), "sheet.prelude.0: write exactly one of file and directory"),
    (sheet(prelude=[{"file": "a", "directory": "b", "as": "tool"}]), "sheet.prelude.0: write exactly one"),
    (sheet(prelude=[{"file": "a", "as": "song"}]), "sheet.prelude.0.as"),
    (sheet(skip_when_command={1: {"command": "true", "timeout_seconds": 61}}), "sheet.skip_when_command.1"),
    ({"retry": {"base_delay_seconds": 9, "max_delay_seconds": 8}}, "retry: base_delay_seconds is above"),
    ({"retry": {"max_retries": -1}}, "retry.max_retries"),
    ({"retry": {"exponential_base": 1}}, "retry.exponential_base"),
    ({"retry": {"completion_threshold_percent": 101}}, "retry.completion_threshold_percent"),
    ({"parallel": {"max_concurrent": 21}}, "parallel.max_concurrent"),
    ({"parallel": {"stagger_delay_ms": 5001}}, "parallel.stagger_delay_ms"),
    ({"parallel": {"budget_partition": False}}, "parallel: budget_partition"),
    ({"cost_limits": {"enabled": True}}, "cost_limits: enabled without"),
    ({"cost_limits": {"max_cost_per_job": 0}}, "cost_limits.max_cost_per_job"),
    ({"stale_detection": {"idle_timeout_seconds": 30}}, "stale_detection: check_interval_seconds must be below"),
    ({"circuit_breaker": {"failure_threshold": 101}}, "circuit_breaker.failure_threshold"),
    (rules(path=None), "validations.0: file_exists needs path"),
    (rules(stage=11), "validations.0.stage"),
    (rules(retry_count=11), "validations.0.retry_count"),
    (rules(timeout_seconds=0), "validations.0.timeout_seconds"),
    (rules(sheet=0), "validations.0.sheet"),
    ({"validations": [{"type": "command_succeeds"}]}, "validations.0: command_succeeds needs command"),
    ({"validations": [{"type": "content_regex", "path": "x"}]}, "validations.0: content_regex needs pattern"),
    ({"validations": [{"type": "content_contains"}]}, "validations.0: content_contains needs path and pattern"),
    (
        {"validations": [{"type": "content_regex", "path": "x", "pattern": "("}]},
        "validations.0: pattern is no regular expression",
    ),
    (
        {"validations": [{"type": "content_regex", "path": "x", "pattern": "a{9999999999}"}]},
        "validations.0: pattern is no regular expression",
    ),
    ({"notifications": [{"type": "slack"}]}, "notifications.0: slack needs config.webhook_url"),
    ({"notifications": [{"type": "desktop", "on_events": ["later"]}]}, "notifications.0.on_events.0"),
    ({"on_success": [{"type": "run_job"}]}, "on_success.0: run_job needs job_path"),
    ({"on_success": [{"type": "run_script"}]}, "on_success.0: run_script needs command"),
    ({"grounding": {"enabled": True}}, "grounding: enabled without hooks"),
    ({"ai_review": {"min_score": 90}}, "ai_review: min_score is above target_score"),
    ({"learning": {"min_confidence_threshold": 0.8}}, "learning: min_confidence_threshold is above"),
    ({"isolation": {"branch_prefix": "2x"}}, "isolation.branch_prefix"),
    ({"conductor": {"identity_context": 501 * "x"}}, "conductor.identity_context"),
    ({"concert": {"max_chain_depth": 101}}, "concert.max_chain_depth"),
    ({"bridge": {"context_budget_percent": 9}}, "bridge.context_budget_percent"),
    ({"backend": {"ollama": {"num_ctx": 4095}}}, "backend.ollama.num_ctx"),
    ({"cross_sheet": {"max_output_chars": 0}}, "cross_sheet.max_output_chars"),
    ({"pause_between_sheets_seconds": -1}, "pause_between_sheets_seconds"),
    ({"state_backend": "etcd"}, "state_backend"),
    ({"scheduler": {}}, "scheduler: no such field"),
]


@pytest.mark.parametrize(("fields", "begins"), REFUSED, ids=str)
def test_refused(fields, begins):
    with pytest.raises(ScoreRefusedError) as refused:
        score_of(tree(**fields))
    assert refused.value.reason == "ScoreInvalid"
    assert refused.value.message.startswith(begins)


@pytest.mark.parametrize("missing", ["name", "sheet", "prompt"])
def test_what_a_score_must_have(missing):
    written = tree()
    del written[missing]
    with pytest.raises(ScoreRefusedError, match=f"^{missing}: is missing"):
        score_of(written)


def parts(model, path=""):
    """Every object of the schema, by path, with an example of where it stands."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if hasattr(inner, "model_fields"):
            yield f"{path}{name}"
            yield from parts(inner, f"{path}{name}.")


@pytest.mark.parametrize("path", list(parts(Score)))
def test_no_part_takes_a_misspelt_field(path):
    written = tree()
    top, _, rest = path.partition(".")
    written[top] = dict(written.get(top, {})) | nested(f"{rest}.nonsense" if rest else "nonsense", 1)
    with pytest.raises(ScoreRefusedError, match=f"{path}.nonsense: no such field"):
        score_of(written)


def test_numeric_text_is_a_number_where_a_number_is_a_key():
    read = score(**sheet(dependencies={"2": [1]}, fan_out={"1": 2}, descriptions={"1": "x"}))
    assert (read.sheet.dependencies, read.sheet.fan_out, read.sheet.descriptions) == ({2: [1]}, {1: 2}, {1: "x"})


def test_a_score_is_not_changed_after_it_was_read():
    with pytest.raises(ValueError, match="frozen"):
        score().name = "other"


def test_a_limit_of_cost_switches_itself_on():
    limits = [
        ({}, False),
        ({"max_cost_per_job": 1}, True),
        ({"max_cost_per_sheet": 1}, True),
        ({"max_cost_per_job": 1, "enabled": False}, False),
        ({"max_cost_per_job": 1, "enabled": True}, True),
    ]
    for written, expected in limits:
        assert score(cost_limits=written).cost_limits.limits is expected
