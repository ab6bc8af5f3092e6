"""What keeps one sheet from starting though it is its turn; each gate opens by itself, or says who opens it."""

from marianne_operator.model.names import instrument_object_name
from marianne_operator.model.status import SheetStatus, Waiting
from marianne_operator.plan.breaker import failing
from marianne_operator.plan.draft import Draft
from marianne_operator.plan.limits import limited


def held_up(draft: Draft, sheet: SheetStatus, instrument: str) -> Waiting | None:
    """The first gate that is shut for this sheet, played by that instrument."""
    if (why := unavailable(draft, instrument)) is not None:
        return draft.waiting(sheet.waiting, *why)
    if draft.validates_only:
        return None
    return limited(draft, sheet, instrument) or failing(draft, sheet, instrument)


def unavailable(draft: Draft, name: str) -> tuple[str, str] | None:
    """Why this instrument cannot be played, as (reason, message); it heals when the object is applied or mended."""
    wanted = instrument_object_name(name)
    instrument = draft.seen.instruments.get(wanted)
    if instrument is None:
        return "InstrumentNotFound", f"instrument {name!r}: no Instrument or ClusterInstrument named {wanted!r}"
    if not image_of(draft, wanted):
        return "InstrumentImageUnset", f"instrument {wanted!r} names no image: set spec.image"
    return None


def image_of(draft: Draft, name: str) -> str:
    """The instrument's image, or the runner's; empty where it is still to be set."""
    spec = draft.seen.instruments[name].spec
    return spec.image or (draft.seen.settings.runner_image if spec.needs_no_image else "")
