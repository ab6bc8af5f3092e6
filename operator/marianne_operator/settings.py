"""What the chart decides: a YAML file for all jobs, and the environment for this process.

Unknown keys are refused: a value that was misspelt in the chart must not look as if it worked.
"""

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from marianne_operator.model.spec import ClaimTemplate
from marianne_operator.plan.observation import Settings

SETTINGS_FILE: Final = Path("/etc/marianne/settings.yaml")


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


class Ceilings(_Part):
    """What `sheetTemplate` may name; null allows all, an empty list none."""

    service_account_names: list[str] | None = None
    priority_class_names: list[str] | None = None
    runtime_class_names: list[str] | None = None


class Sheets(_Part):
    """Defaults of every sheet's Pod."""

    resources: dict[str, Any] = {}
    start_deadline_seconds: float = Field(default=900.0, gt=0)
    termination_grace_period_seconds: int = Field(default=30, ge=1)


class Runner(_Part):
    """The image that a shell instrument runs in, and its pull policy for all sheets."""

    image: str = Field(min_length=1)
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    inject: bool = False


class Log(_Part):
    """`console` is for people at a terminal."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class SettingsFile(_Part):
    """`settings.yaml`."""

    runner: Runner
    workspace: ClaimTemplate = ClaimTemplate()
    sheets: Sheets = Sheets()
    ceilings: Ceilings = Ceilings()
    watch_namespaces: list[str] = []
    log: Log = Log()

    def for_plan(self) -> Settings:
        """What decisions need of it."""
        return Settings(
            runner_image=self.runner.image,
            image_pull_policy=self.runner.pull_policy,
            inject_runner=self.runner.inject,
            workspace=self.workspace,
            resources=self.sheets.resources,
            start_deadline_seconds=self.sheets.start_deadline_seconds,
            termination_grace_seconds=self.sheets.termination_grace_period_seconds,
            allowed_service_accounts=_tuple(self.ceilings.service_account_names),
            allowed_priority_classes=_tuple(self.ceilings.priority_class_names),
            allowed_runtime_classes=_tuple(self.ceilings.runtime_class_names),
        )


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """Who and where this process is."""

    settings_file: Path
    namespace: str
    holder: str
    port: int
    lease_name: str = "marianne-operator"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "ProcessSettings":
        """`MARIANNE_SETTINGS`, `MARIANNE_NAMESPACE`, `MARIANNE_PORT`, `POD_UID`: the chart sets them."""
        return cls(
            settings_file=Path(environment.get("MARIANNE_SETTINGS", SETTINGS_FILE)),
            namespace=environment.get("MARIANNE_NAMESPACE", "default"),
            holder=environment.get("POD_UID") or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}",
            port=int(environment.get("MARIANNE_PORT", "8080")),
        )


def read_settings(path: Path) -> SettingsFile:
    """Raises `OSError`, `yaml.YAMLError`, `pydantic.ValidationError`: the process does not start on half a truth."""
    return SettingsFile.model_validate(yaml.load(path.read_text(), yaml.CSafeLoader) or {})


def _tuple(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
