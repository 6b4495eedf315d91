"""Numbers and outcomes as a person would write them."""

from gnomon.spec.results import Estimate

MINUS = "\N{MINUS SIGN}"
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

OUTCOMES = {
    "diverged": "diverged",
    "failed": "failed",
    "timeout": "out of time",
    "memory": "out of memory",
    "unsupported": "unsupported",
    "no_room": "no room",
    "ok": "no score",
}


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits with a true minus sign and powers of ten."""
    if value is None:
        return "unknown"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text.replace("-", MINUS)
    head, _, power = text.partition("e")
    return f"{head} × 10{str(int(power)).translate(_RAISED)}".replace("-", MINUS)


def fidelity(value: float) -> str:
    """Two decimals; far outside the scale, none."""
    text = f"{round(value, 2) + 0.0:.2f}" if abs(value) < 9.995 else f"{value:.0f}"  # + 0.0: never "-0.00"
    return text.replace("-", MINUS)


def quoted(estimate: Estimate | None, units: str = "") -> str:
    """A number with its units and interval, or the reason why there is none."""
    if estimate is None:
        return ""
    if estimate.value is None:
        return estimate.reason or "unknown"
    unit = "" if units in ("", "1") else f" {units}"
    if estimate.low is None or estimate.high is None:
        return f"{number(estimate.value)}{unit}"
    return f"{number(estimate.value)}{unit} ({number(estimate.low)} to {number(estimate.high)})"


def fidelity_quoted(estimate: Estimate | None) -> str:
    """A fidelity with its interval, or nothing."""
    if estimate is None or estimate.value is None:
        return ""
    if estimate.low is None or estimate.high is None:
        return fidelity(estimate.value)
    return f"{fidelity(estimate.value)} ({fidelity(estimate.low)} to {fidelity(estimate.high)})"


def plainly(value: object) -> str:
    """Plain data in one line: dictionaries as `a = 1, b = 2`, numbers short."""
    if isinstance(value, dict):
        return ", ".join(f"{k} = {_nested(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return (" to " if _is_range(value) else ", ").join(map(_nested, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return number(value) if isinstance(value, float) else str(value)


def _nested(value: object) -> str:
    return f"({plainly(value)})" if isinstance(value, dict) else plainly(value)


def _is_range(value: list | tuple) -> bool:
    return len(value) == 2 and all(isinstance(v, float) for v in value)
