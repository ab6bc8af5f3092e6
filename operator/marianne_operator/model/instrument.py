"""`Instrument` and `ClusterInstrument`: a CLI, or a model's server, wrapped as a resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from marianne_operator.model.base import Resource, Time
from marianne_operator.model.spec import KeyRef


class Credential(Resource):
    """An environment variable of the sheet's container, from a Secret that the kubelet resolves, never the operator."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]
    secret_key_ref: KeyRef


class Price(Resource):
    """Dollars for a million tokens of this model; without a name, of every model that has no price of its own."""

    model: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    input_per_million: Annotated[float, Field(ge=0, le=1e6)]
    output_per_million: Annotated[float, Field(ge=0, le=1e6)]


class InstrumentSpec(Resource):
    """`profile` has Marianne's own field names; `image` empty may mean the runner's image."""

    image: Annotated[str, Field(max_length=512)] = ""
    profile: dict[str, Any]
    credentials: Annotated[list[Credential], Field(max_length=16)] = []
    prices: Annotated[list[Price], Field(max_length=64)] = []
    credential_group: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    timeout_seconds: Annotated[int, Field(ge=1)] | None = None

    def limited_with(self, name: str) -> str:
        """What it shares a provider's limit with, within a namespace: those of its credentials, else itself alone."""
        if self.credential_group is not None:
            return f"group/{self.credential_group}"
        if self.credentials:
            return f"secret/{self.credentials[0].secret_key_ref.name}"
        return f"instrument/{name}"

    @property
    def needs_no_image(self) -> bool:
        """A shell is in the runner's image, and a server is asked by the runner itself."""
        return self.profile.get("kind") == "http" or self.is_shell

    @property
    def is_shell(self) -> bool:
        """It does what the sheet says: how it ends tells of the sheet alone."""
        command = (self.profile.get("cli") or {}).get("command") or {}
        return command.get("executable") in ("bash", "sh")


class InstrumentStatus(Resource):
    """What an Instrument is held up by."""

    limited_until: Time | None = None


class NamespaceLimit(Resource):
    """The limit that the jobs of one namespace wait for."""

    namespace: Annotated[str, Field(max_length=63)]
    until: Time


class ClusterInstrumentStatus(Resource):
    """As `InstrumentStatus`, in each namespace that plays the ClusterInstrument."""

    limits: Annotated[list[NamespaceLimit], Field(max_length=200)] = []


@dataclass(frozen=True, slots=True)
class InstrumentView:
    """An instrument as a namespace sees it: its own object, else the cluster's of that name."""

    name: str
    spec: InstrumentSpec

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """From the API's object."""
        return cls(body["metadata"]["name"], InstrumentSpec.model_validate(body["spec"]))
