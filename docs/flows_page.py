"""Writes docs/flows.md: a picture, the equation and the facts of every system, and where they differ from dysts.

python -m docs.flows_page [--pictures]
"""

import argparse
import json
import math
import re
import string
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import forcing_of
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import Fact
from gnomon.spec.catalogue import systems
from gnomon.spec.registry import build, load
from gnomon.worlds.flow.record import Record, records
from validation.catalogue.dysts import DIFFERENT, REGIME
from validation.catalogue.exceptions import EXCEPTIONS
from validation.catalogue.literature import PREFIX, TABLE, literature_rows, unconfirmed

HERE = Path(__file__).parent
FOLDER = HERE / "flows"
DYSTS = HERE.parent / "tests" / "oracles" / "dysts_reference.json"
POINTS, SIZE, TURNS = 900, 160, 30
GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi varphi psi omega "
    "Gamma Delta Omega Phi Psi".split()
)
LETTERS = "α β γ δ ε ε ζ η θ κ λ μ ν ξ ρ σ τ φ φ ψ ω Γ Δ Ω Φ Ψ".split()
TEXT = """# The catalogue of flows

{count} systems, one file each in `src/gnomon/worlds/flow/catalogue/`. Every number below is computed by
`python -m validation.catalogue --write` and carries its error over 48 orbits, 32 of a delay equation (a value
without digits behind it would pretend); this page is written by `python -m docs.flows_page`. How it is done,
and what a fact means where a system is conservative or jumps: [Flows](design/flows.md). Any system is a
world: `gnomon describe rossler`, `{{ kind = "rossler" }}` in a study.

λ₁ is the leading exponent (the Lyapunov time is its inverse), D_KY the Kaplan-Yorke dimension of the whole
spectrum, D₂ the correlation dimension, H and C permutation entropy and complexity of the first component. D₂
of phase-coherent flows (Roessler's kin), and wherever a fold makes the density singular, is too low by more
than its error (`benchmarks/estimators.py`). All facts, more of them and for other values of the knob:
`src/gnomon/worlds/flow/catalogue.json`.

## All systems

{table}

## Where dysts' stored values differ

dysts 0.95 stores one leading exponent a system, without an error. Of the {compared} systems whose right-hand
sides agree to twelve digits (`tests/oracles/test_dysts.py`) and whose exponent is known here to better than
10 %, its value lies within 10 % for {near}, is off by more than a factor 1.5 for {far} and by more than 2 for
{farther}. The equations are the same, so it is the stored estimate that differs. The largest differences:

{differences}

Equations that are ours on purpose:

{different}

The same equation at other standard parameters (with those of dysts orbits are periodic, come to rest or
escape): {regime}.

## Published numbers

{held} of {quoted} published exponents and dimensions lie within two standard errors and half of the last printed
digit (`python -m validation.catalogue --stored`); the others are marked, and explained below. The sources themselves
could not be opened. {confirmed} values were read in a work that quotes them; {lost} were found nowhere and are only
remembered: {unconfirmed}.

{published}

Read in: {read_in}.

## Checks that do not hold, and why

Every system is held to self-checks whenever its facts are computed: the sum of its exponents is the divergence,
one exponent of a flow is zero, an energy is kept, orbits settle, chaos lasts over the knob's range, published
numbers are met. These are known to fail; any other failure stops the command.

{exceptions}

## One by one

{sections}
"""


def main() -> None:
    """Write the page, and the pictures where they are missing or asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", action="store_true", help="draw all pictures anew")
    again = parser.parse_args().pictures
    FOLDER.mkdir(exist_ok=True)
    known = {name: record for name, record in records().items() if name in systems()}
    for name in known:
        if again or not (FOLDER / f"{name}.svg").exists():
            draw(name)
    compared, near, far, farther, worst = _against_dysts(known)
    text = TEXT.format(
        count=len(known),
        table="\n".join(_table(known)),
        compared=compared, near=near, far=far, farther=farther,
        differences="\n".join(worst),
        different="\n".join(f"* {system}: {why}" for system, why in DIFFERENT.items()),
        regime=", ".join(REGIME),
        **_published(known),
        exceptions="\n".join(
            f"* `{name}`, {check}: {why}" for name, checks in EXCEPTIONS.items() for check, why in checks.items()
        ),
        sections="\n\n".join(_section(name, record) for name, record in known.items()),
    )  # fmt: skip
    (HERE / "flows.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'flows.md'}: {len(known)} systems")


def draw(name: str) -> None:
    """An orbit in the plane of the first two observed quantities, or against its own past, as a small SVG."""
    with jax.enable_x64(True):
        world = build("worlds", name)
        path = _orbit(world)
    low, high = path.min(0), path.max(0)
    place = 6 + (SIZE - 12) * (path - low) / np.maximum(high - low, 1e-12)
    place[:, 1] = SIZE - place[:, 1]
    if world.card.dt == 1 and "Map" in type(world).__mro__[1].__name__:
        marks = "".join(f"M{x:.1f} {y:.1f}h.8" for x, y in place)
    else:
        marks = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in place)
    (FOLDER / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f'<path d="{marks}" fill="none" stroke="#0072b2" stroke-width=".6"/></svg>\n',
        encoding="utf-8",
    )


def _orbit(world: AbstractWorld[Any]) -> np.ndarray:
    card, fine = world.card, 1
    forcing = jax.tree.map(lambda x: x[0], forcing_of(card, (), 1))
    key = jax.random.key(0)

    @eqx.filter_jit
    def run(world: AbstractWorld[Any], state: Any) -> Any:
        def step(s: Any, i: Any) -> Any:
            s = world.step(s, forcing, time=i * card.dt, key=key)
            seen = world.observe(s)
            # of an angle its sine alone: against its own cosine it would draw a circle
            shown = [x for name, x in seen.items() if not (name.startswith("cos_") and len(seen) > 2)]
            return s, jnp.stack([jnp.ravel(x)[0] for x in shown])

        skip = math.ceil(card.spinup / card.dt)
        state = jax.lax.fori_loop(0, skip, lambda i, s: step(s, i)[0], state)
        return jax.lax.scan(step, state, jnp.arange(POINTS * fine))[1]

    seen = np.asarray(run(world, world.init(key=key)))
    if seen.shape[1] >= 2:
        return seen[:, :2]
    return np.stack([seen[8:, 0], seen[:-8, 0]], axis=1)


def _fact(record: Record, name: str) -> Fact | None:
    return next((f for f in record.facts if f.name == name and not f.at), None)


def _shown(fact: Fact | None) -> str:
    return "" if fact is None else _digits(fact.value, fact.error)


def _digits(value: float, error: float | None) -> str:
    """A value to the digit of its error, the error's two digits in brackets."""
    if not error:
        return f"{value:.4g}"
    digits = 1 - math.floor(math.log10(error))
    if digits <= 0:
        return f"{value:.0f}({error:.0f})"
    return f"{value:.{digits}f}({round(error * 10**digits)})"


def _table(known: dict[str, Record]) -> list[str]:
    columns = (
        "leading_exponent",
        "kaplan_yorke_dimension",
        "correlation_dimension",
        "leading_period",
        "permutation_entropy",
        "permutation_complexity",
    )
    rows = [
        "| system | what it is | n | λ₁ | D_KY | D₂ | period | H | C |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, record in known.items():
        cells = " | ".join(_shown(_fact(record, c)) for c in columns)
        rows.append(f"| [`{name}`](#{name}) | {systems()[name].summary} | {len(record.spread)} | {cells} |")
    return rows


def _against_dysts(known: dict[str, Record]) -> tuple[int, int, int, int, list[str]]:
    stored = json.loads(DYSTS.read_text())["systems"]
    ratios = []
    for name, record in known.items():
        system = load("worlds", name).__name__
        other = None if system in DIFFERENT or system in REGIME else stored.get(system)
        fact = _fact(record, "leading_exponent")
        if (
            other is None
            or fact is None
            or not fact.error
            or fact.error > 0.1 * abs(fact.value)
            or fact.value <= 0
        ):
            continue
        ratios.append((other["leading_exponent"] / fact.value, name, other["leading_exponent"], fact))
    size = np.asarray([max(r[0], 1 / r[0]) for r in ratios]) if ratios else np.zeros(0)
    worst = ["| system | dysts | here | ratio |", "|---|---|---|---|"]
    for ratio, name, value, fact in sorted(ratios, key=lambda r: -max(r[0], 1 / r[0]))[:25]:
        worst.append(f"| `{name}` | {value:.4g} | {_shown(fact)} | {ratio:.2f} |")
    return len(ratios), int((size < 1.1).sum()), int((size > 1.5).sum()), int((size > 2).sum()), worst


def _published(known: dict[str, Record]) -> dict[str, Any]:
    """What the page says of published numbers: counts, a table, and what was confirmed nowhere."""
    places = {place: None for numbers in TABLE.values() for q in numbers if (place := q.confirmed)}
    letter = dict(zip(places, string.ascii_lowercase, strict=False))
    table = [
        "| system | quantity | published | here | source | read in |",
        "|---|---|---|---|---|---|",
    ]
    held = quoted = 0
    for name, numbers in TABLE.items():
        for number, row in zip(numbers, literature_rows(name, known[name].facts), strict=True):
            quoted, held = quoted + 1, held + row.passed
            table.append(
                f"| `{name}` | {row.quantity.removeprefix(PREFIX)} | {number.value} | "
                f"{_digits(row.value, row.error)}{'' if row.passed else ' (differs)'} | {number.source} | "
                f"{letter.get(number.confirmed, 'nowhere')} |"
            )
    lost = unconfirmed()
    return {
        "held": held,
        "quoted": quoted,
        "confirmed": quoted - len(lost),
        "lost": len(lost),
        "unconfirmed": ", ".join(lost),
        "published": "\n".join(table),
        "read_in": "; ".join(f"({mark}) {place}" for place, mark in letter.items()),
    }


def _section(name: str, record: Record) -> str:
    cls = load("worlds", name)
    doc = " ".join((cls.__doc__ or "").split())
    about = cls.about
    parameters = ", ".join(f"{k} = {v:g}" for k, v in about.parameters.items())
    exponents = [_fact(record, "leading_exponent")] + [_fact(record, f"exponent_{i}") for i in range(2, 11)]
    notes = "".join(f"\n* {note}" for note in about.notes)
    return (
        f"### {name}\n\n![orbit of {name}](flows/{name}.svg)\n\n{doc.partition('.. math::')[0].strip()}\n\n"
        f"```text\n{plain_equation(cls.__doc__ or '')}\n```\n\n{parameters}. Knob: {about.knob} ({about.knob_means}), "
        f"{record.low:g} to {record.high:g}. Exponents: {', '.join(_shown(f) for f in exponents if f)}. "
        f"{_source(cls.__doc__ or '')}{chr(10) + notes if notes else ''}"
    )


def _source(doc: str) -> str:
    """The last paragraph that names a DOI."""
    parts = [" ".join(p.split()) for p in re.split(r"\n\s*\n", doc)]
    return next((p for p in reversed(parts) if "10." in p), "")


def plain_equation(doc: str) -> str:
    """The equation of a docstring in letters that need no typesetting."""
    found = re.search(r"\.\. math::(.*?)(\n\s*\n|\Z)", doc, re.DOTALL)
    text = " ".join((found[1] if found else "").split())
    text = re.sub(
        r"\\(ddot|dot)\s*\{?\s*(\\?\w+(?:_\{?\w+\}?)?)\s*\}?",
        lambda m: m[2] + ("″" if m[1] == "ddot" else "′"),
        text,
    )
    text = re.sub(r"_\{(\w+)\}", r"_\1", text)
    text = re.sub(r"\\sqrt\s*\{([^{}]*)\}", r"√(\1)", text)
    text = re.sub(
        r"\\t?d?frac\s*(\{[^{}]*\}|\d)\s*(\{[^{}]*\}|\d)",
        lambda m: f"({m[1].strip('{}')})/({m[2].strip('{}')})",
        text,
    )
    text = re.sub(r"\\\\|\\qquad", "\n", text)
    for word, letter in zip(GREEK, LETTERS, strict=True):
        text = re.sub(rf"\\{word}(?![a-zA-Z])", letter, text)
    text = re.sub(r"\\(left|right|quad|,|;|!|mathrm|text|bar|operatorname|big|Big)", "", text)
    text = (
        text.replace("\\cdot", "·")
        .replace("\\sum", "Σ")
        .replace("\\pi", "π")
        .replace("\\infty", "∞")
        .replace("&", "")
        .replace("\\", "")
    )
    text = re.sub(r"[{}]", "", text)
    return "\n".join(" ".join(line.split()).strip(" ,") for line in text.split("\n") if line.strip(" ,"))


if __name__ == "__main__":
    main()
