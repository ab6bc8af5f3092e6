"""What a score's hooks compile to, and what is refused before anything runs."""

import pytest

from marianne_operator.score.compile import compile_source
from marianne_operator.score.refused import ScoreRefusedError

RUN = {"type": "run_command", "command": "make report"}
CHAIN = {"type": "run_job", "job_path": "configmap/scores/next.yaml"}


def source(*hooks, **more):
    sheet = {"size": 1, "total_items": 1}
    return {"name": "a", "sheet": sheet, "prompt": {"template": "x"}, "on_success": list(hooks), **more}


def compiled(*hooks, concert=None, **more):
    return compile_source(source(*hooks, concert={"enabled": True, **(concert or {})}, **more))


def test_without_hooks_nothing_is_added():
    assert "hooks" not in compile_source(source())
    assert "concert" not in compile_source(source(concert={"enabled": True}))


def test_a_command_and_a_script():
    script = {"type": "run_script", "command": "./a 'b c'", "working_directory": "sub", "on_failure": "abort"}
    assert compiled(RUN, {**script, "timeout_seconds": 5})["hooks"] == [
        {"type": "run_command", "command": "make report", "timeout_seconds": 300.0, "abort": False},
        {
            "type": "run_script",
            "command": "./a 'b c'",
            "timeout_seconds": 5.0,
            "abort": True,
            "working_directory": "sub",
        },
    ]


def test_a_job_by_its_config_map_and_by_a_file_of_this_one():
    after = {**CHAIN, "job_path": "more/next.yaml", "detached": True, "pause_before_chain": True}
    hooks = compiled(CHAIN, {**after, "job_workspace": "out/b", "timeout_seconds": 9})["hooks"]
    assert hooks[0]["job"] == {
        "path": "configmap/scores/next.yaml",
        "config_map": "scores",
        "key": "next.yaml",
        "detached": False,
        "pause": False,
    }
    assert "timeout_seconds" not in hooks[0], "a job takes as long as it takes, unless somebody wrote how long"
    assert hooks[1]["timeout_seconds"] == 9
    assert hooks[1]["job"] == {"path": "more/next.yaml", "workspace": "out/b", "detached": True, "pause": True}


@pytest.mark.parametrize("path", ["{workspace}/out/next.yaml", "/workspace/out/next.yaml"])
def test_a_job_by_a_file_of_the_workspace_and_nothing_else(path):
    job = compiled({**CHAIN, "job_path": path})["hooks"][0]["job"]
    assert job == {"path": path, "file": "out/next.yaml", "detached": False, "pause": False}


def test_the_concert():
    bounds = {"max_chain_depth": 7, "cooldown_between_jobs_seconds": 0, "inherit_workspace": False}
    assert compiled(CHAIN, concert=bounds)["concert"] == {
        "max_chain_depth": 7,
        "cooldown_seconds": 0.0,
        "inherit_workspace": False,
    }
    assert [each["abort"] for each in compiled(RUN, concert={"abort_concert_on_hook_failure": True})["hooks"]] == [True]


REFUSED = [
    ({**RUN, "command": "x" * 4097}, "on_success.0.command: has 4097 characters"),
    ({**RUN, "command": "  "}, "on_success.0.command: is empty"),
    ({**RUN, "type": "run_script", "command": "a 'b"}, "on_success.0.command: cannot be split"),
    ({**CHAIN, "job_path": "/abs/next.yaml"}, "on_success.0.job_path: '/abs/next.yaml' names no score"),
    ({**CHAIN, "job_path": "../next.yaml"}, "on_success.0.job_path"),
    ({**CHAIN, "job_path": "{workspace}/../next.yaml"}, "on_success.0.job_path"),
    ({**CHAIN, "job_path": "/workspace//etc/passwd"}, "on_success.0.job_path"),
    ({**CHAIN, "job_path": "/workspace/.marianne/x"}, "on_success.0.job_path"),
    ({**CHAIN, "job_path": "{workspace}/"}, "on_success.0.job_path"),
    ({**CHAIN, "job_workspace": "/abs"}, "on_success.0.job_workspace: '/abs' is no folder"),
    ({**CHAIN, "job_workspace": "a/../../b"}, "on_success.0.job_workspace"),
    ({**CHAIN, "job_workspace": ".marianne"}, "on_success.0.job_workspace"),
]


@pytest.mark.parametrize(("hook", "message"), REFUSED)
def test_what_could_not_be_carried_out_is_refused(hook, message):
    with pytest.raises(ScoreRefusedError) as refused:
        compiled(hook)
    assert refused.value.reason == "ScoreUnsupported"
    assert message in refused.value.message


def test_a_job_needs_a_concert():
    with pytest.raises(ScoreRefusedError, match=r"on_success\.0\.type: run_job .* set concert\.enabled: true"):
        compile_source(source(CHAIN))


def test_there_are_not_too_many():
    with pytest.raises(ScoreRefusedError, match=r"on_success: has 33 hooks; at most 32"):
        compiled(*[RUN] * 33)


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /",
        "cd x && rm -r -f -- /*",
        "sudo rm -rf ~",
        "rm -rf $HOME",
        "mkfs.ext4 /dev/sda1",
        "dd if=/dev/zero of=/dev/sda",
        "echo x > /dev/sda",
        ":(){ :|:& };:",
        "chmod -R 777 /",
        "chown -R me:me / ; true",
    ],
)
def test_what_looks_destructive_is_refused(command):
    with pytest.raises(ScoreRefusedError, match=r"looks destructive and is not run"):
        compiled({**RUN, "command": command})


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf {workspace}/old",
        "rm -f /tmp/x",
        "rm -rf ./*",
        "dd if=a of=b",
        "echo perform -rf / > /dev/null",
        "chmod -R 700 /workspace/x",
        "git format-patch HEAD~1",
        "echo done 2>/dev/stderr",
    ],
)
def test_what_does_not_is_run(command):
    assert compiled({**RUN, "command": command})["hooks"][0]["command"] == command


def test_a_hostile_command_is_looked_at_quickly():
    assert compiled({**RUN, "command": ("rm " + "-r " * 1300)[:4096]})
