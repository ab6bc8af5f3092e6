"""The conductor: watches MarianneJobs, decides, and acts. Layers: watch > control > plan > score > model."""

__version__ = "0.1.0"
"""The one place of the version: the package's metadata is made from it, and an image holds no metadata."""

from typing import Final

VERSION: Final = "0.1.0"
"""Read by packaging too: an image holds the packages, and no metadata of a distribution."""
