"""What every resource model has in common: camelCase outside, frozen inside."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Resource(BaseModel):
    """A part of a custom resource. Unknown fields are kept: a newer version's survive an older operator's PUT."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="allow")
