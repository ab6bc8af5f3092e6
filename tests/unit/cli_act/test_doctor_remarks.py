"""What doctor says of what it saw: a word for each level, and a name for each thing that is missing."""

import pytest

from kubectl_marianne.doctor_remarks import (
    KINDS,
    Remark,
    as_lines,
    on_conductor,
    on_instruments,
    on_kinds,
    on_rights,
    on_storage,
    rights,
)
from kubectl_marianne.lines import plain
from kubectl_marianne.palette import ASCII, FANCY
from marianne_client.conductor import ConductorStatus

RUNNING = ConductorStatus(7, 60.0, 2, 3, 50.0, "1.0", "pod")


def test_each_missing_right_is_named() -> None:
    wanted = rights("band", "marianne-system", "marianne-operator")
    told = on_rights([(right, right.verb != "create") for right in wanted])
    assert [(each.level, each.told) for each in told[1:]] == [
        ("missing", "no right to create mariannejobs.marianne.dev in namespace band: run"),
        ("warning", "no right to create pods in namespace band: files"),
    ]
    assert told[0] == Remark("ok", "rights", f"{len(wanted) - 2} of {len(wanted)}")


def test_a_right_is_asked_for_as_the_api_server_knows_it() -> None:
    wanted = {str(right): right.attributes for right in rights("band", "system", "lease")}
    assert wanted["get pods/log in namespace band"] == {
        "verb": "get",
        "resource": "pods",
        "subresource": "log",
        "namespace": "band",
    }
    assert wanted["get leases.coordination.k8s.io lease in namespace system"]["name"] == "lease"


@pytest.mark.parametrize(
    ("remark", "level", "told"),
    [
        (on_kinds(KINDS), "ok", "mariannejobs"),
        (on_kinds(("mariannejobs",)), "missing", "instruments, clusterinstruments: install"),
        (on_kinds(None), "missing", "mariannejobs"),
        (on_conductor(RUNNING, "1.0"), "ok", "v1.0, 2 running, 3 active"),
        (on_conductor(RUNNING, "2.0"), "warning", "this program is v2.0"),
        (on_conductor("not running in x", "1.0"), "missing", "not running in x"),
        (on_conductor("unknown: no right to read its Lease", "1.0"), "warning", "no right"),
        (on_storage(None), "warning", "unknown"),
        (on_storage([]), "warning", "no default StorageClass"),
        (on_storage([{"metadata": {"name": "fast"}}]), "warning", "no default StorageClass"),
        (
            on_storage(
                [{"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}]
            ),
            "ok",
            "fast",
        ),
    ],
)
def test_what_is_said(remark: Remark, level: str, told: str) -> None:
    assert remark.level == level
    assert told in remark.told


def test_instruments_without_an_image_are_named() -> None:
    shell = {"profile": {"cli": {"command": {"executable": "bash"}}}}
    specs = {"codex": {"profile": {"cli": {"command": {"executable": "codex"}}}}, "own": {"image": "x"}, "cli": shell}
    specs["served"] = {"profile": {"kind": "http"}}
    found = [{"metadata": {"name": name}, "spec": spec} for name, spec in specs.items()]
    assert [(each.level, each.told) for each in on_instruments(found)] == [
        ("ok", "cli, own, served"),
        ("warning", "without an image: codex"),
    ]
    assert [each.level for each in on_instruments(found[:1])] == ["missing", "warning"]
    assert on_instruments(None)[0].level == "warning"


def test_the_level_is_a_word_everywhere() -> None:
    remarks = [Remark("ok", "a", "b"), Remark("missing", "c", "d")]
    assert [plain(line) for line in as_lines(remarks, ASCII)] == ["ok       a  b", "missing  c  d"]
    assert [plain(line).split() for line in as_lines(remarks, FANCY)] == [
        ["✓", "ok", "a", "b"],
        ["✗", "missing", "c", "d"],
    ]
