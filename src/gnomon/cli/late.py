"""Reach the engine by name, only when a command runs.

The command line must answer in a blink and must not depend on JAX, even indirectly; so what lies above `spec` is
named by a string and imported inside the command that needs it.
"""

import importlib
from typing import Any


def late(target: str) -> Any:
    """The attribute behind "package.module:attribute"."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)
