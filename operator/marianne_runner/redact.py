"""Credentials that a CLI may print, blotted out before anything of it is kept or shown."""

import re
from typing import Final

_PATTERNS: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rb"sk-ant-[A-Za-z0-9_-]{10,}", b"[REDACTED_ANTHROPIC_KEY]"),
        (rb"sk-proj-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{40,}", b"[REDACTED_OPENAI_KEY]"),
        (rb"AIzaSy[A-Za-z0-9_-]{20,}", b"[REDACTED_GOOGLE_KEY]"),
        (rb"AKIA[A-Z0-9]{12,}", b"[REDACTED_AWS_KEY]"),
        (rb"(?:ghp|gho|ghs|ghu)_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}", b"[REDACTED_GITHUB_TOKEN]"),
        (rb"xox[bpas]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}", b"[REDACTED_SLACK_TOKEN]"),
        (rb"hf_[A-Za-z0-9]{20,}", b"[REDACTED_HF_TOKEN]"),
        (rb"Bearer [A-Za-z0-9._~+/=-]{20,}", b"Bearer [REDACTED_BEARER_TOKEN]"),
    )
)
_HINTS: Final = re.compile(rb"sk-|AIza|AKIA|gh[posu]_|github_pat_|xox|xapp-|hf_|Bearer ")


def redact(text: bytes) -> bytes:
    """The text without what looks like a credential."""
    if _HINTS.search(text) is None:
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
