"""Credentials that a CLI may print, blotted out before anything of it is kept or shown."""

import re
from collections.abc import Iterable
from typing import Final

SHORTEST: Final = 8
"""Bytes of a line of a credential that is worth hiding: less stands in too many a text."""
HIDDEN: Final = b"[REDACTED_CREDENTIAL]"

_PATTERNS: Final = (
    ((b"sk-ant-",), rb"sk-ant-[A-Za-z0-9_-]{10,}", b"[REDACTED_ANTHROPIC_KEY]"),
    ((b"sk-",), rb"sk-proj-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{40,}", b"[REDACTED_OPENAI_KEY]"),
    ((b"AIzaSy",), rb"AIzaSy[A-Za-z0-9_-]{20,}", b"[REDACTED_GOOGLE_KEY]"),
    ((b"AKIA",), rb"AKIA[A-Z0-9]{12,}", b"[REDACTED_AWS_KEY]"),
    (
        (b"ghp_", b"gho_", b"ghs_", b"ghu_", b"github_pat_"),
        rb"gh[posu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",
        b"[REDACTED_GITHUB_TOKEN]",
    ),
    ((b"xox", b"xapp-"), rb"(?:xox[bpas]|xapp)-[A-Za-z0-9-]{10,}", b"[REDACTED_SLACK_TOKEN]"),
    ((b"hf_",), rb"hf_[A-Za-z0-9]{20,}", b"[REDACTED_HF_TOKEN]"),
    ((b"Bearer ",), rb"Bearer [A-Za-z0-9._~+/=-]{20,}", b"Bearer [REDACTED_BEARER_TOKEN]"),
)
"""What must be in a text for the expression to be worth trying, the expression, what stands in its place."""


_credentials: list[bytes] = []
"""Of this process, which has one instrument; the longest first, since one may begin as another does."""


def hide(credentials: Iterable[str]) -> None:
    """From now on these are blotted out, whatever they look like."""
    lines = (line.strip().encode(errors="surrogateescape") for each in credentials for line in each.splitlines())
    _credentials[:] = sorted({*_credentials, *(line for line in lines if len(line) >= SHORTEST)}, key=len, reverse=True)


def redact(text: bytes) -> bytes:
    """The text without what is a credential, or looks like one."""
    for credential in _credentials:
        text = text.replace(credential, HIDDEN)
    for hints, pattern, replacement in _PATTERNS:
        if any(hint in text for hint in hints):
            text = re.sub(pattern, replacement, text)
    return text
