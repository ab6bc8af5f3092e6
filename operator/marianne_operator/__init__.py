"""The conductor: watches MarianneJobs, decides, and acts. Layers: watch > control > plan > score > model."""
