"""Beats while we work, and dies where somebody fenced us."""

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from marianne_runner.marks import AttemptFolder


class Heart:
    """A thread: it beats every `period` seconds and reads the fence at each beat.

    Fenced, it stops everything at once: what another Pod has taken over must not be written to by us any more.
    """

    def __init__(self, folder: AttemptFolder, period: float, fenced: Callable[[], None]) -> None:
        self._folder, self._period, self._fenced = folder, period, fenced
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._folder.beat(os.getpid())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        count = os.getpid()
        while not self._over.wait(self._period):
            count += 1
            try:
                self._folder.beat(count)
            except OSError:  # a full or vanished disk: others will take us for gone, and fence us
                continue
            if self._folder.fenced:
                self._fenced()
