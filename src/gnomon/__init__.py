"""Gnomon tests learned simulators of the physical world, rung by rung.

In a notebook:

    import gnomon
    result = gnomon.test(my_step, world="lorenz63")
    result

Nothing heavy is loaded until a verb is used: `import gnomon` starts no backend.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_VERBS = {  # name -> where it lives; looked up on first use
    "test": "gnomon.engine.notebook:test",
    "run": "gnomon.engine.notebook:run",
    "ladder": "gnomon.engine.notebook:ladder",
    "compare": "gnomon.engine.notebook:compare",
    "write_report": "gnomon.engine.notebook:write_report",
    "Declaration": "gnomon.adapters.declaration:Declaration",
    "GnomonError": "gnomon.spec.errors:GnomonError",
}


def __getattr__(name: str) -> Any:
    if name not in _VERBS:
        raise AttributeError(f"module 'gnomon' has no attribute {name!r}; it has: {', '.join(__dir__())}")
    module, _, attribute = _VERBS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(["__version__", *_VERBS])
