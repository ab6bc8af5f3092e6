"""`make cluster` a second time: what lives is left alone. Only for a cluster that was built in place."""

import time

import pytest

from dev.cluster import images, local


def test_up_is_idempotent_and_restarts_what_is_dead(kubectl_binary: object) -> None:
    cluster = local.LocalCluster()
    if not local.is_ours():
        pytest.fail("the cluster is not this checkout's; make cluster")
    lives = {program.name: program.pid() for program in cluster.programs()}
    cluster.node.proxy.stop()
    images.build()
    begun = time.monotonic()
    local.up()
    assert time.monotonic() - begun < 30
    again = {program.name: program.pid() for program in cluster.programs()}
    assert None not in again.values()
    assert {name for name in lives if lives[name] != again[name]} == {"kube-proxy"}
