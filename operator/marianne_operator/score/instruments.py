"""Which instrument performs a sheet, and with what configuration (semantics §4.5, design §6)."""

from typing import Any, Literal

from marianne_operator.score import backend
from marianne_operator.score.expansion import Place
from marianne_operator.score.fields import Score
from marianne_runner.contract import Performer


def performer(score: Score, place: Place) -> Performer:
    """Name after aliases, merged configuration, model, time-out; each later word wins."""
    name, source = _name(score, place)
    of_movement, of_backend = source != "sheet", source == "backend"
    movement = score.movements.get(place.stage)
    alias = score.instruments.get(name)
    config: dict[str, Any] = (backend.configuration(score) if of_backend else {}) | score.instrument_config
    if movement is not None and of_movement:
        config |= movement.instrument_config
    if alias is not None:
        config |= alias.config
    config |= score.sheet.per_sheet_instrument_config.get(place.num, {})
    config |= backend.override(score, place.num) if of_backend else {}
    made = Performer(instrument=alias.profile if alias is not None else name)
    if config:
        made["config"] = config
    if isinstance(config.get("model"), str):
        made["model"] = config["model"]
    if (timeout := _timeout(score, place, config)) is not None:
        made["timeout_seconds"] = timeout
    return made


def fallbacks(score: Score, place: Place, first: Performer) -> list[Performer]:
    """Who plays when `first` cannot, in order and each once: the sheet's own words, its movement's, or the score's.

    The configuration of another instrument is not theirs, least of all its model: they have the score's and their
    alias's. The time that the sheet may take stays.
    """
    movement = score.movements.get(place.stage)
    names = score.sheet.per_sheet_fallbacks.get(place.num)
    if names is None:
        names = (movement.instrument_fallbacks if movement is not None else []) or score.instrument_fallbacks
    chain = [first]
    for name in names:
        made = _fallback(score, name, first)
        if made not in chain:
            chain.append(made)
    return chain[1:]


def _fallback(score: Score, name: str, first: Performer) -> Performer:
    alias = score.instruments.get(name)
    config = {key: value for key, value in score.instrument_config.items() if key != "model"}
    config |= alias.config if alias is not None else {}
    made = Performer(instrument=alias.profile if alias is not None else name)
    if config:
        made["config"] = config
    if isinstance(config.get("model"), str):
        made["model"] = config["model"]
    if (timeout := _positive(alias.config if alias is not None else {}) or first.get("timeout_seconds")) is not None:
        made["timeout_seconds"] = timeout
    return made


def _name(score: Score, place: Place) -> tuple[str, Literal["sheet", "movement", "score", "backend"]]:
    """The name as written, and where: a movement's own configuration does not go with a sheet's instrument."""
    sheet = score.sheet
    if place.num in sheet.per_sheet_instruments:
        return sheet.per_sheet_instruments[place.num], "sheet"
    for name, numbers in sheet.instrument_map.items():
        if place.num in numbers:
            return name, "sheet"
    movement = score.movements.get(place.stage)
    if movement is not None and movement.instrument is not None:
        return movement.instrument, "movement"
    return (score.instrument, "score") if score.instrument else (score.backend.type, "backend")


def _timeout(score: Score, place: Place, config: dict[str, Any]) -> float | None:
    """None: the instrument's own, or the profile's, decides."""
    block = score.backend
    override = block.sheet_overrides.get(place.num)
    if override is not None and override.timeout_seconds is not None:
        return override.timeout_seconds
    if place.num in block.timeout_overrides:
        return block.timeout_overrides[place.num]
    if (given := _positive(config)) is not None:
        return given
    return block.timeout_seconds if "timeout_seconds" in block.model_fields_set else None


def _positive(config: dict[str, Any]) -> float | None:
    """What a configuration says of the time, if that is one."""
    given = config.get("timeout_seconds")
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) and given > 0 else None
