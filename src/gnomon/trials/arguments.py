"""What every trial asks of its own arguments."""

import math
from collections.abc import Mapping

from gnomon.spec.errors import BadSpec


def check_arguments(
    trial: str,
    *,
    counts: Mapping[str, tuple[int, int]],
    above_zero: Mapping[str, float],
    from_zero: Mapping[str, float] | None = None,
) -> None:
    """Refuse numbers with which no experiment can be made.

    Args:
        trial: its name, for the message.
        counts: argument -> (its value, the least it may be).
        above_zero: argument -> its value, finite and above 0.
        from_zero: argument -> its value, finite and at least 0.
    """
    for name, (value, least) in counts.items():
        if value < least:
            raise BadSpec(f"trial {trial!r}: {name} must be at least {least}, got {value}; raise it")
    for name, value in above_zero.items():
        if not (math.isfinite(value) and value > 0):
            raise BadSpec(
                f"trial {trial!r}: {name} must be finite and above 0, got {value:g}; leave it out for its default"
            )
    for name, value in (from_zero or {}).items():
        if not (math.isfinite(value) and value >= 0):
            raise BadSpec(
                f"trial {trial!r}: {name} must be finite and not below 0, got {value:g}; leave it out for its default"
            )
