"""Kill the operator before and after each of its writes, in one job of five sheets; every history ends the same."""

import pytest

from tests.simulation.world import World
from tests.unit.plan.build import score

FIVE = score(5, needs={2: [1], 3: [1], 4: [2, 3], 5: [4]}, max_concurrent=2, tries=3, delay_seconds=5)


def perform(container):
    """Sheet 2 fails its first try; all else completes."""
    first = container.brief["sheet"] == 2 and container.brief["attempt"] == 1
    return ("failed", "ValidationFailed") if first else ("completed", "")


def play(faults, **variant):
    """(the world after the job's end, the number of writes)."""
    world = World(FIVE, **variant)
    try:
        world.submit()
        world.faults.extend(faults)
        step_until_the_faults_are_met(world)
        world.calm(perform)
        world.promises.check()
        world.stay_silent()
        world.promises.check_account(world.job.status, world.job.uid)
        world.promises.check_end(world.job.status, FIVE)
        return world
    finally:
        world.close()


def step_until_the_faults_are_met(world):
    """As `calm` does, but with the faults; a dead operator is started again."""
    for _ in range(400):
        if not world.faults and not world.dead:
            return
        if world.dead:
            world.start_operator()
        world.deliver()
        world.work()
        world.promises.check()
        if not world.act_once(perform):
            if not world.dead and world.job.status.finished:
                return
            world.skip_to_next()


def test_without_a_fault():
    world = play([])
    assert world.job.status.phase == "Completed"
    assert [sheet.attempt for sheet in world.job.status.sheets] == [1, 2, 1, 1, 1]
    assert len(world.ledger.starts) == 6


WRITES = play([]).writes


def test_two_writes_a_sheet():
    """Five sheets and one retry, the claim, the ConfigMap; and at most one more status write for each running sheet."""
    assert WRITES <= 2 + 2 * 6 + 1 + 6


@pytest.mark.parametrize("when", ["kill before", "kill after", "before", "after", "conflict", "throttle"])
def test_a_fault_at_every_write(when):
    for nth in range(WRITES + 1):
        world = play([""] * nth + [when])
        assert world.job.status.phase == "Completed", f"{when} write {nth}"
        assert len(world.ledger.starts) == 6, f"{when} write {nth}: {world.ledger.starts}"
        assert [sheet.normal_attempts for sheet in world.job.status.sheets] == [0, 1, 0, 0, 0]


@pytest.mark.parametrize("when", ["kill before", "kill after"])
def test_killed_again_at_once(when):
    for nth in range(WRITES + 1):
        world = play([""] * nth + [when, when, "after"])
        assert len(world.ledger.starts) == 6, f"{when} write {nth}, twice"
