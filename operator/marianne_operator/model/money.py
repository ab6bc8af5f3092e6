"""Money: whole millionths of a dollar in the status, dollars for people."""


def dollars(micro: int) -> str:
    """Cents, or as many digits as a small sum needs."""
    return f"${micro / 1_000_000:.{2 if micro >= 1_000_000 else 4}f}"
