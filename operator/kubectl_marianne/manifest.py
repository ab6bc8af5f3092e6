"""A MarianneJob as YAML that people keep in Git: the score stays the text that it is."""

from collections.abc import Mapping
from typing import Any

import yaml


def named(job: Mapping[str, Any]) -> dict[str, Any]:
    """With a name in the place of `generateName`, of which `kubectl apply` knows nothing."""
    metadata = dict(job["metadata"])
    prefix = metadata.pop("generateName", None)
    return {**job, "metadata": metadata if prefix is None else {"name": str(prefix).rstrip("-"), **metadata}}


def manifest(job: Mapping[str, Any], *, keep_namespace: bool) -> str:
    """For Git and for `kubectl apply`."""
    body = named(job)
    if not keep_namespace:
        body["metadata"] = {key: value for key, value in body["metadata"].items() if key != "namespace"}
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as literal blocks, where YAML can say them so."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
