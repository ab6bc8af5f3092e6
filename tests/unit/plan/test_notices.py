"""Notices: which are ordered when, that each is ordered once, what becomes of them, and what they never do."""

import json
from dataclasses import replace

import pytest

from marianne_operator.model.status import JobStatus, Waiting
from marianne_operator.plan.clock import stamp
from marianne_operator.plan.decide import decide
from marianne_operator.plan.happened import happened
from marianne_operator.plan.notices import MOST, MOST_PAUSES
from marianne_operator.plan.observation import WriteRefusal
from marianne_runner.contract import BRIEF_ANNOTATION, encode_errand
from tests.unit.plan import build
from tests.unit.plan.build import NAME, NOW, UID, after, ended, job, observe, running_status, score, sheet, verdict

EVENTS = ["job_start", "job_complete", "job_failed", "job_paused"]
HOOK = {"index": 2, "type": "webhook", "events": EVENTS, "url_env": "HOOK"}
SLACK = {
    "index": 3,
    "type": "slack",
    "events": ["job_failed"],
    "url": "https://a.example/x",
    "beside": {"channel": "#a"},
}


def tune(*notifications):
    return score(1, tries=1, notifications=list(notifications or [HOOK]))


def last(*notifications, state="dispatched", told=None, **spec):
    """Its only sheet has ended, which was not accounted for yet."""
    begun = running_status(sheet(1, state, 1))
    return observe(job(status=begun, **spec), tune(*notifications), pods=[ended(told=told or verdict())])


def notices(plan):
    return [each for each in plan.create if "-notice" in each["metadata"]["name"]]


def told(body):
    return json.loads(body["metadata"]["annotations"][BRIEF_ANNOTATION])


def events(plan):
    return [told(each)["notice"]["body"]["event"] for each in notices(plan)]


def entries(status: JobStatus):
    return [(each.event, each.state) for each in status.notifications]


def of_notice(name, number=1, **changes):
    return replace(build.pod(name=name, **changes), sheet=0, attempt=0, errand=f"notice-{number}")


def spoken(name, outcome="succeeded", message="", number=1):
    result = {"protocol": 1, "pod_uid": f"uid-of-{name}", "errand": f"notice-{number}", "outcome": outcome}
    said = encode_errand({**result, "message": message}).decode()
    state = {"terminated": {"exitCode": 0, "message": said, "startedAt": stamp(NOW), "finishedAt": stamp(NOW)}}
    return of_notice(name, number, phase="Succeeded", state=state)


def test_a_score_without_any_is_told_nothing_and_writes_nothing_more():
    seen = observe(job(status=running_status(sheet(1, "dispatched", 1))), score(1), pods=[ended(told=verdict())])
    plan = decide(seen)
    assert not plan.create
    assert not plan.status.notifications


def test_the_intent_and_the_change_are_one_write():
    seen = last()
    plan = decide(seen)
    (body,) = notices(plan)
    assert plan.status.phase == "Completed"
    assert entries(plan.status) == [("job_complete", "dispatched")]
    assert plan.status.notifications[0].pod_name == body["metadata"]["name"]
    assert told(body)["notice"] == {
        "url_env": "HOOK",
        "body": {
            "id": f"{UID}/notice1",
            "event": "job_complete",
            "job": NAME,
            "namespace": "default",
            "uid": UID,
            "run": 1,
            "phase": "Completed",
            "progress": "1/1",
            "message": "1 sheets",
            "time": stamp(NOW),
        },
    }
    assert [each["name"] for each in body["spec"]["volumes"]] == ["brief", "temporary"]
    assert "marianne.dev/sheet" not in body["metadata"]["labels"]


def test_it_brings_the_tenants_environment():
    env = [{"name": "HOOK", "valueFrom": {"secretKeyRef": {"name": "hook", "key": "url"}}}]
    (body,) = notices(decide(last(sheetTemplate={"env": env, "envFrom": [{"secretRef": {"name": "more"}}]})))
    (container,) = body["spec"]["containers"]
    assert container["env"][0] == env[0]
    assert container["envFrom"] == [{"secretRef": {"name": "more"}}]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (
            {"requests": {"cpu": 8, "memory": "64Gi"}, "limits": {"memory": "64Gi", "nvidia.com/gpu": 1}},
            {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        ),
        ({"limits": None}, {"requests": {}, "limits": {}}),
        (None, {"requests": {}, "limits": {}}),
    ],
)
def test_it_asks_for_little_and_for_no_device(given, asked):
    """It would wait for what the sheets need, and a quota may want every amount written."""
    template = {} if given is None else {"resources": given}
    (body,) = notices(decide(last(sheetTemplate=template)))
    assert body["spec"]["containers"][0]["resources"] == asked


def test_deciding_again_orders_nothing_again():
    seen = last()
    plan = decide(seen)
    assert decide(seen) == plan
    (body,) = notices(plan)
    born = {body["metadata"]["name"]: of_notice(body["metadata"]["name"])}
    again = decide(after(seen, plan, pods={**seen.pods, **born}))
    assert (again.status, again.create, again.notes) == (None, (), ())


def test_slack_is_told_a_text_that_calls_nobody():
    failed = verdict("failed", "ExitCode", message="<!channel> a & b")
    bodies = [told(each)["notice"] for each in notices(decide(last(HOOK, SLACK, told=failed)))]
    assert bodies[0]["body"]["event"] == "job_failed"
    assert bodies[1]["url"] == "https://a.example/x"
    assert bodies[1]["body"] == {
        "text": f"Job default/{NAME} has failed, 0/1 sheets: sheet 1: &lt;!channel&gt; a &amp; b",
        "channel": "#a",
    }


def test_only_the_events_that_are_asked_for():
    assert events(decide(last(HOOK | {"events": ["job_failed", "job_start"]}))) == []


def test_a_run_that_begins():
    plan = decide(observe(job(), tune()))
    assert events(plan) == ["job_start"]
    assert plan.create[0]["metadata"]["name"].endswith("-s1-a1"), "the sheet comes first"


def test_a_restart_is_another_run_and_forgets_the_last_one():
    seen = last(told=verdict("failed", "ExitCode"))
    failed = decide(seen)
    name = failed.status.notifications[0].pod_name
    heard = after(seen, failed, pods={name: spoken(name)})
    settled = decide(heard)
    assert entries(settled.status) == [("job_failed", "sent")]
    status = settled.status
    plan = decide(observe(job(status=status, restart={"token": "b"}), tune()))
    assert entries(plan.status) == [("job_start", "dispatched")]
    assert plan.status.notifications[0].pod_name.endswith("notice2"), "numbers never come again"


def test_cancelled_is_no_news():
    begun = running_status(sheet(1))
    plan = decide(observe(job(status=begun, cancel=True), tune()))
    assert plan.status.phase == "Cancelled"
    assert events(plan) == []


def test_a_pause_is_told_while_it_lasts_and_once():
    begun = running_status(sheet(1))
    seen = observe(job(status=begun, paused=True), tune())
    plan = decide(seen)
    assert events(plan) == ["job_paused"]
    assert told(notices(plan)[0])["notice"]["body"]["message"] == "until it is resumed"
    resumed = observe(job(status=plan.status), tune())
    again = decide(observe(job(status=decide(resumed).status, paused=True), tune()))
    assert entries(again.status) == [("job_paused", "dispatched")]


def waits(reason, number=1, phase="Waiting", state="waiting"):
    why = Waiting(reason=reason, message="m", since=stamp(NOW))
    return running_status(sheet(number, state, waiting=why), waiting=why, phase=phase)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (running_status(), waits("BudgetReached"), [("job_paused", "BudgetReached, sheet 1")]),
        (running_status(), waits("LimitsExhausted"), [("job_paused", "LimitsExhausted, sheet 1")]),
        (running_status(), waits("A", state="fermata", phase="Running"), [("job_paused", "A, sheet 1")]),
        (waits("A", 1, state="fermata"), waits("A", 2, state="fermata"), [("job_paused", "A, sheet 2")]),
        (waits("BudgetReached"), waits("BudgetReached"), []),
        (running_status(), waits("RateLimited"), []),
        (running_status(), waits("Backoff"), []),
        (running_status(), running_status(phase="PausedAtChain"), [("job_paused", "PausedAtChain")]),
        (running_status(run=None), running_status(), [("job_start", None)]),
        (running_status(), running_status(phase="Completed", completion_time="a"), [("job_complete", None)]),
        (running_status(), running_status(phase="Failed", completion_time="a"), [("job_failed", None)]),
        (running_status(), running_status(phase="Cancelled", completion_time="a"), []),
        (running_status(), running_status(phase="Failed"), []),
        (
            running_status(phase="Completed", completion_time="a"),
            running_status(phase="Completed", completion_time="a"),
            [],
        ),
        (
            running_status(phase="Failed", completion_time="a"),
            running_status(run=2, phase="Completed", completion_time="b"),
            [("job_start", None), ("job_complete", None)],
        ),
    ],
)
def test_what_has_happened(old, new, told):
    assert [(each.event, each.cause) for each in happened(old, new)] == told


def test_so_many_pauses_are_told_and_the_end_all_the_same():
    seen = last()
    entry = decide(seen).status.notifications[0]
    many = [entry.model_copy(update={"event": "job_paused", "cause": f"c{n}", "state": "sent"}) for n in range(9)]
    for count in (MOST_PAUSES - 1, MOST_PAUSES):
        status = running_status(sheet(1), notifications=many[:count])
        assert len(events(decide(observe(job(status=status, paused=True), tune())))) == MOST_PAUSES - count
    status = running_status(sheet(1, "dispatched", 1), notifications=many)
    assert events(decide(observe(job(status=status), tune(), pods=[ended(told=verdict())]))) == ["job_complete"]


def test_the_status_takes_so_many_and_no_more():
    """Those of earlier runs stay while they are under way."""
    entry = decide(last()).status.notifications[0]
    earlier = [entry.model_copy(update={"pod_name": f"tune-notice{n}"}) for n in range(MOST)]
    status = running_status(sheet(1, "dispatched", 1), run=2, notifications=earlier)
    plan = decide(observe(job(status=status), tune(), pods=[ended(told=verdict())]))
    assert (plan.status.phase, len(plan.status.notifications)) == ("Completed", MOST)
    assert [note.reason for note in plan.notes] == ["NoticeFailed"]


ANSWERS = {
    "sent": (spoken, {}, "sent", None),
    "refused": (spoken, {"outcome": "failed", "message": "a: HTTP 500"}, "failed", "was not sent: a: HTTP 500"),
    "unknown": (spoken, {"outcome": "lost", "message": "gone"}, "lost", "may not have been sent: gone"),
}


@pytest.mark.parametrize(("make", "given", "state", "warned"), ANSWERS.values(), ids=ANSWERS)
def test_answers(make, given, state, warned):
    seen = last()
    plan = decide(seen)
    name = plan.status.notifications[0].pod_name
    heard = after(seen, plan, pods={name: make(name, **given)})
    settled = decide(heard)
    assert entries(settled.status) == [("job_complete", state)]
    assert settled.status.phase == "Completed", "a notice that fails fails nothing"
    notes = [(each.type, each.reason, each.message) for each in settled.notes]
    assert notes == ([] if warned is None else [("Warning", "NoticeFailed", f"notifications.2: job_complete {warned}")])
    silent = decide(after(heard, settled))
    assert (silent.status, silent.create, silent.delete, silent.notes, silent.look_again_at) == (None, (), (), (), None)


def test_a_pod_that_never_ran_is_made_again_and_tells_the_same():
    seen = last()
    plan = decide(seen)
    again = decide(after(seen, plan, seconds=30.0))
    assert again.recovered
    assert again.create == plan.create


def test_a_pod_that_ran_and_vanished_is_never_made_again():
    seen = last()
    plan = decide(seen)
    name = plan.status.notifications[0].pod_name
    ghost = of_notice(name, phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    lost = decide(after(seen, plan, ghosts={name: ghost}))
    assert entries(lost.status) == [("job_complete", "lost")]
    assert not lost.create


def test_one_that_does_not_start_is_given_up_and_its_pod_deleted_until_it_is_gone():
    seen = last()
    plan = decide(seen)
    name = plan.status.notifications[0].pod_name
    stuck = after(seen, plan, pods={name: of_notice(name)})
    waiting = decide(stuck)
    assert waiting.status is None and waiting.look_again_at is not None
    late = after(stuck, waiting, seconds=900.0)
    given_up = decide(late)
    assert entries(given_up.status) == [("job_complete", "failed")]
    assert [each.name for each in given_up.delete] == [name]
    assert [each.name for each in decide(after(late, given_up)).delete] == [name]


def test_one_that_runs_for_ever_is_given_up():
    seen = last()
    plan = decide(seen)
    name = plan.status.notifications[0].pod_name
    going = of_notice(name, phase="Running", state={"running": {"startedAt": stamp(NOW)}})
    waiting = decide(after(seen, plan, pods={name: going}, seconds=1200.0))
    assert (waiting.status, waiting.look_again_at) == (None, NOW + 900 + 93 + 300)
    late = decide(after(seen, plan, pods={name: going}, seconds=1300.0))
    assert entries(late.status) == [("job_complete", "lost")]
    assert [each.name for each in late.delete] == [name]


@pytest.mark.parametrize(
    ("reason", "state", "woken"), [("QuotaExceeded", "dispatched", True), ("NameConflict", "failed", False)]
)
def test_what_the_api_server_refuses_is_the_notices_alone(reason, state, woken):
    """The job itself, and its sheets, go on."""
    first = observe(job(), score(1, notifications=[HOOK]))
    plan = decide(first)
    name = plan.status.notifications[0].pod_name
    refused = {name: WriteRefusal(reason, "no", NOW + 20)}
    sheets = {each["metadata"]["name"]: build.running() for each in plan.create if each not in notices(plan)}
    seen = after(first, plan, pods=sheets, refusals=refused)
    then = decide(seen)
    status = then.status or seen.job.status
    assert entries(status) == [("job_start", state)]
    assert not notices(then)
    assert status.phase == "Running"
    assert (then.look_again_at == NOW + 3) or not woken


def test_the_job_is_not_deleted_before_it_was_told_but_not_much_later():
    seen = last(ttlSecondsAfterFinished=0)
    plan = decide(seen)
    name = plan.status.notifications[0].pod_name
    going = after(seen, plan, pods={name: of_notice(name)}, seconds=60.0)
    assert not decide(going).delete_job
    told = after(going, decide(going), pods={name: spoken(name)})
    settled = decide(told)
    assert not settled.delete_job
    assert decide(after(told, settled)).delete_job
    assert decide(
        after(seen, plan, seconds=1500.0, score=build.ScoreRefusal("ScoreNotFound", "", stalled=False))
    ).delete_job


def test_its_pod_is_cleared_as_others_are():
    seen = last(podRetention="None")
    plan = decide(seen)
    name = plan.status.notifications[0].pod_name
    heard = after(seen, plan, pods={name: spoken(name)})
    settled = decide(heard)
    assert [each.name for each in settled.delete] == []
    assert [each.name for each in decide(after(heard, settled)).delete] == [name]
