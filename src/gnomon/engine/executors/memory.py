"""How much memory another process holds."""

import os
import subprocess
from pathlib import Path

GIGABYTE = 1e9  # bytes


def resident_gb(pid: int) -> float | None:
    """Resident memory of a process in GB (10^9 bytes); None where it is gone or the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / GIGABYTE
    except (OSError, IndexError, ValueError):
        pass
    if Path("/proc/self/statm").exists() or os.name == "nt":
        return None
    asked = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(asked.stdout) * 1024 / GIGABYTE if asked.stdout.strip().isdigit() else None
