"""Text of unknown origin made harmless for a terminal: names, messages and what a container printed.

A terminal obeys control characters: they move the cursor over what was said before, set the window's title, or have it
answer as if somebody typed. Characters that turn the direction of writing show something else than what stands there.
"""

import re
from typing import Final

_STRING: Final = r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x9c|\x1b\\)?"
"""OSC, DCS, SOS, PM, APC: up to their end, or the line's."""
_CONTROL: Final = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
"""CSI: cursor, colours, modes."""
_ESCAPE: Final = r"\x1b[ -/]*[0-~]?"
_LONE: Final = r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
"""C0 but for the tab, C1, and what turns the direction of writing breaks a line, or cannot be encoded."""
_HARMFUL: Final = re.compile(f"{_STRING}|{_CONTROL}|{_ESCAPE}|{_LONE}")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]*m")
RESET: Final = "\x1b[0m"


def visible(text: str, *, colours: bool = False) -> str:
    """One line of only what a terminal shows; with `colours`, colours stay, and are ended with the text."""
    if text.isprintable():
        return text
    shown = _HARMFUL.sub(lambda found: found[0] if colours and _COLOUR.fullmatch(found[0]) else "", text)
    return shown + RESET if "\x1b" in shown else shown
