"""Recompute what the cards of the worlds claim: `python -m validation [world ...] [--quick] [--setups] [--csv FILE]`.

`--write` puts the facts beside the worlds.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

import jax
import msgspec

from gnomon.spec.registry import load
from validation.table import keep, show

WORLDS = (
    "lorenz63",
    "lorenz96",
    "two_scale_lorenz96",
    "random_network",
    "deep_hebbian",
    "kuramoto_sivashinsky",
    "burgers",
    "korteweg_de_vries",
    "navier_stokes",
    "two_layer",
    "shallow_water",
    "gray_scott",
    "speedy",
    "held_suarez",
)


def main() -> int:
    """Print one table a world; the exit status counts the rows that fail."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("world", nargs="*", default=list(WORLDS), help=f"of {', '.join(WORLDS)}")
    parser.add_argument("--quick", action="store_true", help="shorter runs, about a minute in all")
    parser.add_argument(
        "--write", action="store_true", help="write the facts beside the worlds (full runs only)"
    )
    parser.add_argument(
        "--setups",
        action="store_true",
        help="instead, scales and exponents of set-ups without facts, of worlds that have such",
    )
    parser.add_argument("--csv", type=Path, help="file for the tables; its rows of other worlds stay")
    options = parser.parse_args()
    unknown = [name for name in options.world if name not in WORLDS]
    if unknown:
        parser.error(f"no validation for {', '.join(unknown)}; there are: {', '.join(WORLDS)}")
    if options.setups and options.write:
        parser.error("--write is for facts, which other set-ups have none of")
    if options.quick and options.write:
        parser.error("--write needs the full runs: facts from a quick look have no place on a card")
    failed = 0
    for name in options.world:
        start = time.perf_counter()
        with jax.enable_x64(True):
            module = importlib.import_module(f"validation.{name}")
            if options.setups:
                rows, facts = (module.setups(options.quick) if hasattr(module, "setups") else []), []
            else:
                rows, facts = module.validate(options.quick)
        show(name, rows, time.perf_counter() - start)
        if options.csv and rows:
            keep(
                options.csv,
                [
                    {"world": f"{name}, other set-ups" if options.setups else name} | row._asdict()
                    for row in rows
                ],
            )
        failed += sum(not row.passed for row in rows)
        if options.write:
            path = Path(sys.modules[load("worlds", name).__module__].__file__ or "").with_suffix(".json")
            path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")
            print(f"wrote {len(facts)} facts to {path.name}")
    print(f"{failed} rows fail" if failed else "all rows hold")
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main())
