"""What a file is taken for, and the job that is made of it."""

from pathlib import Path

import pytest
import yaml

from kubectl_marianne.score_file import ScoreFileError, Wanted, job_of, of, read
from kubectl_marianne.submission import manifest, named
from marianne_client.submission import WorkspaceError

SCORE = "name: Weekly Review!\nsheet:\n  size: 1\n"
JOB = """# a job
apiVersion: marianne.dev/v1alpha1
kind: MarianneJob
metadata:
  name: given
  namespace: band
spec:
  startSheet: 3
  scoreText: |
    name: song
    sheet: {}
"""
HERE = Wanted("usual")


def test_a_score_is_taken_as_it_is() -> None:
    file = of("song.yaml", SCORE)
    body = job_of(file, Wanted("usual", None, None, "work/a", 2, True), "Weekly Review!")
    assert body["metadata"] == {"generateName": "weekly-review-", "namespace": "usual"}
    assert body["spec"] == {
        "scoreText": SCORE,
        "workspace": {"persistentVolumeClaim": {"claimName": "work", "subPath": "a"}},
        "startSheet": 2,
        "selfHealing": True,
    }
    assert job_of(file, Wanted("usual", "other", "mine"), "x")["metadata"] == {"name": "mine", "namespace": "other"}


def test_a_job_keeps_what_the_flags_do_not_name() -> None:
    file = of("job.yaml", JOB)
    assert file.text == "name: song\nsheet: {}\n"
    assert job_of(file, HERE, None) == yaml.safe_load(JOB)
    changed = job_of(file, Wanted("usual", "band", "mine", "work", 1, False), None)
    assert changed["metadata"] == {"name": "mine", "namespace": "band"}
    assert changed["spec"]["startSheet"] == 1
    assert changed["spec"]["workspace"] == {"persistentVolumeClaim": {"claimName": "work"}}


def test_lines_of_a_score_in_a_job_are_the_files() -> None:
    file = of("job.yaml", JOB)
    assert JOB.splitlines()[file.first_line - 1].strip() == "name: song"


def test_a_namespace_is_not_changed_silently() -> None:
    with pytest.raises(ScoreFileError, match="of namespace 'band', but 'other' was asked for"):
        job_of(of("job.yaml", JOB), Wanted("usual", "other"), None)
    homeless = of("job.yaml", JOB.replace("  namespace: band\n", ""))
    assert job_of(homeless, HERE, None)["metadata"]["namespace"] == "usual"
    assert job_of(homeless, Wanted("usual", "other"), None)["metadata"]["namespace"] == "other"


@pytest.mark.parametrize(
    "text",
    [
        JOB.replace("v1alpha1", "v9"),
        JOB + "---\nkind: Secret\n",
        "kind: MarianneJob\n",
        JOB.split("spec:", maxsplit=1)[0],
        "kind: MarianneJob\nspec: &a {x: *a}\n",
    ],
)
def test_what_is_no_job_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ScoreFileError, match=r"^job\.yaml: "):
        of("job.yaml", text)


def test_a_score_may_speak_of_jobs() -> None:
    text = "name: x\nprompt:\n  template: |\n    kind: MarianneJob\n"
    assert of("x.yaml", text).job is None


def test_other_sources_of_a_score() -> None:
    tree = of("job.yaml", "apiVersion: marianne.dev/v1alpha1\nkind: MarianneJob\nspec: {score: {name: x}}\n")
    assert yaml.safe_load(str(tree.text)) == {"name": "x"}
    elsewhere = of("job.yaml", "apiVersion: marianne.dev/v1alpha1\nkind: MarianneJob\nspec: {scoreFrom: {}}\n")
    assert elsewhere.text is None


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScoreFileError, match="No such file"):
        read(str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(ScoreFileError, match="not text in UTF-8"):
        read(str(tmp_path / "latin.yaml"))


def test_a_workspace_that_is_none_is_refused() -> None:
    with pytest.raises(WorkspaceError):
        job_of(of("song.yaml", SCORE), Wanted("usual", workspace="../etc"), "x")


def test_a_manifest_can_be_applied_and_read() -> None:
    body = job_of(of("song.yaml", SCORE), HERE, "Weekly Review!")
    text = manifest(body, keep_namespace=False)
    assert "  scoreText: |\n    name: Weekly Review!\n" in text
    assert yaml.safe_load(text)["metadata"] == {"name": "weekly-review"}
    assert yaml.safe_load(text)["spec"] == body["spec"]
    assert named(body)["metadata"] == {"name": "weekly-review", "namespace": "usual"}
    assert body["metadata"]["generateName"] == "weekly-review-"
