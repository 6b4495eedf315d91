"""Compiled programs of this process, and the room that the system has for them.

Every program takes memory maps, of which Linux allows a process so many (`vm.max_map_count`, 65,530 unless changed).
A process that goes on compiling, as one that runs a study of hundreds of fits, ends there: the compiler finds no
memory, and the program dies by a signal that no handler of ours sees.
"""

import gc
from pathlib import Path

import jax

_MAPS = Path("/proc/self/maps")
_MOST = Path("/proc/sys/vm/max_map_count")
SHARE = (
    0.25  # of the maps that are allowed, since the task that begins will add its own before it is asked again
)


def make_room() -> bool:
    """Forget all compiled programs where they take more than their share; whether they were forgotten.

    What is still needed is compiled again. Elsewhere than on Linux nothing is known, and nothing is done.
    """
    try:
        held, most = _MAPS.read_bytes().count(b"\n"), int(_MOST.read_text())
    except (OSError, ValueError):
        return False
    if held <= SHARE * most:
        return False
    jax.clear_caches()
    gc.collect()
    return True
