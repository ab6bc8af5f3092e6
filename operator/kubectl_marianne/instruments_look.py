"""What the instruments of a cluster are, and what each lacks, as far as the user may know."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubectl_marianne.fetch import FORBIDDEN, NOT_FOUND, selection
from kubectl_marianne.output import complain
from kubectl_marianne.session import Session
from marianne_client import paths
from marianne_client.errors import ApiError
from marianne_operator.model.instrument import InstrumentSpec
from marianne_operator.model.names import instrument_object_name

Body = dict[str, Any]
Secret = tuple[str, str]
"""Namespace and name."""
VERSION: Final = "marianne.dev/v1alpha1"


@dataclass(frozen=True, slots=True)
class Listed:
    """One object. `namespace` is empty for the cluster's; `secrets_of` is where its Secrets are looked for."""

    body: Body
    namespace: str
    secrets_of: str

    @property
    def name(self) -> str:
        """The object's."""
        return str(self.body["metadata"]["name"])

    @property
    def reference(self) -> str:
        """As kubectl takes it."""
        return f"{self.body['kind'].lower()}.marianne.dev/{self.name}"

    @property
    def spec(self) -> InstrumentSpec:
        """As the operator reads it."""
        return InstrumentSpec.model_validate(self.body["spec"])

    @property
    def limited(self) -> bool:
        """A provider's limit holds it here, or will have to be tried again."""
        status = self.body.get("status") or {}
        limits = status.get("limits") or ()
        return bool(status.get("limitedUntil")) or any(each["namespace"] == self.secrets_of for each in limits)

    @property
    def secrets(self) -> list[Secret]:
        """Each once."""
        names = [each.secret_key_ref.name for each in self.spec.credentials]
        return [(self.secrets_of, name) for name in dict.fromkeys(names)]


@dataclass(frozen=True, slots=True)
class Found:
    """An instrument and its state, in a word."""

    listed: Listed
    state: str


async def instruments(opened: Session, name: str | None) -> list[Listed]:
    """The namespace's own, then the cluster's. Kinds that may not be listed are left out, and that is said."""
    own, cluster = f"{paths.GROUP}/instruments", paths.instruments()
    if opened.scope is not None:
        own = paths.instruments(opened.scope)
    kinds = [("Instrument", own), ("ClusterInstrument", cluster)]
    pages = await asyncio.gather(*(_items(opened, kind, path) for kind, path in kinds), return_exceptions=True)
    found: list[Body] = []
    refusals: list[ApiError] = []
    for page in pages:
        if isinstance(page, ApiError) and page.status == FORBIDDEN:
            refusals.append(page)
        elif isinstance(page, BaseException):
            raise page
        else:
            found += page
    if len(refusals) == len(kinds):
        raise refusals[0]
    for refusal in refusals:
        complain(f"warning: {refusal.message}")
    every = [_listed(body, opened.namespace) for body in found]
    wanted = None if name is None else instrument_object_name(name)
    return [each for each in every if wanted in (None, each.name)]


async def _items(opened: Session, kind: str, path: str) -> list[Body]:
    items = (await opened.connection.get(path, **selection(opened.options)))["items"]
    return [{"apiVersion": VERSION, "kind": kind, **item} for item in items]


def _listed(body: Body, here: str) -> Listed:
    namespace = body["metadata"].get("namespace") or ""
    return Listed(body, namespace, namespace or here)


async def found_instruments(opened: Session, listed: Sequence[Listed]) -> list[Found]:
    """With the state of each. A Secret's values are not read, only whether it is there."""
    wanted = list(dict.fromkeys(secret for each in listed for secret in each.secrets))
    there = dict(zip(wanted, await asyncio.gather(*(_is_there(opened, each) for each in wanted)), strict=True))
    own = {each.name for each in listed if each.namespace == opened.namespace}
    return [Found(each, state(each, there, own)) for each in listed]


def state(instrument: Listed, there: Mapping[Secret, bool | None], own: Iterable[str]) -> str:
    """What keeps it from being played here. `there`: None where that may not be known; `own`: the namespace's names."""
    if not instrument.namespace and instrument.name in own:
        return "overridden"
    spec = instrument.spec
    if not spec.image and not spec.needs_no_image:
        return "image unset"
    told = [there[secret] for secret in instrument.secrets]
    if False in told:
        return "secret missing"
    if instrument.limited:
        return "limited"
    return "secret unknown" if None in told else "ready"


async def _is_there(opened: Session, secret: Secret) -> bool | None:
    """Asked for as a table, which has no values in it."""
    try:
        await opened.connection.table(paths.namespaced(secret[0], "secrets", secret[1]))
    except ApiError as error:
        if error.status == NOT_FOUND:
            return False
        if error.status == FORBIDDEN:
            return None
        raise
    return True
