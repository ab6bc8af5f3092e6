"""The figures at `/metrics`, in a registry of our own: nothing of the process comes in by accident."""

from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from marianne_operator.model.status import SheetStatus

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One object per process; those who know a figure set it."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self.sheets = self._counter("marianne_sheets", "Sheets that reached a terminal state", ["state"])
        self.launch_gap = self._histogram(
            "marianne_launch_gap_seconds", "From a Pod seen to end until the next Pod of its job is created"
        )
        self.reconcile = self._histogram("marianne_reconcile_seconds", "One look at a job, writes included")
        self.api_requests = self._counter("marianne_api_requests", "Calls answered", ["verb", "resource", "code"])
        self.status_conflicts = self._counter("marianne_status_conflicts", "Plans dropped because the job moved on")
        self.failures = self._counter("marianne_reconcile_failures", "Looks that ended in an error", ["kind"])
        self._gauge("marianne_build", "1; the label names the version", ["version"]).labels(version).set(1)

    def observe(self, name: str, what: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks."""
        self._gauge(name, what).set_function(read)

    def count_request(self, verb: str, resource: str, code: int, _seconds: float) -> None:
        """One request to the API server; code 0 had no answer."""
        self.api_requests.labels(verb, resource, str(code)).inc()

    def count_sheets(self, before: Sequence[SheetStatus], after: Sequence[SheetStatus]) -> None:
        """What one status write ended: a finished sheet stays as it is, the very same object, until the next run."""
        for old, new in zip(before, after, strict=False):
            if new is not old and new.terminal:
                self.sheets.labels(new.state).inc()

    def launched(self, seconds_since_end: float | None) -> None:
        """A Pod was created; None if no Pod of its job ended before."""
        if seconds_since_end is not None:
            self.launch_gap.observe(seconds_since_end)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, what: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(name, what, buckets=SECONDS, registry=self.registry)
