"""Which instrument performs a sheet, and with what configuration (semantics §4.5, design §6)."""

from typing import Any

from marianne_operator.score.expansion import Place
from marianne_operator.score.fields import Score
from marianne_runner.contract import Performer


def performer(score: Score, place: Place) -> Performer:
    """Name after aliases, merged configuration, model, time-out; each later word wins."""
    name, of_movement = _name(score, place)
    movement = score.movements.get(place.stage)
    alias = score.instruments.get(name)
    config: dict[str, Any] = dict(score.instrument_config)
    if movement is not None and of_movement:
        config |= movement.instrument_config
    if alias is not None:
        config |= alias.config
    config |= score.sheet.per_sheet_instrument_config.get(place.num, {})
    made = Performer(instrument=alias.profile if alias is not None else name)
    if config:
        made["config"] = config
    if isinstance(config.get("model"), str):
        made["model"] = config["model"]
    if (timeout := _timeout(score, place, config)) is not None:
        made["timeout_seconds"] = timeout
    return made


def _name(score: Score, place: Place) -> tuple[str, bool]:
    """The name as written, and whether the movement's own configuration goes with it."""
    sheet = score.sheet
    if place.num in sheet.per_sheet_instruments:
        return sheet.per_sheet_instruments[place.num], False
    for name, numbers in sheet.instrument_map.items():
        if place.num in numbers:
            return name, False
    movement = score.movements.get(place.stage)
    if movement is not None and movement.instrument is not None:
        return movement.instrument, True
    return score.instrument or score.backend.type, True


def _timeout(score: Score, place: Place, config: dict[str, Any]) -> float | None:
    """None: the instrument's own, or the profile's, decides."""
    backend = score.backend
    override = backend.sheet_overrides.get(place.num)
    if override is not None and override.timeout_seconds is not None:
        return override.timeout_seconds
    if place.num in backend.timeout_overrides:
        return backend.timeout_overrides[place.num]
    given = config.get("timeout_seconds")
    if isinstance(given, int | float) and not isinstance(given, bool) and given > 0:
        return float(given)
    return backend.timeout_seconds if "timeout_seconds" in backend.model_fields_set else None
