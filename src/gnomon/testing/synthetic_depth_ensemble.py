"""Evidence of `trust` on the scene rung made by hand: ensembles of depth maps whose spread is known pixel by pixel."""

import zlib

import numpy as np

from gnomon.core.runs import Evidence, Runs
from gnomon.testing.synthetic_scene import runs_of_maps, scene_card

SHAPE, UNITS, MEMBERS = (12, 16), 24, 5
TURNED = {"shift+2": "size", "shift+2 light": "light"}


def synthetic_depth_ensemble(
    role: str,
    *,
    null: str = "",
    fault: float = 0.0,
    units: int = UNITS,
    members: int = MEMBERS,
    diverged: tuple[int, ...] = (),
) -> Evidence:
    """One role's ensembles, at the default knobs and with two of them turned.

    Every pixel has a middle and a spread of ln depth; truth and members are drawn from it independently, so that a
    subject without fault cannot be told from the truth. All members of the truth are the truth.

    Args:
        role: "truth", "floor", "subject" or "null".
        null: which rule the role "null" follows; there is one: whole maps of other scenes, sky as 0 metres.
        fault: of a subject: ln depth is so many true spreads too far, and the told spread is s^(1 - 2 fault): above
            0.5 it is the least sure where it errs the least.
        units: scenes.
        members: of each ensemble.
        diverged: units that are lost.
    """
    labels = ("ensemble", *TURNED)
    runs = {label: _run(label, role, fault, units, members, diverged) for label in labels}
    design = {"horizon": 8.0, "turned": TURNED, "distances": dict.fromkeys(TURNED, 0.5)}
    return Evidence(card=scene_card(), runs=runs, design=design, fit={})


def _run(label: str, role: str, fault: float, units: int, members: int, diverged: tuple[int, ...]) -> Runs:
    middle, spread, sky, truth = _scenes(label, units)
    rng = np.random.default_rng(zlib.crc32(f"{label} {role}".encode()))
    if role == "truth":
        depth = np.repeat(truth[:, None], members, axis=1)
    elif role == "null":
        every = _scenes(label, UNITS)[3]
        depth = every[rng.integers(UNITS, size=(units, members))]
    else:
        told = spread ** (1 - 2 * fault)
        noise = rng.standard_normal((units, members, *SHAPE))
        depth = np.exp((middle + fault * spread)[:, None] + told[:, None] * noise)
        depth = np.where(sky[:, None], 0.0, depth)
    return runs_of_maps(label, depth, diverged)


def _scenes(label: str, units: int) -> tuple[np.ndarray, ...]:
    """[unit, y, x] middle and spread of ln depth, where sky is, and the true depth, 0 in the sky."""
    rng = np.random.default_rng(zlib.crc32(label.encode()))
    level = rng.normal(1.5, 0.5, (units, 1, 1))
    middle = level + np.linspace(1.0, -1.0, SHAPE[0])[:, None] + 0.2 * rng.standard_normal((units, *SHAPE))
    spread = np.exp(rng.uniform(np.log(0.02), np.log(0.5), (units, *SHAPE)))
    sky = np.zeros((units, *SHAPE), bool)
    sky[::2, :3] = True  # every other scene is a street
    truth = np.exp(middle + spread * rng.standard_normal((units, *SHAPE)))
    return middle, spread, sky, np.where(sky, 0.0, truth)
