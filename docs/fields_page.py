"""Writes docs/fields.md from docs/results/fields-*.csv; a table whose file is not there is said not to have been run.

make fields        # every command below, hours; then the page
make fields-page   # the page alone, from the files that exist
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from docs import fields_tables as tables
from docs import medida_tables, missing_terms
from docs.fields_tables import Row
from gnomon.spec.registry import build
from gnomon.store.files import write_atomic

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results", HERE / "fields.md"
WORLDS = (
    "kuramoto_sivashinsky", "burgers", "korteweg_de_vries", "navier_stokes", "two_layer", "shallow_water", "gray_scott",
)  # fmt: skip
TEXT = """# Fields: how fast, how true, and what learns them

Written by `make fields-page` from the tables in `docs/results/`; each is made by the command beside it, and all of
them by `make fields` (hours). A table that is missing was not run, and nothing on this page stands for it. Costs are
CPU seconds of one core.

The worlds are described on [the ladder](ladder.md), [rings](design/rings.md) and [planes](design/plane.md); the
learners under [operators](design/operators.md) and [closures](design/closures.md).

## Speed at the limit

A step over the bare transforms that it cannot do without, interleaved in one process. Aim: at most {least:g}, and
{spared:g} where transforms are spent on something else, as on an exact budget or a cubic product; at most {exponax:g}
times exponax, at least {pyqg:g} times as fast as pyqg-jax on two layers of 64^2.

{speed}

## The truth is true

| what is exact | where it is asked |
|---|---|
| Cole and Hopf's solution of Burgers' equation; orders of accuracy | `python -m validation burgers` |
| a soliton of Korteweg and de Vries | `python -m validation korteweg_de_vries` |
| exponents and energy budget of Kuramoto and Sivashinsky | `python -m validation kuramoto_sivashinsky` |
| Taylor and Green's vortex, a Rossby wave, energy, enstrophy, fourth order | `python -m validation navier_stokes` |
| what feeds and takes the energy of two layers; order | `python -m validation two_layer` |
| energy and mass of shallow water, its waves; order | `python -m validation shallow_water` |
| the budget of a dye to round-off; the noise's injection, jump by jump | `tests/worlds/test_plane_worlds.py` |
| kinetics, linear growth and budgets of Gray and Scott's reaction | `tests/worlds/test_gray_scott.py` |
| that injection in balance with drag and viscosity; scales; resolution | `python -m validation navier_stokes` |
| statistics of two layers within the range of pyqg-jax's own run | `python -m validation two_layer` |

Errors in brackets, and those after +- below, are one standard error.

{truths}

Where a truth starts from states that its grid does not resolve or its step cannot follow, the report of a study says so
beside the world's limits (`worlds.field.plane.health`, for rings `worlds.field.ring_health`). What else is refused by
name, input by input: `tests/worlds/test_field_bad_input.py`.

Other set-ups, whose cards call the Lyapunov time a guess:

{setups}

Leading exponents at the default knobs, from the cards; the command of each recomputes it.

{facts}

## Honest comparison

{operators}

## Published numbers

### The Fourier operator on Burgers' equation

{burgers}

### The latent spectral model against the Fourier operator

{latent}

### Missing terms of Kuramoto-Sivashinsky (MEDIDA)

The errors that the paper (Mojgani, Chattopadhyay and Hassanzadeh 2022, doi:10.1063/5.0091282) states for its cases were
in no text that could be had here, so none stands beside ours. What is judged is whether weights are within the errors
that are stated with them.

*Projected*: states and library on the waves that stand clear of the noise, of many pairs. *Analysed*: as the paper
does, an ensemble Kalman filter takes the noise out of the end of the step. *Clean end*: the same without noise there,
which is what a perfect filter would give.

{medida}

The same from fields that are seen at few points, without error; five of the models. Random Fourier features stand
beside least squares on waves; each is chosen by its own leave-one-out error. Only waves are looked at that stand
clear of what the interpolation is expected to have wrong; a way that has none stands in no row.

{sparse}

### Missing terms of two layers (MEDIDA)

Models of the world `two_layer` with drag, beta, shear or viscosity wrong, and two that must not be explained: a
deformation radius that is wrong, which is no sum of the library's terms, and a perfect model.

{layers}

Any world that has an imperfect twin is asked by the trial `cause`
([the missing term](design/cause.md#the-missing-term)). Twins with known mistakes, wrong forcings and the truth again,
as `gnomon run missing_term` prints them, weights in the units of the world, with what was planted beside them:

{missing_term}

### A curriculum in time for networks that obey an equation

{pinn}

### Singular points

Networks that obey an equation from its regular singular point on, and the speed of gas that falls onto a star through
that of sound, against exact values. *written*: the highest derivative alone in front, the plain method; *cleared*:
multiplied by the denominators; *adaptive*: cleared, with weights that grow where the residual stays large; *ansatz*:
the exponent factored out, or the critical point held with one of its two slopes ([operators](design/operators.md)).

{singular}

## Transfer: closures of eddies on jets

*None*: the coarse flow alone, the null. *Floor*: other runs of the truth. *Drift*: the truth's own last half against
its first; where that is not about nothing the truth was not spun up. *Energy above, below*: kinetic, of the layers;
*square*: of potential vorticity; *zonal share*: of the upper energy. Intervals are over pairs of runs.

{closures}

## What was not run

{missing}

## What is not built

* Closures with an agent at every point (SMARL); here a constant for the whole plane.
"""


BEYOND = (
    "* Closures in the published size, a truth on 256^2 points: options in `python -m validation.closures --help`.",
    "* The latent spectral model on the published set of 64^2 points, whose data are not made here.",
    "* Anything on a GPU: none was lent; times are of one CPU core.",
    "* The Fourier operator on Burgers' equation with other budgets than `--epochs 64:120 1024:4` (points:epochs), "
    "which is a laptop's; published are 500 epochs on all points.",
    "* What closures cost to fit and to run, and the finer flow of equal error beside them.",
    "* MEDIDA on two layers from noisy or from few observations.",
    "* MEDIDA on 1024 points; its cases here have 512 and 256.",
    "* MEDIDA against the errors that the paper states case by case, which were not at hand.",
)


class Section(NamedTuple):
    """A table of the page.

    Attributes:
        file: of the results, without its ending.
        command: that makes it, without `--csv`.
        minutes: of CPU, roughly.
        lines: of the page, from the rows.
    """

    file: str
    command: str
    minutes: int
    lines: Callable[[list[Row]], list[str]]


SECTIONS = {
    "truths": Section("fields-truth", f"python -m validation {' '.join(WORLDS)}", 60, tables.truths),
    "setups": Section(
        "fields-setups",
        "python -m validation navier_stokes two_layer shallow_water --setups",
        10,
        tables.setups,
    ),
    "rings": Section("fields-speed", "python benchmarks/field_speed.py", 2, tables.rings),
    "planes": Section("fields-speed-plane", "python benchmarks/field_speed_plane.py", 1, tables.planes),
    "operators": Section("fields-operators", "python benchmarks/field_operators.py", 11, tables.operators),
    "burgers": Section("fields-burgers", "python benchmarks/fno_burgers.py", 2, tables.burgers),
    "medida": Section("fields-medida", "python -m validation.medida", 1, medida_tables.medida),
    "sparse": Section(
        "fields-medida-sparse", "python -m validation.medida --sparse", 3, medida_tables.medida
    ),
    "layers": Section(
        "fields-medida-layers", "python -m validation.medida_two_layer", 3, medida_tables.layers
    ),
    "missing_term": Section(
        "fields-missing-term", "python -m docs.missing_terms --store results", 2, missing_terms.lines
    ),
    "pinn": Section("fields-pinn", "python benchmarks/pinn_curriculum.py", 3, tables.pinn),
    "singular": Section("fields-pinn-singular", "python benchmarks/pinn_singular.py", 1, tables.singular),
    "closures": Section("fields-closures", "python -m validation.closures", 5, tables.closures),
}


def main(folder: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the page."""
    text = text_of(folder)
    write_atomic(page, lambda file: file.write(text.encode()) and None)
    there = sum(read(folder, section) is not None for section in SECTIONS.values())
    print(f"wrote {page}: {there} of {len(SECTIONS)} tables")


def text_of(folder: Path) -> str:
    """The whole page."""
    told = {name: section_text(folder, section) for name, section in SECTIONS.items()}
    missing = [s for s in SECTIONS.values() if read(folder, s) is None]
    return TEXT.format(
        **{k: v for k, v in told.items() if k not in ("rings", "planes")},
        speed="\n\n".join([told["rings"], told["planes"]]),
        latent="\n".join(tables.latent(read(folder, SECTIONS["operators"]))),
        facts="\n".join(exponents()),
        missing="\n".join(
            [
                *(
                    f"* `{s.command}`: some {s.minutes} CPU minutes, a guess before it was run"
                    for s in missing
                ),
                *BEYOND,
            ]
        ),
        least=tables.LEAST,
        spared=tables.SPARED,
        exponax=tables.EXPONAX,
        pyqg=tables.PYQG,
    )


def section_text(folder: Path, section: Section) -> str:
    """The command, then its table or that there is none."""
    rows, made = read(folder, section), f"`{section.command} --csv docs/results/{section.file}.csv`"
    if rows is None:
        return f"Not run: {made}."
    return "\n".join(
        [
            f"{made}:",
            "",
            *section.lines(rows),
            "",
            f"All rows: [{section.file}.csv](results/{section.file}.csv).",
        ]
    )


def read(folder: Path, section: Section) -> list[Row] | None:
    """The rows of a table; None where it was not run."""
    path = folder / f"{section.file}.csv"
    if not path.exists():
        return None
    with path.open(newline="") as file:
        return list(csv.DictReader(file)) or None


def exponents() -> list[str]:
    """What the cards say of each world's leading exponent."""
    lines = ["| world | leading exponent | by |", "|---|---|---|"]
    for name in WORLDS:
        card = build("worlds", name).card
        fact, unit = (
            card.fact("leading_exponent"),
            {"1": "time unit", "d": "day"}.get(card.time_units, card.time_units),
        )
        told = f"{fact.value:.4g} +- {fact.error:.2g} per {unit}" if fact and fact.error else "unknown"
        lines.append(f"| `{name}` | {told} | `python -m validation {name}` |")
    return lines


if __name__ == "__main__":
    main()
