"""What is known about a world: the file of facts beside it, written by the commands in `validation/`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gnomon.spec.cards import Fact
from gnomon.spec.errors import BadSpec

UNMEASURED = (
    "The Lyapunov time of this set-up was not measured: the one given is a guess, and so are lengths in it."
)


def read_facts(module_file: str) -> tuple[Fact, ...]:
    """The facts in the JSON file of the same name as a world's module; none where the file does not exist."""
    path = Path(module_file).with_suffix(".json")
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Fact, ...])
    except msgspec.DecodeError as error:
        raise BadSpec(f"{path.name}: {error}; `python -m validation --write` makes it again") from None


def known_value(facts: tuple[Fact, ...], name: str, otherwise: float) -> float:
    """The value of the first fact of that name (the one at the default knobs)."""
    return next((f.value for f in facts if f.name == name), otherwise)


def facts_that_hold(
    facts: tuple[Fact, ...], given: Mapping[str, Any], standard: Mapping[str, Any]
) -> tuple[Fact, ...]:
    """All facts for the standard arguments, none for a world with other ones: its numbers are not known."""
    return facts if all(given[name] == standard[name] for name in standard) else ()


def checked_error(error: float) -> float:
    """An observation error in standard deviations; 0 is a world seen exactly, whose twin is the truth itself."""
    if not 0 <= error < 1:
        raise BadSpec(f"error must lie between 0 and 1 standard deviations, got {error}")
    return float(error)
