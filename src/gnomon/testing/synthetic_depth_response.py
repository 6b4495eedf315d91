"""Evidence of `response` on the scene rung made by hand: pairs of depth maps whose change is known pixel by pixel."""

import zlib

import numpy as np

from gnomon.core.runs import Evidence, Runs
from gnomon.testing.synthetic_scene import runs_of_maps, scene_card

SHAPE, UNITS = (8, 10), 16
PAIRS = {"size 0.5 to 1.5": ("amp-3 size", "amp+3 size"), "light 0.5 to 1.5": ("amp-3 light", "amp+3 light")}
CHANGE = 0.4  # of ln depth from the first picture of the size to the second, in the mean
ERROR = 0.02  # of ln depth, of a perfect model and of the floor


def synthetic_depth_response(
    role: str, *, null: str = "", fault: float = 0.0, units: int = UNITS, diverged: tuple[int, ...] = ()
) -> Evidence:
    """One role's maps of the same scenes, the size of things (depth changes) and the light (it does not) at two ends.

    Args:
        role: "truth", "floor", "subject" or "null".
        null: which rule the role "null" follows; there is one: every picture at the defaults, so that nothing changes.
        fault: of a subject: it follows so much less of the size, and so much of `CHANGE` answers to the light.
        units: scenes.
        diverged: units that are lost.
    """
    runs = {label: _run(label, role, fault, units, diverged) for labels in PAIRS.values() for label in labels}
    return Evidence(card=scene_card(), runs=runs, design={"pairs": PAIRS}, fit={})


def _run(label: str, role: str, fault: float, units: int, diverged: tuple[int, ...]) -> Runs:
    rng = np.random.default_rng(zlib.crc32(b"scenes"))
    middle = rng.normal(1.5, 0.5, (UNITS, 1, 1)) + 0.2 * rng.standard_normal((UNITS, *SHAPE))
    change = rng.normal(CHANGE, 0.1, (UNITS, *SHAPE))
    sky = np.zeros((units, *SHAPE), bool)
    sky[::2, :3] = True  # every other scene is a street
    side = (0.5 if "+3" in label else -0.5) * (role != "null")
    follows = (1 - fault) if "size" in label else fault
    logs = (middle + side * follows * change)[:units]
    if role in ("floor", "subject"):
        noise = np.random.default_rng(zlib.crc32(f"{label} {role}".encode()))
        logs = logs + ERROR * noise.standard_normal((UNITS, *SHAPE))[:units]
    return runs_of_maps(label, np.where(sky, 0.0, np.exp(logs))[:, None], diverged)
