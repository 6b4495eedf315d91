"""How much memory this process holds, and its peak since a mark (Linux; elsewhere the peak of the whole life)."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def resident_mb() -> float:
    """Resident set size now, in MB."""
    return _status("VmRSS:")


def mark_peak() -> None:
    """Forget the peak so far, where the system can."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        pass  # not Linux, or not allowed: peak_mb then speaks of the whole life of the process


def peak_mb() -> float:
    """Peak resident set size since the last mark, in MB."""
    return _status("VmHWM:")


def _status(field: str) -> float:
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith(field):
                return float(line.split()[1]) / 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024
