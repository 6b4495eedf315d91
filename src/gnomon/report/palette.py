"""Colours, chosen once: by role in figures, by fidelity in the ladder, in a light and a dark scheme.

Fidelity runs from orange (no better than ignorance) through a pale middle to blue (like the truth): a pair that every
common form of colour blindness keeps apart. Colour is never alone: a number and a mark stand beside it.
"""

from typing import Literal

Scheme = Literal["light", "dark"]

STEPS = 11  # shades between fidelity 0 and 1

_ENDS: dict[Scheme, tuple[str, str, str]] = {
    "light": ("#f0a25c", "#f4f1ea", "#6fa9dd"),
    "dark": ("#9a5416", "#2c3036", "#2268a8"),
}

ROLES: dict[Scheme, dict[str, tuple[str, ...]]] = {
    "light": {
        "subject": ("#0b62b0", "#5aa0dc", "#0a8f8f", "#7a6fc9", "#b0437c"),
        "truth": ("#16191d", "#5b6470", "#8d96a3"),
        "floor": ("#7d8590", "#a3abb5", "#bcc3cb"),
        "null": ("#b06a1f", "#c98f55", "#dcb48a"),
    },
    "dark": {
        "subject": ("#6cb4f5", "#a9d3fa", "#4fd1c5", "#b3a9f2", "#f08fc0"),
        "truth": ("#f2f4f7", "#b4bcc8", "#8a93a0"),
        "floor": ("#9aa3af", "#7c8591", "#626b76"),
        "null": ("#e0a15c", "#c58745", "#a8723a"),
    },
}

SURFACE: dict[Scheme, dict[str, str]] = {
    "light": {"ink": "#16191d", "soft": "#59616c", "line": "#e3e6ea", "paper": "#ffffff"},
    "dark": {"ink": "#eef1f4", "soft": "#a5aeb9", "line": "#343a42", "paper": "#15181c"},
}

MAPS: dict[
    Scheme, dict[str, tuple[str, ...]]
] = {  # colours of maps from low to high; diverging ones part at the middle
    "light": {
        "warmth": ("#0b3c78", "#2f7fc1", "#9cc9e8", "#f6f5f1", "#f6b48a", "#d6604d", "#861a1c"),
        "water": ("#5e3a06", "#b07a2a", "#e4c98f", "#f6f5f1", "#9fd6cd", "#2f9088", "#0b4a45"),
        "amount": ("#fbf7dc", "#c9e3b6", "#7cc5bb", "#3c96bd", "#2b62a4", "#1b2f6b"),
    },
    "dark": {
        "warmth": ("#a6dbff", "#4a9be0", "#22527f", "#1d2126", "#7a3420", "#dd6a44", "#ffc0a0"),
        "water": ("#f4d096", "#b98533", "#5f4012", "#1d2126", "#0f5450", "#2a9d92", "#a4ecdf"),
        "amount": ("#1a2138", "#24497b", "#2a7ba0", "#46ab9f", "#9ed39a", "#f4f0b4"),
    },
}

DASHES: dict[str, tuple[int, ...]] = {"subject": (1, 0), "truth": (1, 0), "floor": (6, 4), "null": (2, 3)}


def step_of(fidelity: float) -> int:
    """Which of the shades a fidelity gets; everything below 0 or above 1 takes the end."""
    return round(min(max(fidelity, 0.0), 1.0) * (STEPS - 1))


def shade(step: int, scheme: Scheme) -> str:
    """The colour of one shade."""
    low, middle, high = _ENDS[scheme]
    part = step / (STEPS - 1)
    return _mix(low, middle, part * 2) if part <= 0.5 else _mix(middle, high, part * 2 - 1)


def role_colour(role: str, index: int, scheme: Scheme) -> str:
    """The colour of the index-th series of a role."""
    colours = ROLES[scheme].get(role, ROLES[scheme]["subject"])
    return colours[index % len(colours)]


def ramp(hue: str, count: int, scheme: Scheme, soft: float = 0.0) -> list[str]:
    """So many colours from low to high, evenly spaced; `soft` is the share of paper mixed in."""
    anchors = MAPS[scheme][hue]
    colours = []
    for i in range(count):
        place = (i / (count - 1) if count > 1 else 0.5) * (len(anchors) - 1)
        at = min(int(place), len(anchors) - 2)
        colours.append(_mix(_mix(anchors[at], anchors[at + 1], place - at), SURFACE[scheme]["paper"], soft))
    return colours


def _mix(a: str, b: str, part: float) -> str:
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(x + (y - x) * part):02x}" for x, y in pairs)
