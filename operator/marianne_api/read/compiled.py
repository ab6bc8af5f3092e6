"""What a graph needs of a compiled score, checked: whoever may write the job's ConfigMap may write anything there."""

from typing import Any

from pydantic import BaseModel


class _Sheet(BaseModel):
    num: int
    stage: int
    instance: int
    fan_count: int
    needs: list[int]
    performer: int


class _Performer(BaseModel):
    instrument: str


class _Compiled(BaseModel):
    sheets: list[_Sheet]
    performers: list[_Performer]
    dependencies_declared: bool
    stage_names: dict[str, str] | None = None
    descriptions: dict[str, str] | None = None


def read_compiled(text: str) -> dict[str, Any]:
    """`marianne_runner.contract.CompiledScore` in part; raises `ValueError`."""
    found = _Compiled.model_validate_json(text)
    if not all(0 <= sheet.performer < len(found.performers) for sheet in found.sheets):
        raise ValueError("a sheet has no performer")
    return found.model_dump()
