"""The mounts of a sheet's container as a folder: what `MARIANNE_ROOT` points the real runner at.

A claim is one folder that its Pods share. A mount is a symbolic link; one inside another mount (the mask over the
ledger of a user's own claim) only hides, and is left out.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.simulated_kubelet.account import mount_token, mounts_token, server
from tests.simulated_kubelet.api import Api, ApiError
from tests.simulated_kubelet.script import Body
from tests.simulated_kubelet.statuses import MAIN

ANNOTATION: Final = re.compile(r"metadata\.(annotations|labels)\['(.+)'\]")


class MountError(Exception):
    """A volume's source is not there (yet); the message is the kubelet's."""


class ConfigError(Exception):
    """The container's environment names something that is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Folders:
    """`claims`: one folder for each claim, kept. `pods`: one for each Pod."""

    claims: Path
    pods: Path

    def claim(self, namespace: str, name: str) -> Path:
        """What is in a claim."""
        return self.claims / namespace / name

    def volume(self, pod: Body, name: str) -> Path:
        """A volume of this Pod alone."""
        return self.pods / f"{pod['metadata']['uid']}-volumes" / name

    def root(self, pod: Body) -> Path:
        """The root of a Pod's file system."""
        return self.pods / str(pod["metadata"]["uid"])


async def lay_out(api: Api, pod: Body, folders: Folders) -> Path:
    """The root with every mount in place; raises `MountError`."""
    root = folders.root(pod)
    (root / "dev").mkdir(parents=True, exist_ok=True)
    (root / "dev/termination-log").touch()
    sources = {each["name"]: await _source(api, pod, each, folders) for each in pod["spec"].get("volumes") or ()}
    for mount in sorted(main_container(pod).get("volumeMounts") or (), key=lambda each: len(each["mountPath"])):
        source = sources[mount["name"]] / mount.get("subPath", "")
        source.mkdir(parents=True, exist_ok=True)
        target = root / mount["mountPath"].lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent.resolve().is_relative_to(root.resolve()) and not target.exists():
            target.symlink_to(source)
    if mounts_token(pod):
        await mount_token(api, pod, root)
    (root / "workspace").mkdir(exist_ok=True)  # the image's own, where nothing is mounted
    return root


async def environment(api: Api, pod: Body) -> dict[str, str]:
    """The variables of the sheet's container; raises `ConfigError`."""
    namespace, variables = pod["metadata"]["namespace"], server(api)
    for each in main_container(pod).get("env") or ():
        variables[each["name"]] = each.get("value") or await _variable(api, pod, namespace, each.get("valueFrom") or {})
    return variables


def main_container(pod: Body) -> Body:
    """The sheet's own."""
    containers = pod["spec"]["containers"]
    found: Body = next((each for each in containers if each["name"] == MAIN), containers[0])
    return found


async def _variable(api: Api, pod: Body, namespace: str, source: Mapping[str, Any]) -> str:
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    for key, resource in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
        if key in source:
            data = await _data(api, namespace, resource, source[key]["name"], ConfigError)
            if source[key]["key"] not in data:
                raise ConfigError(
                    f"couldn't find key {source[key]['key']} in {resource} {namespace}/{source[key]['name']}"
                )
            return data[source[key]["key"]].decode()
    return ""


async def _source(api: Api, pod: Body, volume: Mapping[str, Any], folders: Folders) -> Path:
    namespace = pod["metadata"]["namespace"]
    if "persistentVolumeClaim" in volume:
        name = volume["persistentVolumeClaim"]["claimName"]
        await _read(api, f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}", MountError)
        return folders.claim(namespace, name)
    folder = folders.volume(pod, volume["name"])
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in (await _files(api, pod, volume)).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


async def _files(api: Api, pod: Body, volume: Mapping[str, Any]) -> dict[str, bytes]:
    namespace = pod["metadata"]["namespace"]
    if "downwardAPI" in volume:
        items = volume["downwardAPI"]["items"]
        return {each["path"]: _field(pod, each["fieldRef"]["fieldPath"]).encode() for each in items}
    if "projected" in volume:
        parts = [await _files(api, pod, each) for each in volume["projected"]["sources"]]
        return {path: content for part in parts for path, content in part.items()}
    for key, resource in (("configMap", "configmaps"), ("secret", "secrets")):
        if key in volume:
            source = volume[key]
            name = source.get("name") or source["secretName"]
            data = await _data(api, namespace, resource, name, MountError)
            items = source.get("items") or [{"key": name, "path": name} for name in data]
            return {each["path"]: data[each["key"]] for each in items}
    return {}


async def _data(api: Api, namespace: str, resource: str, name: str, error: type[Exception]) -> dict[str, bytes]:
    found = await _read(api, f"/api/v1/namespaces/{namespace}/{resource}/{name}", error)
    data = found.get("data") or {}
    if resource == "secrets":
        return {key: base64.b64decode(value) for key, value in data.items()}
    return {key: value.encode() for key, value in data.items()}


async def _read(api: Api, path: str, error: type[Exception]) -> Body:
    try:
        return await api.get(path)
    except ApiError as refused:
        if refused.code != 404:
            raise
        resource, name = path.rsplit("/", 2)[1:]
        raise error(f'{resource.removesuffix("s")} "{name}" not found') from refused


def _field(pod: Body, path: str) -> str:
    if (keyed := ANNOTATION.fullmatch(path)) is not None:
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    return str(pod["metadata"][path.removeprefix("metadata.")])
