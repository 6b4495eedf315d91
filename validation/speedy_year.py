"""SPEEDY at T21 through a year, +4 K on open sea: `python -m validation.speedy_year`.

The protocol of the research note's figures: the annual cycle of the sea from January on, 360 days, the last 270 kept,
sea surface warmed by 4 K, land fixed. The note says "ocean only" and not whether the sea under ice counts, so both are
run. Two trajectories each. Noise is what the two differ by, thirty days by thirty days; the note has one trajectory and
as much noise as one of ours. A figure is reproduced if it lies within twice the standard error of the difference.
"""

import argparse
import sys
import time

import jax
import numpy as np

from gnomon.worlds.sphere.speedy import Speedy
from validation.speedy import globally, run
from validation.table import Row, reported, show, within

LANES, ADJUST, KEPT, MONTH = 2, 90, 270, 30
NOTE = "research note, one trajectory"
PROFILE = {
    850: 4.11,
    700: 4.0,
    500: 5.4,
    250: None,
    100: 2.6,
}  # the note's levels next to these, all of the tropics


def noise(blocks: np.ndarray) -> float:
    """Standard error of one trajectory's mean, from [lane, block] by what two trajectories differ by in each block."""
    apart = (blocks[0] - blocks[1]) / np.sqrt(2)
    return float(np.sqrt(np.mean(apart**2) / blocks.shape[1]))


def row(name: str, blocks: np.ndarray, target: float | None) -> Row:
    """Mean of both trajectories against the note's, or alone."""
    one = noise(blocks)
    mean, own = float(blocks.mean()), one / np.sqrt(LANES)
    if target is None:
        return reported(name, mean, own)
    return within(name, mean, own, target, 2 * float(np.hypot(own, one)), NOTE)


def main() -> int:
    """Run, print; the exit status is 0 if the note is reproduced with one choice of cells."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    began = time.perf_counter()
    control = year("ocean", 0.0)
    failed = []
    for warmed in ("ocean", "ocean_and_ice"):
        rows = compared(control, year(warmed, 4.0))
        show(f"speedy, a year, {warmed.replace('_', ' ')} warmed", rows, time.perf_counter() - began)
        failed.append(sum(not r.passed for r in rows))
    return min(failed)


def year(warmed: str, warming: float) -> dict[str, np.ndarray]:
    """Daily means [lane, day, lat, lon] of what is compared."""
    with jax.enable_x64(False):
        world = Speedy(calendar="annual", warmed=warmed)
        start = jax.vmap(lambda k: world.init(key=k))(jax.random.split(jax.random.key(1), LANES))
        settled, _, _ = run(world, start, ADJUST, warming=warming)
        _, _, means = run(world, settled, KEPT, warming=warming)
    return {k: v for k, v in means.items() if k in ("tas", "pr") or k.startswith("ta")}


def compared(control: dict[str, np.ndarray], warm: dict[str, np.ndarray]) -> list[Row]:
    """All figures."""
    world = Speedy(calendar="annual")
    grid = world.card.grid
    assert grid is not None
    tropics = np.abs(np.asarray(grid.lat)) < 20

    def blocks(days: np.ndarray) -> np.ndarray:
        """[lane, block] means of 30 days of [lane, day]."""
        return days.reshape(LANES, KEPT // MONTH, MONTH).mean(-1)

    near = blocks(globally(world, warm["tas"] - control["tas"]))
    rain, before = (blocks(globally(world, c["pr"])) for c in (warm, control))
    rows = [
        row("warming near the ground for +4 K (K)", near, 3.95),
        row("rain, % per K", 100 * (rain - before) / before.mean() / near.mean(), 3.29),
    ]
    for p, target in PROFILE.items():
        change = (warm[f"ta{p}"] - control[f"ta{p}"])[:, :, tropics].mean((-1, -2))
        beside = "" if target is None else f", the note's next level {target:g}"
        rows.append(row(f"warming of the tropics at {p} hPa (K){beside}", blocks(change), None))
    return rows


if __name__ == "__main__":
    sys.exit(main())
