"""Evidence of the scene rung made by hand: depth maps with sky, and predictions whose error is known."""

import zlib

import numpy as np

from gnomon.core.runs import Evidence, Runs
from gnomon.spec.cards import Knob, Variable, WorldCard

SHAPE, UNITS = (8, 10), 12
TURNED = {"shift+2": "size", "shift+4": "size", "shift+2 light": "light", "shift+4 light": "light"}
DISTANCES = {label: (int(label[6]) - 1) / 2 for label in TURNED}
ERROR = 0.02  # relative, of a perfect model and of the floor


def scene_card() -> WorldCard:
    """What the made world says of itself."""
    shape, dims = SHAPE, ("y", "x")
    grey = Variable(name="grey", units="1", shape=shape, dims=dims, scale=0.2, obs_error=0.01)
    depth = Variable(name="depth", units="m", shape=shape, dims=dims, scale=5.0, obs_error=0.01, hidden=True)
    knobs = tuple(
        Knob(name=name, default=1.0, low=0.5, high=1.5, units="1", meaning=f"the {name}")
        for name in ("size", "light")
    )
    return WorldCard(
        name="synthetic_scene", rung="scene", summary="depth maps made by hand", dt=1.0, time_units="frame",
        variables=(grey, depth), knobs=knobs, timescale=1.0, spinup=1.0, exponents=1, references=(), history=1,
    )  # fmt: skip


def synthetic_scene(
    role: str,
    *,
    turned: bool = False,
    null: str = "",
    fault: float = 0.0,
    units: int = UNITS,
    diverged: tuple[int, ...] = (),
) -> Evidence:
    """One role's depth maps.

    Args:
        role: "truth", "floor", "subject" or "null".
        turned: what the trial `shift` runs, instead of a forecast.
        null: which rule the role "null" follows; every one is one map for all.
        fault: of a subject: everything is so much too far.
        units: scenes.
        diverged: units that are lost.
    """
    labels = ("control", *TURNED) if turned else ("forecast",)
    runs = {label: _run(label, role, fault, units, diverged) for label in labels}
    design = {"turned": TURNED, "distances": DISTANCES} if turned else {"horizon": 10.0, "threshold": 0.4}
    return Evidence(card=scene_card(), runs=runs, design=design, fit={})


def _run(label: str, role: str, fault: float, units: int, diverged: tuple[int, ...]) -> Runs:
    depth = _scenes(label, units)
    if role == "null":
        depth = np.broadcast_to(_scenes(label, UNITS).mean(axis=0), depth.shape).copy()
    elif role != "truth":
        rng = np.random.default_rng(zlib.crc32(f"{label} {role}".encode()))
        depth = depth * np.exp(ERROR * rng.standard_normal(depth.shape)) * (1 + fault)
    runs = runs_of_maps(label, depth[:, None], diverged)
    return runs._replace(obs={"grey": np.zeros_like(runs.obs["depth"]), **runs.obs})


def runs_of_maps(label: str, depth: np.ndarray, diverged: tuple[int, ...]) -> Runs:
    """Runs of one step that show maps [unit, member, y, x] of depth; `diverged` units are lost."""
    lost = np.full(depth.shape[:2], -1)
    depth = depth[:, :, None].astype(np.float32)
    for unit in diverged:
        depth[unit], lost[unit] = np.nan, 0
    depth.flags.writeable = False
    return Runs(
        label=label, obs={"depth": depth}, time=np.ones(1), forcing={}, diverged=lost, exponents=None, initial={},
        cost={},
    )  # fmt: skip


def _scenes(label: str, units: int) -> np.ndarray:
    """[unit, y, x] metres, with two rows of sky."""
    rng = np.random.default_rng(zlib.crc32(label.encode()))
    level = np.exp(rng.normal(1.0, 0.5, (units, 1, 1)))
    slope = np.linspace(3.0, 0.5, SHAPE[0])[:, None] * np.exp(0.3 * rng.standard_normal((units, *SHAPE)))
    depth = level * slope
    depth[:, :2] = 0.0
    return depth
