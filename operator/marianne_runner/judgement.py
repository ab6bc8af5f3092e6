"""What an attempt's work is worth: its rules, then the facts beside them, then what could be mended."""

from typing import Final

from marianne_runner import verdicts
from marianne_runner.contract import Verdict
from marianne_runner.grounding import Grounded
from marianne_runner.task import Task

RULES_WEIGHT: Final = 0.7
"""Of the rules' confidence beside the facts' (semantics §2.5)."""
MENDABLE: Final = frozenset({"ValidationFailed", "GroundingFailed", "ExitCode"})
"""How an attempt ends that lacked something in its workspace."""


def judge(task: Task, verdict: Verdict, failure: verdicts.Failure | None) -> Verdict:
    """`failure`: what went wrong with the performance itself. After a timeout nothing is checked: what was cut off in
    the middle proves nothing.
    """
    if failure is not None and failure[0] == "Timeout":
        return verdict
    verdict = verdicts.judged(verdict, task.check(), failure, task.threshold)
    asked = task.score.get("grounding")
    if asked is not None and verdict["outcome"] == "completed":
        verdict = _with_facts(verdict, task.grounded(asked), decides=asked["decides"])
    if "heal" in task.brief and verdict["reason"] in MENDABLE and (mendable := task.mendable()):
        verdict["remedies"] = mendable
    return verdict


def _with_facts(verdict: Verdict, facts: Grounded, *, decides: bool) -> Verdict:
    """Facts that do not hold fail work whose rules hold, and its next try is told of them."""
    verdict["grounding_passed"] = facts.passed
    verdict["grounding_confidence"] = round(facts.confidence, 3)
    if facts.guidance:
        verdict["grounding_guidance"] = facts.guidance
    if facts.passed or not decides:
        return verdict
    sure = verdict.get("confidence", 1.0)
    verdict["confidence"] = RULES_WEIGHT * sure + (1 - RULES_WEIGHT) * facts.confidence
    verdict["executed_pass_percentage"] = 100.0
    verdict["failed_rules"] = facts.failed
    verdict["outcome"], verdict["reason"] = "failed", "GroundingFailed"
    verdict["message"] = "; ".join(facts.failed[:3])
    return verdict
