"""What a written field does here, where it does not do what Marianne's engine does.

Refused: its neglect would change what runs, what passes or what it costs, and nobody would know. Without effect:
accepted and told in the job's `Accepted` condition. Either only where the score writes something else than the default.
"""

from dataclasses import dataclass
from typing import Final, Literal

from marianne_operator.score import backend, hooks, notices
from marianne_operator.score.fields import Score
from marianne_operator.score.fields.learning import LearningConfig
from marianne_operator.score.refused import Problem, refused_for


@dataclass(frozen=True, slots=True)
class Effect:
    """A field by its path, and why it does nothing."""

    path: str
    kind: Literal["refused", "none"]
    why: str


_PROMPT: Final = "its text would be missing in the prompts"
_PASSES: Final = "work that fails it would pass"
_OTHER: Final = "not for the instrument that plays; say it in instrument_config, or in the Instrument"
_SERVER: Final = "the Instrument says where its server is"
_TOOLS: Final = "a model's server is asked once, without tools"
ABSENT: Final = "not performed yet"
_CLUSTER: Final = "the cluster takes its place"
_NAMESPACE: Final = "the jobs of a namespace share what they know of an instrument"
_ENGINE: Final = "a setting of Marianne's own process"

EFFECTS: Final = (
    Effect("spec.spec_dir", "refused", _PROMPT),
    Effect("spec.include_claude_md", "refused", _PROMPT),
    Effect("techniques", "refused", _PROMPT),
    Effect("ai_review.enabled", "refused", _PASSES),
    Effect("backend.system_prompt_file", "refused", _PROMPT),
    Effect("backend.working_directory", "refused", "the instrument would work elsewhere"),
    Effect("circuit_breaker.cross_workspace_coordination", "none", _NAMESPACE),
    Effect("circuit_breaker.honor_other_jobs_rate_limits", "none", _NAMESPACE),
    *(
        Effect(f"learning.{name}", "none", ABSENT)
        for name in LearningConfig.model_fields
        if name != "escalation_enabled"
    ),
    Effect("agent_card", "none", ABSENT),
    Effect("concert.concert_log_path", "none", _CLUSTER),
    Effect("workspace", "none", _CLUSTER),
    Effect("isolation", "none", _CLUSTER),
    Effect("state_backend", "none", _CLUSTER),
    Effect("state_path", "none", _CLUSTER),
    Effect("backend.api_key_env", "none", _CLUSTER),
    Effect("backend.ollama.base_url", "none", _SERVER),
    Effect("backend.ollama.health_check_timeout", "none", _SERVER),
    Effect("backend.ollama.dynamic_tools", "none", _TOOLS),
    Effect("backend.ollama.compression_level", "none", _TOOLS),
    Effect("backend.ollama.max_tool_iterations", "none", _TOOLS),
    Effect("logging", "none", _ENGINE),
    Effect("conductor", "none", _ENGINE),
    Effect("bridge", "none", _ENGINE),
    Effect("backend.skip_permissions", "none", _ENGINE),
    Effect("backend.disable_mcp", "none", _ENGINE),
    Effect("backend.output_format", "none", _ENGINE),
    Effect("backend.recursive_light", "none", _ENGINE),
)


def without_effect(score: Score) -> list[str]:
    """Paths that this score writes in vain; raises `ScoreRefusedError` for those that must not be neglected."""
    if problems := refusals(score):
        raise refused_for("ScoreUnsupported", problems)
    return [effect.path for effect in in_vain(score)]


def refusals(score: Score) -> list[Problem]:
    """What must not be neglected, and is not performed."""
    written = [each for each in EFFECTS if each.kind == "refused" and backend.is_written(score, each.path)]
    neglected = [
        Problem(tuple(each.path.split(".")), f"not performed yet, and {each.why}: leave it out") for each in written
    ]
    return [*neglected, *notices.problems(score), *hooks.problems(score)]


def in_vain(score: Score) -> list[Effect]:
    """What is written without effect, and why."""
    vain = [effect for effect in EFFECTS if effect.kind == "none" and backend.is_written(score, effect.path)]
    vain += [Effect(path, "none", _OTHER) for path in backend.in_vain(score)]
    vain += [Effect(path, "none", why) for path, why in notices.in_vain(score)]
    return vain
