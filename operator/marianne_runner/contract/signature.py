"""The job's key: with it the runner signs what it says and what it leaves behind; no agent can (decision 023).

The operator makes the key when the job begins, keeps it in `status.nonce`, and hands it to the runner alone.
"""

import hmac
from typing import Final

KEY_VARIABLE: Final = "MARIANNE_LEDGER_KEY"
"""In the Pod's environment; the runner takes it out of its own before it starts anything."""
SIGNATURE_CHARACTERS: Final = 32
"""Of hexadecimal: 128 bits of HMAC-SHA256, more than anybody can try."""
PREFIX: Final = "s1:"
"""Of a termination message that is signed: `s1:<signature>:<message>`."""
ROOM: Final = len(PREFIX) + SIGNATURE_CHARACTERS + 1
"""Bytes that the signature takes of a termination message."""
_MESSAGE: Final = "message"


def signature(key: str, place: str, content: bytes) -> str:
    """Of this content in this place: what was signed elsewhere is worth nothing here."""
    return hmac.digest(key.encode(), place.encode() + b"\0" + content, "sha256").hex()[:SIGNATURE_CHARACTERS]


def is_signed(key: str, place: str, content: bytes, told: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(signature(key, place, content).encode(), told.encode("utf-8", "replace"))


def signed_message(key: str, message: bytes) -> bytes:
    """A termination message that only the holder of the key can have made."""
    return f"{PREFIX}{signature(key, _MESSAGE, message)}:".encode() + message


def parted(text: str) -> tuple[str, str]:
    """A termination message as (signature or "", the rest)."""
    text = text.strip()
    told, colon, message = text[len(PREFIX) :].partition(":")
    return (told, message) if text.startswith(PREFIX) and colon else ("", text)


def is_signed_message(key: str, text: str) -> bool:
    """Whether the holder of the key said it."""
    told, message = parted(text)
    return is_signed(key, _MESSAGE, message.encode("utf-8", "replace"), told)
