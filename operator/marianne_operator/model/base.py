"""What every resource model has in common: camelCase outside, frozen inside."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Time = Annotated[str, Field(max_length=40)]
Text = Annotated[str, Field(max_length=1024)]
Tail = Annotated[str, Field(max_length=400)]


class Resource(BaseModel):
    """A part of a custom resource. Unknown fields are kept: a newer version's survive an older operator's PUT."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="allow")
