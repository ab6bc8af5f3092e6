"""Wakes all who wait for the next change, and holds nothing for any of them."""

import asyncio


class Turn:
    """Take `next` before looking at what is there: then no change is missed between looking and waiting."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """Set when something has changed from now on."""
        return self._next

    def pass_on(self) -> None:
        """Something has changed."""
        self._next.set()
        self._next = asyncio.Event()
