"""`sheet`: how work is cut into sheets, and what is said per sheet (semantics §4.2-4.4)."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from marianne_operator.score.fields.base import Filled, Number, Part


class InjectionItem(Part):
    """A file, or the files of a directory, put into the prompt."""

    file: str | None = None
    directory: str | None = None
    as_: Annotated[Literal["context", "skill", "tool"], Field(alias="as")]

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.directory is None):
            raise ValueError("write exactly one of file and directory")
        return self


class SkipWhenCommand(Part):
    """A command whose success skips the sheet."""

    command: str
    description: str | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class SheetConfig(Part):
    """Maps without another word use concrete sheet numbers; `dependencies`, `fan_out` and skips use stages."""

    size: Number = Field(description="Items per sheet.")
    total_items: Number = Field(description="Items in all; with fan_out, the number of stages.")
    start_item: Number = Field(default=1, description="The first item.")
    descriptions: dict[int, str] = Field(default={}, description="What a sheet is about, for people.")
    dependencies: dict[int, list[int]] = Field(
        default={}, description="What a stage waits for; one not listed starts at once."
    )
    spec_tags: dict[int, list[str]] = {}
    skip_when: dict[int, str] = {}
    prompt_extensions: dict[int, list[str]] = {}
    prelude: list[InjectionItem] = []
    cadenzas: dict[int, list[InjectionItem]] = {}
    skip_when_command: dict[int, SkipWhenCommand] = {}
    fan_out: dict[int, int] = Field(default={}, description="How many instances of a stage there are.")
    fan_out_stage_map: dict[int, dict[str, int]] | None = None
    per_sheet_instruments: dict[int, Filled] = Field(
        default={}, description="Who performs a sheet; comes before all else."
    )
    per_sheet_instrument_config: dict[int, dict[str, Any]] = {}
    per_sheet_fallbacks: dict[int, list[str]] = {}
    instrument_map: dict[str, list[int]] = Field(default={}, description="The sheets that an instrument performs.")
    total_sheets: int | None = Field(default=None, description="Accepted and ignored: it is computed.")

    @model_validator(mode="after")
    def _items(self) -> Self:
        if self.start_item > self.total_items:
            raise ValueError(f"start_item {self.start_item} is beyond total_items {self.total_items}")
        return self

    @model_validator(mode="after")
    def _fan_out(self) -> Self:
        if self.fan_out and (self.size != 1 or self.start_item != 1):
            raise ValueError("fan_out needs size: 1 and start_item: 1")
        for stage, count in self.fan_out.items():
            if not 1 <= stage <= self.total_items or count < 1:
                raise ValueError(f"fan_out {stage}: {count} needs a stage of 1..{self.total_items} and a count >= 1")
        return self

    @field_validator("per_sheet_instruments", "per_sheet_instrument_config", "per_sheet_fallbacks")
    @classmethod
    def _sheets_from_one(cls, by_sheet: dict[int, Any]) -> dict[int, Any]:
        if bad := [number for number in by_sheet if number < 1]:
            raise ValueError(f"sheet numbers start at 1, not {bad[0]}")
        return by_sheet

    @field_validator("instrument_map")
    @classmethod
    def _each_sheet_once(cls, by_instrument: dict[str, list[int]]) -> dict[str, list[int]]:
        given = [number for numbers in by_instrument.values() for number in numbers]
        if any(number < 1 for number in given) or len(given) != len(set(given)):
            raise ValueError("each sheet number, from 1, may appear once")
        return by_instrument
