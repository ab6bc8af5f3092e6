"""What the HTTP API and the command line share: one identity's hands on MarianneJobs, and how a job reads.

It adds nothing to what stands in the objects, and has no rights but those of whoever calls.
"""
