"""Further sections of docs/chaos.md: linear methods, PhyxMamba, penalties on the solver, uncertainty."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from docs.chaos_ranking import interval
from docs.published_horizons import PER_UNIT, PUBLISHED, STEPS, true_units
from gnomon.spec.registry import build
from gnomon.spec.results import Estimate, Result
from gnomon.spec.study import read_study
from gnomon.store.results import Store

HERE = Path(__file__).parent
NEAR = 0.003  # in the complex plane: an eigenvalue this near to a true one is that one
HELD = 0.1  # residual up to which an eigenpair is taken for one of the dynamics


def koopman(store: Store) -> str:
    """Spectra and forecasts of linear methods."""
    found = [r for r in _found(store, "koopman") if r.learned]
    if not found:
        return _none("Linear methods and their eigenvalues", "koopman")
    rows = []
    for (world, name), own in _grouped(found).items():
        told = [_spectrum(r) for r in own]
        cells = [_over([t[k] for t in told if t[k] is not None]) for k in range(4)]
        valid = [v for r in own if (v := _score(r, "valid_time")) is not None]
        least = "≥ " if valid and max(valid) >= 0.98 * own[0].case["trial"]["args"]["horizon"] else ""
        rows.append(f"| {world} | {name} | {' | '.join(cells)} | {least}{interval(valid)} |")
    return f"""## Linear methods and their eigenvalues

Study `koopman`, {_ran(found, "koopman")}. A linear map always has eigenvalues; on a nonlinear system only some belong
to the dynamics. On the torus x, y and z turn at four frequencies, so eight eigenvalues are true (*found*: with one of
the model's within {NEAR}), and enough delays hold them exactly. A mixing attractor such as Lorenz' has no eigenvalue
but 1: whatever else a matrix has there is spurious, and the only honest linear forecast goes to the mean. `resdmd`
(Colbrook and Townsend 2024) gives each pair its residual |K g - lambda g| / |g|; pairs above the tolerance are named
spurious in the log of the fit and left out of the forecast. The tolerance is chosen by how forecasts hold, and where
keeping all serves best none is named: then *within {HELD}* tells, the eigenvalues other than 1 whose residual is at
most that. With them a spectrum can be read, without them only a forecast. Mean over seeds [95 %, Student].

| world | learner | eigenvalues | true ones found, of 8 | named spurious | within {HELD} | valid time, Lyapunov times |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

On the torus, where no exponent is positive, the unit is {_torus_unit()}. Published HAVOK takes the forcing from the
data, so its long agreement with Lorenz' x is no forecast; here the forcing follows its nearest records, and the skill
is that of this closure."""


def _spectrum(result: Result) -> tuple[float | None, float | None, float | None, float | None]:
    """Number of eigenvalues, true ones among them, spurious ones named, those with a small residual that are not 1."""
    log = result.learned
    pairs = log.get("spectrum", [])
    values = [p["eigenvalue"] for p in pairs if not p["spurious"]] if pairs else log.get("eigenvalues", [])
    own = np.asarray([complex(a, b) for a, b in values])
    count = log.get("pairs", log.get("modes", len(values) or None))
    there = None
    if result.case["world"]["kind"] == "torus" and len(own):
        world = build("worlds", "torus", result.case["world"]["args"])
        n = result.case["world"]["args"]["parameters"].get("n", 15.3)
        true = np.exp(1j * world.card.dt * np.asarray([w for w in (1, n - 1, n, n + 1)]))
        near = np.abs(own[:, None] - np.concatenate([true, true.conj()])).min(axis=0)
        there = float((near < NEAR).sum())
    held = None
    if pairs:
        held = float(sum(p["residual"] <= HELD and abs(complex(*p["eigenvalue"]) - 1) > NEAR for p in pairs))
    spurious = float(log["spurious"]) if "spurious" in log else None
    return (float(count) if count else None), there, spurious, held


def _torus_unit() -> str:
    card = build("worlds", "torus", {}).card
    return f"ten turns or so ({card.timescale:g})"


def phyxmamba(store: Store) -> str:
    """The published valid times in true units beside ours."""
    found = [r for r in _found(store, "phyxmamba") if r.case["trial"]["kind"] == "forecast"]
    own = _grouped([r for r in found if r.scores])
    spaced = _horizons()
    lines = []
    for world, (_, methods) in PUBLISHED.items():
        factor = true_units(world)
        names = dict.fromkeys(["perfect", *methods, *(n for w, n in [*own, *spaced] if w == world)])
        for name in names:
            if name in ("null",):
                continue
            told = methods.get(name)
            results = own.get((world, name), [])
            ours = interval([v for r in results if (v := _score(r, "valid_time_smape")) is not None])
            cells = [ours, interval(spaced.get((world, name), []))]
            published = f"{told:.2f} | {told * factor:.2f}" if told is not None else " | "
            lines.append(
                f"| {world} | {'*twin*' if name == 'perfect' else name} | {published} | {' | '.join(cells)} |"
            )
    ends = ", ".join(f"{STEPS / PER_UNIT * true_units(world):.2f} on {world}" for world in PUBLISHED)
    return f"""## PhyxMamba, in true Lyapunov times

Liu et al. (2025, arXiv 2505.23863) count in units of one exponent a system as dysts 0.95 stores it; for Roessler that
is twice the true one, for Lorenz-96 the one of another number of sites. The published forecasts end after {STEPS}
steps, which are {ends} true Lyapunov times: Roessler's 9.83 of 10 is nearly the end of its test.
The published one-step errors of the reservoirs and of nVAR, far below those of networks with longer horizons, say
that these were not tuned for closed loops. Published *echo_state* is PRC. The published numbers have no interval.

Ours: mean over seeds [95 %, Student], without an end at {STEPS} steps, at laptop widths and budgets; at the published
spacing of observations (study `phyxmamba`: {_ran(found, "phyxmamba") if found else "not run yet"}), and at that of the
catalogue (the study behind [Horizons](horizons.md)).

| world | learner | published, sMAPE 30 | in true Lyapunov times | ours, published spacing | ours, own spacing |
|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


def _horizons() -> dict[tuple[str, str], list[float]]:
    """Means of seeds without observation error, from the table behind docs/horizons.md."""
    out: dict[tuple[str, str], list[float]] = defaultdict(list)
    with (HERE / "results" / "horizons.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            world, _, error = row["world"].partition(", error ")
            if row["rule"] == "sMAPE 30" and error == "0" and row["learner"] != "null":
                out[world, row["learner"]].append(float(row["mean"]))
    return out


def regularised(store: Store) -> str:
    """What `benchmarks/regularised_nde.py` wrote, and the study of the same name."""
    table = HERE / "results" / "regularised_nde.csv"
    parts = ["## Penalties on the solver's labour", ""]
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        made = sorted({f"{r['seeds']} seeds, {r['updates']} updates" for r in rows})
        parts += [
            "Published (Pal et al. 2021, arXiv 2105.03918; 2023, arXiv 2303.02262), on images and clinical records:",
            "0.556 to 0.733 of the evaluations, predictions 1.3 to 2 times faster (0.5 to 0.77 of the time), at equal",
            f"error. Ours, on data of known flows (`benchmarks/regularised_nde.py`, {'; '.join(made)}): the strength",
            "with the fewest evaluations among those whose validation error is at most 1.05 of the unpenalised one",
            "(*no*: there is none). Ratios to the unpenalised network of the same seed, 95 % over seeds.",
            "`van_der_pol` is the stiff task.",
            "",
            "| task | penalty | strength | evaluations | time | error | equal error |",
            "|---|---|---|---|---|---|---|",
        ]
        parts += [
            f"| {r['task']} | {r['penalty']} | {r['strength']} | {r['evaluations']} | {r['time']} | {r['error']} "
            f"| {r['equal']} |"
            for r in rows
        ]
    else:
        parts.append(
            "`python benchmarks/regularised_nde.py --csv docs/results/regularised_nde.csv` was not run."
        )
    found = [
        r for r in _found(store, "regularised_nde") if r.case["trial"]["kind"] == "forecast" and r.scores
    ]
    if found:
        parts += [
            "",
            f"What the penalties do to forecasts (study `regularised_nde`, {_ran(found, 'regularised_nde')}), in",
            "Lyapunov times:",
            "",
            "| world | learner | NRMSE 0.4 | evaluations in a validation path |",
            "|---|---|---|---|",
        ]
        for (world, name), own in _grouped(found).items():
            calls = [float(r.learned["evaluations"]) for r in own if _plain(r.learned.get("evaluations"))]
            valid = [v for r in own if (v := _score(r, "valid_time")) is not None]
            parts.append(f"| {world} | {name} | {interval(valid)} | {interval(calls)} |")
    else:
        parts += ["", "The study `regularised_nde` (the same penalties, judged by forecasts) is not run yet."]
    return "\n".join(parts) + "\n"


def uncertainty(store: Store) -> str:
    """Spread over error, coverage and score of every way to know one's own error around the same learner."""
    found = [r for r in _found(store, "uncertainty") if r.scores]
    if not found:
        return _none("Knowing one's own error", "uncertainty")
    order = [
        "perfect",
        *dict.fromkeys(_name(r) for r in found if _name(r) not in ("perfect", "null")),
        "null",
    ]
    grouped = {name: [r for r in found if _name(r) == name] for name in order}
    lines = []
    for name, own in grouped.items():
        cells = []
        for measure in ("crps", "spread_skill", "coverage"):
            cells.append(_estimated([s.value for r in own for s in r.scores if s.measure == measure]))
        fidelity = [s.fidelity for r in own for s in r.scores if s.measure == "crps"]
        seconds = [r.learned["seconds"] for r in own if _plain(r.learned.get("seconds"))]
        lines.append(
            f"| {'*' + name + '*' if name in ('perfect', 'null') else name} | {' | '.join(cells)} "
            f"| {_estimated(fidelity)} | {f'{np.median(seconds):.0f}' if seconds else ''} |"
        )
    members = found[0].case["trial"]["args"]["members"]
    return f"""## Knowing one's own error

Study `uncertainty`, {_ran(found, "uncertainty")}: ensembles of {members} on Lorenz-63 around the same residual network
(one setting). Spread over error: 1 where members cannot be told from the truth, below 1 for a network that is too sure.
`residual` alone has the spread that its start's observation error gives it. Score: CRPS, the smaller the better; its
fidelity is 0 for the null, 1 for the truth's twin. Coverage: how often the truth lies within the central interval of
the members, over how often it should ([what misleads](misleading.md)). Mean over seeds [95 %, Student; of a single
seed over its starts, which says nothing of other data or weights].

| learner | CRPS | spread over error | coverage | fidelity of the CRPS | seconds to fit |
|---|---|---|---|---|---|
{chr(10).join(lines)}
"""


def _found(store: Store, study: str) -> list[Result]:
    return list(store.results(study)) if study in store.studies() else []


def _none(heading: str, study: str) -> str:
    return f"## {heading}\n\nThe study `{study}` is not run yet (`gnomon run {study}`).\n"


def _ran(found: list[Result], study: str) -> str:
    """Seeds, and which learners of the study have not run."""
    asked = read_study(HERE.parent / "studies" / f"{study}.toml")
    seeds = sorted({r.case["seed"] for r in found})
    done = {_name(r) for r in found}
    absent = [x.shown for x in asked.learners if x.shown not in done]
    told = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))} of {len(asked.seeds)}"
    return told + (f", without {', '.join(absent)}" if absent else "")


def _name(result: Result) -> str:
    return result.case["learner"]["label"] or result.case["learner"]["kind"]


def _grouped(found: list[Result]) -> dict[tuple[str, str], list[Result]]:
    out: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for r in found:
        out[r.case["world"]["label"] or r.case["world"]["kind"], _name(r)].append(r)
    return out


def _score(result: Result, measure: str) -> float | None:
    names = {m["label"] or m["kind"]: m for m in result.case["trial"]["measures"]}
    key = measure if measure in names else None
    return next((s.value.value for s in result.scores if s.measure == key), None) if key else None


def _estimated(values: list[Estimate | None]) -> str:
    """Mean over seeds with its interval; of a single seed, that over its starts."""
    there = [v for v in values if v is not None and v.value is not None]
    if len(there) == 1 and there[0].low is not None and there[0].high is not None:
        return f"{there[0].value:.2f} [{there[0].low:.2f}, {there[0].high:.2f}]"
    return interval([v.value for v in there if v.value is not None])


def _over(values: list[float]) -> str:
    return "" if not values else (f"{values[0]:g}" if len(set(values)) == 1 else f"{np.mean(values):.1f}")


def _plain(value: object) -> bool:
    return isinstance(value, int | float)
