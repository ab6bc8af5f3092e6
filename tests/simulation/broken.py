"""Operators and ledgers that are broken on purpose: the simulation must find each of them out."""

from collections.abc import Callable
from dataclasses import replace

from marianne_operator.plan.decide import decide
from marianne_operator.plan.observation import Observation
from marianne_operator.plan.plan import Plan
from marianne_operator.plan.restart import restart_wanted

Decides = Callable[[Observation], Plan]


def random_names() -> Decides:
    """Names that are not a function of the attempt: a create that is repeated makes a second Pod."""
    made: dict[str, int] = {}

    def decides(seen: Observation) -> Plan:
        plan = decide(seen)
        renamed = []
        for body in plan.create:
            name = body["metadata"]["name"]
            made[name] = made.get(name, 0) + 1
            renamed.append({**body, "metadata": {**body["metadata"], "name": f"{name}-{made[name]}"}})
        return replace(plan, create=tuple(renamed))

    return decides


def next_attempt_for_a_lost_pod() -> Decides:
    """A Pod that vanished is not made again: another attempt is started, though the first one's work may be done."""

    def decides(seen: Observation) -> Plan:
        lost = [
            sheet
            for sheet in seen.job.status.sheets
            if sheet.active and sheet.pod_name not in seen.pods and sheet.pod_name not in seen.ghosts
        ]
        if not lost:
            return decide(seen)
        sheets = [sheet.to(state="pending") if sheet in lost else sheet for sheet in seen.job.status.sheets]
        job = replace(seen.job, status=seen.job.status.model_copy(update={"sheets": sheets}))
        return decide(replace(seen, job=job))

    return decides


def never_silent() -> Decides:
    """A time in the status that moves at every look."""

    def decides(seen: Observation) -> Plan:
        plan = decide(seen)
        status = plan.status or seen.job.status
        return replace(plan, status=status.model_copy(update={"last_launch_time": f"{seen.now}"}))

    return decides


def deaf_to_cancel() -> Decides:
    """Cancel is noted, and sheets start all the same."""

    def decides(seen: Observation) -> Plan:
        if not seen.job.spec.cancel:
            return decide(seen)
        spec = seen.job.spec.model_copy(update={"cancel": False})
        return decide(replace(seen, job=replace(seen.job, spec=spec)))

    return decides


def endless_retries() -> Decides:
    """The count of tries is forgotten."""

    def decides(seen: Observation) -> Plan:
        plan = decide(seen)
        if plan.status is None:
            return plan
        sheets = [
            sheet.to(state="pending") if sheet.state == "failed" and was.state != "failed" else sheet
            for sheet, was in zip(plan.status.sheets, seen.job.status.sheets or plan.status.sheets, strict=True)
        ]
        return replace(plan, status=plan.status.model_copy(update={"sheets": sheets}))

    return decides


def numbers_that_start_again() -> Decides:
    """A restart begins at attempt 1 again, under names that exist."""

    def decides(seen: Observation) -> Plan:
        status = seen.job.status
        if not restart_wanted(seen.job.spec, status) or any(sheet.active for sheet in status.sheets):
            return decide(seen)
        sheets = [sheet if sheet.satisfied else sheet.to(attempt=0) for sheet in status.sheets]
        forgetful = status.model_copy(update={"sheets": sheets})
        return decide(replace(seen, job=replace(seen.job, status=forgetful)))

    return decides


def work_that_is_forgotten() -> Decides:
    """What an ended Pod tells is not written."""

    def decides(seen: Observation) -> Plan:
        over = {name: pod for name, pod in seen.pods.items() if not (pod.over and pod.phase == "Succeeded")}
        return decide(replace(seen, pods=over))

    return decides


BROKEN = {
    "random names": random_names,
    "another attempt for a lost Pod": next_attempt_for_a_lost_pod,
    "never silent": never_silent,
    "deaf to cancel": deaf_to_cancel,
    "endless retries": endless_retries,
    "attempt numbers that start again": numbers_that_start_again,
    "finished work is forgotten": work_that_is_forgotten,
}
