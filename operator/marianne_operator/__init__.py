"""The conductor: watches MarianneJobs, decides, and acts. Layers: watch > control > plan > score > model."""

__version__ = "0.1.0"
"""The one place of the version: the package's metadata is made from it, and an image holds no metadata."""
