"""The kubelet of our own, on a real API server, by what others see of it."""

import asyncio

from tests.apiserver.waiting import wait_for
from tests.simulated_kubelet.api import Api, Body, pods_path
from tests.simulated_kubelet.kubelet import SimulatedKubelet
from tests.simulated_kubelet.script import COMPLETES, NODE_LOST, VANISHES, Script, exits, stuck


async def add_pod(api: Api, namespace: str, name: str = "p", **spec: object) -> Body:
    container = {"name": "sheet", "image": "localhost/none:dev"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
    return await api.post(
        pods_path(namespace), {**body, "spec": {"containers": [container], "restartPolicy": "Never", **spec}}
    )


async def until(api: Api, namespace: str, phase: str, name: str = "p") -> Body:
    async def reached() -> Body | None:
        pod = await api.get(pods_path(namespace, name))
        return pod if pod["status"]["phase"] == phase else None

    return await wait_for(f"Pod {name} to be {phase}", reached)


async def until_gone(api: Api, namespace: str, uid: str) -> None:
    async def gone() -> bool:
        listing = await api.get(pods_path(namespace))
        return uid not in [each["metadata"]["uid"] for each in listing["items"]]

    await wait_for("the Pod to be gone", gone)


async def test_its_node_is_ready_and_holds_a_lease(api: Api, kubelet: SimulatedKubelet) -> None:
    node = await api.get(f"/api/v1/nodes/{kubelet.node.name}")
    ready = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
    assert ready["status"] == "True"
    lease = await api.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{kubelet.node.name}")
    assert lease["spec"]["holderIdentity"] == kubelet.node.name


async def test_it_binds_runs_and_ends_a_pod(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    kubelet.choose = lambda _pod: exits(3, "so it goes").lasting(0.3)
    await add_pod(api, namespace)
    running = await until(api, namespace, "Running")
    assert running["spec"]["nodeName"] == kubelet.node.name
    ended = await until(api, namespace, "Failed")
    state = ended["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (state["exitCode"], state["message"]) == (3, "so it goes")


async def test_quiet_it_says_only_the_end(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    kubelet.choose, kubelet.talkative = lambda _pod: exits(0), False
    watching = asyncio.create_task(versions_until_over(api, namespace))
    await add_pod(api, namespace)
    assert await asyncio.wait_for(watching, 20) <= 3, "its creation, its binding and its end"


async def versions_until_over(api: Api, namespace: str) -> int:
    """How often the one Pod changed, its creation included."""
    versions = set()
    async for event in api.watch(pods_path(namespace)):
        versions.add(event["object"]["metadata"]["resourceVersion"])
        if event["object"]["status"]["phase"] == "Succeeded":
            return len(versions)
    raise AssertionError("the watch ended")


async def test_a_pod_that_fits_nowhere_is_not_bound(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    await add_pod(api, namespace, nodeSelector={"disk": "golden"})

    async def refused() -> str:
        pod = await api.get(pods_path(namespace, "p"))
        conditions = pod["status"].get("conditions") or ()
        return next((each["reason"] for each in conditions if each["type"] == "PodScheduled"), "")

    assert await wait_for("the Pod to be refused", refused) == "Unschedulable"
    assert "nodeName" not in (await api.get(pods_path(namespace, "p")))["spec"]


async def until_deleted(api: Api, namespace: str) -> Body:
    """The Pod as it was last."""
    async for event in api.watch(pods_path(namespace)):
        if event["type"] == "DELETED":
            return event["object"]
    raise AssertionError("the watch ended")


async def test_a_deleted_pod_ends_then_goes(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    kubelet.choose = lambda _pod: COMPLETES.lasting(600)
    await add_pod(api, namespace, terminationGracePeriodSeconds=5)
    watching = asyncio.create_task(until_deleted(api, namespace))
    await until(api, namespace, "Running")
    await api.delete(pods_path(namespace, "p"))
    last = await asyncio.wait_for(watching, 20)
    terminated = last["status"]["containerStatuses"][0]["state"]["terminated"]
    assert terminated["exitCode"] == 143 and last["status"]["phase"] == "Failed"


async def test_one_that_never_started_goes_too(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    kubelet.choose = lambda _pod: stuck("ImagePullBackOff", "no such image")
    made = await add_pod(api, namespace)

    async def waits() -> str:
        statuses = (await api.get(pods_path(namespace, "p")))["status"].get("containerStatuses") or [{"state": {}}]
        return (statuses[0]["state"].get("waiting") or {}).get("reason", "")

    assert await wait_for("the Pod to wait", waits) == "ImagePullBackOff"
    await api.delete(pods_path(namespace, "p"))
    await until_gone(api, namespace, made["metadata"]["uid"])


async def test_one_that_vanishes(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    kubelet.choose = lambda _pod: VANISHES
    made = await add_pod(api, namespace)
    await until_gone(api, namespace, made["metadata"]["uid"])


async def test_a_lost_node_does_not_let_go(api: Api, namespace: str, kubelet: SimulatedKubelet) -> None:
    kubelet.choose = lambda pod: NODE_LOST if pod["metadata"]["name"] == "lost" else Script()
    await add_pod(api, namespace, "lost", terminationGracePeriodSeconds=1)
    lost = await until(api, namespace, "Failed", "lost")
    assert "running" in lost["status"]["containerStatuses"][0]["state"]
    await add_pod(api, namespace, "next")
    await until(api, namespace, "Succeeded", "next")
