"""Where a number came from: versions, hardware, source revision."""

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

import gnomon


@functools.cache
def provenance() -> dict[str, str]:
    """What ran, on what; looked up once a process."""
    found = {
        "gnomon": gnomon.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count() or 0),
    }
    for package in ("jax", "jaxlib", "numpy", "scipy", "equinox", "optax"):
        found[package] = importlib.metadata.version(package)
    revision = _revision()
    if revision:
        found["revision"] = revision
    if "jax" in sys.modules:
        import jax

        device = jax.devices()[0]
        found["device"] = f"{device.platform}: {device.device_kind}"
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _revision() -> str:
    """The commit of a source checkout, with "+changes" where files differ from it; empty for an installed package."""
    root = Path(gnomon.__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        head = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"],
            capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip
        dirty = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"],
            capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return head + ("+changes" if dirty else "")
