"""What every part of a score has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Unknown keys are refused: a misspelt field must not pass for a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Number = Annotated[int, Field(ge=1)]
"""Of a sheet, a stage, an item: counted from 1."""
Seconds = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(gt=0, le=100)]
Filled = Annotated[str, Field(min_length=1)]
