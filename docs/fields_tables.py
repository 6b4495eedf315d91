"""Tables of docs/fields.md: rows of the commands' files to lines of the page, each with what it shows in words."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import t as student

LEAST, SPARED, PYQG, EXPONAX, PUBLISHED = 1.3, 1.6, 4.0, 1.05, 0.0025  # what the project aims at
PLAIN = {"written", "cleared"}  # ways at a singular point that know nothing of it
OF_THE_CARD = (
    "",
    "card",
    "chaotic",
    "all",
    "RK4",
    "none",
)  # sources of rows that hold a world to its own card
Row = dict[str, str]


def number(text: str | None) -> float:
    """Of a cell; not a number where it is empty."""
    return float(text) if text else math.nan


def shown(text: str | None, form: str = ".3g", factor: float = 1.0) -> str:
    """A cell of the page; empty where there is no number."""
    value = factor * number(text)
    return format(value, form) if math.isfinite(value) else ""


def ends(row: Row, form: str = ".3g", value: str = "value") -> str:
    """A number with its interval."""
    told = shown(row[value], form)
    low, high = shown(row["low"], form), shown(row["high"], form)
    return f"{told} [{low}, {high}]" if told and low and high else told


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of Markdown."""
    return [
        f"| {' | '.join(heads)} |",
        "|---" * len(heads) + "|",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]


def rings(rows: list[Row]) -> list[str]:
    """Equations on a ring: times and ratios, how many keep to the aim, and what threads have to do with the rest."""
    numbers = ("bare_us", "ours_us", "exponax_us", "ours_over_bare", "ours_over_exponax")
    heads = ("equation on a ring", "bare us", "ours us", "exponax us", "ours / bare", "ours / exponax")
    threads = ("split_loops", "whole_over_bare")
    lines = table(
        (*heads, "split loops", "whole / bare"),
        ([r["case"], *(shown(r[k]) for k in (*numbers, *threads))] for r in rows),
    )
    return [
        *lines,
        "",
        "XLA's compiler divides long elementwise loops, and no transforms, among threads where a process may use",
        "several cores, as here; handing them over costs processor time. *Split loops*: how many of our step;",
        "*whole / bare*: step and transforms compiled without it. A process on one core, as workers of a study are",
        "by default, splits none ([rings](design/rings.md)).",
        "",
        _kept(rows, "ours_over_bare", LEAST, "times the bare transforms"),
        "Loops whole: " + _kept(rows, "whole_over_bare", LEAST, "times the bare transforms"),
        _kept(rows, "ours_over_exponax", EXPONAX, "times exponax"),
    ]


def truths(rows: list[Row]) -> list[str]:
    """What was computed beside what is exact, published or another program's, and whatever does not hold.

    What only repeats a card (regimes, scales) is counted, world by world, and stands in the file.
    """
    judged = [r for r in rows if r["rule"] != "reported"]
    body = [
        [
            r["world"],
            r["quantity"],
            shown(r["value"], ".5g") + (f" ({shown(r['error'], '.2g')})" if r["error"] else ""),
            r["expected"],
            r["rule"],
            r["source"],
            "yes" if r["passed"] == "True" else "**no**",
        ]
        for r in judged
        if r["source"] not in OF_THE_CARD or r["passed"] != "True"
    ]
    counts = []
    for world in dict.fromkeys(r["world"] for r in rows):
        own = [r for r in judged if r["world"] == world]
        counts.append((world, str(len(own)), str(sum(r["passed"] == "True" for r in own))))
    holds = sum(r["passed"] == "True" for r in judged)
    return [
        *table(("world", "judged", "hold"), counts),
        "",
        f"{holds} of {len(judged)} hold; {len(rows) - len(judged)} more are reported and not judged. What is held"
        " against more than the world's own card:",
        "",
        *table(("world", "quantity", "value (error)", "expected", "rule", "source", "holds"), body),
    ]


def setups(rows: list[Row]) -> list[str]:
    """Exponents and scales of set-ups that no card knows, and how many of all rows hold."""
    told = [
        r for r in rows if "exponent" in r["quantity"] or "std of" in r["quantity"] or r["passed"] != "True"
    ]
    body = [
        [
            r["world"].removesuffix(", other set-ups"),
            r["quantity"],
            shown(r["value"], ".4g") + (f" ({shown(r['error'], '.2g')})" if r["error"] else ""),
            r["expected"],
            r["rule"],
            "" if r["rule"] == "reported" else "yes" if r["passed"] == "True" else "**no**",
        ]
        for r in told
    ]
    judged = [r for r in rows if r["rule"] != "reported"]
    holds = sum(r["passed"] == "True" for r in judged)
    return [
        *table(("world", "set-up: quantity", "value (error)", "expected", "rule", "holds"), body),
        "",
        f"{holds} of {len(judged)} hold, those on how well the flow is resolved among them.",
    ]


def planes(rows: list[Row]) -> list[str]:
    """Worlds on a plane: a step over its bare transforms, and beside each peer."""
    own, pyqg, exponax = ([r for r in rows if r["kind"] == k] for k in ("transforms", "pyqg-jax", "exponax"))
    gains = [number(r["ratio"]) for r in pyqg]
    numbers = ("other_us", "rhs_us", "step_us", "ratio")
    lines = [
        *table(
            ("case", "bare us", "right-hand side us", "step us", "step / four times bare"),
            ([r["case"], *(shown(r[k]) for k in numbers)] for r in own),
        ),
        "",
        _kept(own, "ratio", LEAST, "times the bare transforms"),
        _kept(own, "ratio", SPARED, "times the bare transforms"),
    ]
    if pyqg:
        lines += [
            "",
            *table(
                ("case", "pyqg-jax us", "right-hand side us", "step us", "pyqg-jax / right-hand side"),
                ([r["case"], *(shown(r[k]) for k in numbers)] for r in pyqg),
            ),
            "",
            f"At least {PYQG:g} times as fast as pyqg-jax, a right-hand side each: {sum(g >= PYQG for g in gains)} of "
            f"{len(gains)}; least {min(gains):.2f}.",
        ]
    else:
        lines += ["", "pyqg-jax was not there to be measured."]
    if exponax:
        lines += [
            "",
            *table(
                ("case", "exponax us", "step us", "step / exponax"),
                ([r["case"], *(shown(r[k]) for k in ("other_us", "step_us", "ratio"))] for r in exponax),
            ),
        ]
    return [*lines, "", _kept(exponax, "ratio", EXPONAX, "times exponax")]


def _kept(rows: list[Row], key: str, most: float, what: str) -> str:
    ratios = [number(r[key]) for r in rows if r[key]]
    if not ratios:
        return f"Nothing was there to be held against: at most {most:g} {what}."
    return f"At most {most:g} {what}: {sum(x <= most for x in ratios)} of {len(ratios)}; largest {max(ratios):.2f}."


def operators(rows: list[Row]) -> list[str]:
    """Networks beside ceiling, null, linear map and the solver of equal error."""
    networks, others = ([r for r in rows if (r["kind"] == "network") == own] for own in (True, False))
    lines = [rows[0]["plan"] + ".", ""]
    lines += table(
        (
            "network",
            "relative L2 [95 %]",
            "weights",
            "ms a solve",
            "training s",
            "solver of equal error",
            "its error",
            "its ms",
            "breakeven, solves",
        ),
        (
            [
                r["name"],
                ends(r, value="error"),
                r["weights"],
                shown(r["solve_seconds"], ".2f", 1e3),
                shown(r["training_seconds"], ".0f"),
                r["solver"].removeprefix("solver, ") or "none is as good",
                shown(r["solver_error"]),
                shown(r["solver_seconds"], ".2f", 1e3),
                _breakeven(r, others),
            ]
            for r in networks
        ),
    )
    beside = [r for r in others if r["kind"] in ("ceiling", "truth", "baseline", "solver")]
    lines += [
        "",
        *table(
            ("beside them", "relative L2 [95 %]", "ms a solve"),
            ([r["name"], ends(r, value="error"), shown(r["solve_seconds"], ".2f", 1e3)] for r in beside),
        ),
    ]
    paid = sum(bool(r["breakeven"]) and not _as_good(r, others) for r in networks)
    best = min(networks, key=lambda r: number(r["error"]), default=None)
    if best is not None:
        lines += [
            "",
            f"Least error: `{best['name']}`. A breakeven exists for {paid} of {len(networks)} networks. Intervals are "
            "over test cases, each the mean over seeds: how far seeds are apart is not in them.",
        ]
    return [*lines, *_refined(rows)]


def _as_good(network: Row, others: list[Row]) -> list[str]:
    """Baselines, which cost nothing to speak of, that have no more error than a network."""
    return [
        r["name"]
        for r in others
        if r["kind"] == "baseline" and number(r["error"]) <= number(network["error"])
    ]


def _breakeven(network: Row, others: list[Row]) -> str:
    """Solves after which a network has paid for its training, if it ever does."""
    better = _as_good(network, others)
    if better:
        return f"none: {' and '.join(better)} as good"
    return shown(network["breakeven"], ".2g") or ("none: the solver is cheaper" if network["solver"] else "")


def _refined(rows: list[Row]) -> list[str]:
    """What the refiner's further passes cost and do, beside the same network with one."""
    found = {r["name"]: r for r in rows}
    refiner, plain, gap = (found.get(n) for n in ("refiner", "unet", "refiner minus unet"))
    if refiner is None or plain is None:
        return []
    solve, training = (number(refiner[k]) / number(plain[k]) for k in ("solve_seconds", "training_seconds"))
    said = (
        f"The refiner calls its network several times a frame: a solve costs {solve:.1f} times that of `unet`, its "
        f"training {training:.1f} times."
    )
    if gap is not None:
        said += (
            f" Its error less that of `unet`, paired by case: {ends(gap, value='error')}; it {_told(gap)}."
        )
    return ["", said]


def _told(gap: Row) -> str:
    """Of a difference of errors."""
    low, high = number(gap["low"]), number(gap["high"])
    return "is better" if high < 0 else "is worse" if low > 0 else "cannot be told apart from it"


def latent(rows: list[Row] | None) -> list[str]:
    """The gap that is paired by test case."""
    gap = next((r for r in rows or () if r["name"] == "latent_spectral minus fourier_operator"), None)
    if gap is None:
        return ["Not run: see the comparison above."]
    return [
        f"On the reduced set above, equal updates: `latent_spectral` minus `fourier_operator` "
        f"{ends(gap, value='error')}; the former {_told(gap)}. Published on 64^2 points and a far less viscous "
        "flow: 0.1535 against 0.1556 (arXiv 2301.12664). Equal updates are not equal cost: see the seconds of training."
    ]


def burgers(rows: list[Row]) -> list[str]:
    """The published task; the error that counts is that of every seed at 1024 points."""
    lines = table(
        ("what", "relative L2", "us a solve", "remark"),
        (
            [
                r["name"],
                shown(r["relative L2"], ".5f"),
                shown(r["processor seconds a solve"], ".1f", 1e6),
                r["remark"],
            ]
            for r in rows
        ),
    )
    own = [
        number(r["relative L2"])
        for r in rows
        if r["name"].startswith("FNO, seed") and "points" not in r["name"]
    ]
    said = (
        f"At or below {PUBLISHED}: {sum(e <= PUBLISHED for e in own)} of {len(own)} seeds; the worst {max(own):.5f}."
        if own
        else ""
    )
    twin = next((number(r["relative L2"]) for r in rows if r["name"] == "twin"), None)
    if own and twin is not None:
        said += (
            f" The twin, whose start has an observation error, is at {twin:.5f}; networks, whose start has none, below "
            f"it: {sum(e < twin for e in own)} of {len(own)}."
        )
    return [*lines, "", said]


def pinn(rows: list[Row]) -> list[str]:
    """Ways by system, then ratios of errors with their intervals, then the classical solver."""
    lines = []
    runs = [r for r in rows if r["kind"] == "run"]
    names = list(dict.fromkeys((r["system"], r["way"]) for r in runs))
    body = []
    for system, way in names:
        own = [r for r in runs if (r["system"], r["way"]) == (system, way)]
        errors = [number(r["relative L2"]) for r in own]
        learnt = " ".join(shown(r["learnt"], ".3f") for r in own if r.get("learnt"))
        body.append(
            [
                system,
                way,
                str(len(own)),
                f"{_middle(errors):.3g}",
                own[0].get("weights", ""),
                shown(own[0].get("seconds"), ".0f"),
                learnt,
            ]
        )
    lines += table(
        ("system", "way", "runs", "error (geometric mean)", "weights", "CPU s a run", "rho, of 28"), body
    )
    gains = [r for r in rows if r["kind"] == "gain"]
    lines += [
        "",
        *table(
            ("system", "ratio of errors", "[95 %]"),
            ([r["system"], r["way"], ends(r, value="ratio")] for r in gains),
        ),
    ]
    lines += ["", *_what_helps(gains)]
    lines += [""] + [
        f"* {r['system']}: classical solver of the error of *{r['way']}*: {r['told']}."
        for r in rows
        if r["kind"] == "solver"
    ]
    return lines


def _what_helps(gains: list[Row]) -> list[str]:
    """Which way has less error than which, by intervals of their ratio that leave out one; then over all systems."""
    systems = list(dict.fromkeys(r["system"] for r in gains))
    lines, helped = [], dict[tuple[str, str], list[bool]]()
    for system in systems:
        words = []
        for row in (r for r in gains if r["system"] == system):
            worse, better = row["way"].split(" over ")
            low, high = number(row["low"]), number(row["high"])
            word = (
                "has less error than"
                if low > 1
                else "has more error than"
                if high < 1
                else "is not told apart from"
            )
            words.append(f"*{better}* {word} *{worse}*")
            helped.setdefault((better, worse), []).append(low > 1)
        lines.append(f"* {system}: {'; '.join(words)}.")
    ways = list(dict.fromkeys(better for better, _ in helped))
    told = [
        f"*{way}* helps on {sum(helped[way, 'whole'])} of {len(helped[way, 'whole'])} systems against *whole*"
        + "".join(
            f", on {sum(won)} of {len(won)} against *{worse}*"
            for (better, worse), won in helped.items()
            if better == way and worse != "whole"
        )
        for way in ways
        if (way, "whole") in helped
    ]
    if not any(helped.get(("growing", "whole"), [True])):
        told.append("a horizon that grows is not enough by itself")
    return [*lines, "", f"In words: {'; '.join(told)}."] if told else lines


def ratio_of(plain: Sequence[float], other: Sequence[float]) -> Row:
    """Geometric mean of the ratio of errors, paired by seed, with a 95 % interval (t, on logarithms)."""
    gain = np.log(plain) - np.log(other)
    half = (
        student.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    )
    low, middle, high = np.exp([gain.mean() - half, gain.mean(), gain.mean() + half])
    return {"value": str(middle), "low": str(low), "high": str(high)}


def singular(rows: list[Row]) -> list[str]:
    """Ways by equation with the ratio of both plain ones over each, then the best beside the better plain one."""
    body, best = [], []
    for equation in dict.fromkeys(r["equation"] for r in rows):
        mine = [r for r in rows if r["equation"] == equation]
        runs: dict[str, list[Row]] = {}
        for row in (r for r in mine if r["kind"] == "run"):
            runs.setdefault(row["way"], []).append(row)
        errors = {way: [number(r["relative L2"]) for r in own] for way, own in runs.items()}
        for way, own in runs.items():
            near = _middle([number(r["near"]) for r in own])
            gain = next((ends(r, value="ratio") for r in mine if (r["way"], r["kind"]) == (way, "gain")), "")
            judged = way not in PLAIN and "cleared" in errors
            over = ends(ratio_of(errors["cleared"], errors[way])) if judged else ""
            cells = [
                f"{_middle(errors[way]):.3g}",
                f"{near:.3g}",
                shown(own[0]["seconds"], ".1f"),
                gain,
                over,
            ]
            body.append([equation, way, str(len(own)), *cells])
        least = min(errors, key=lambda way: _middle(errors[way]))
        fair = min(PLAIN & errors.keys(), key=lambda way: _middle(errors[way]))
        gained = (
            "itself a plain way, so that nothing is gained"
            if least == fair
            else f"the better plain way, *{fair}*, over it {ends(ratio_of(errors[fair], errors[least]))}"
        )
        best.append(f"* {equation}: least error by *{least}*, {_middle(errors[least]):.3g}; {gained}.")
    heads = (
        "equation",
        "way",
        "seeds",
        "error",
        "largest error near the point",
        "CPU s a run",
        "written over it [95 %]",
        "cleared over it [95 %]",
    )
    return [
        *table(heads, body),
        "",
        *best,
        "",
        "Errors are geometric means over seeds; intervals are over them alone. A gain is fair against the better of "
        "the two plain ways.",
    ]


def _middle(errors: Sequence[float]) -> float:
    """Geometric mean."""
    return math.exp(sum(math.log(e) for e in errors) / len(errors))


def closures(rows: list[Row]) -> list[str]:
    """One table a set-up, columns as the command prints them."""
    lines = []
    columns = list(dict.fromkeys(r["column"] for r in rows))
    for setup in dict.fromkeys(r["setup"] for r in rows):
        own = [r for r in rows if r["setup"] == setup]
        plan = own[0]
        lines += [
            f"*{setup}*: {plan['members']} runs of {plan['days']} days on {plan['points']} points, truth on "
            f"{plan['fine']}; fitted to eddies, once each, the networks with "
            f"{plan['updates']} updates. Spectra in decades, days right "
            "in days, all else in per cent of the truth's mean.",
            "",
        ]
        body = []
        for name in dict.fromkeys(r["closure"] for r in own):
            mine = {r["column"]: r for r in own if r["closure"] == name}
            one = next(iter(mine.values()))
            cells = [ends(mine[c], ".2f" if c == "spectra" else ".0f") for c in columns]
            body.append([name, *cells, f"{one['lost']} and {one['lost_truth']} of {one['pairs']}"])
        lines += [
            *table(("closure", *columns, "diverged, it and the truth"), body),
            "",
            _transfer(own, setup),
            "",
        ]
    return lines[:-1]


def _transfer(rows: list[Row], setup: str) -> str:
    """Which closures are nearer to the truth's spectra than the coarse flow alone, by intervals that do not touch."""
    spectra = {r["closure"]: r for r in rows if r["column"] == "spectra"}
    null = spectra.get("none")
    tried = [name for name in spectra if name not in ("none", "floor", "drift")]
    if null is None or not null["low"]:
        return f"In the {setup} set-up nothing can be said against the coarse flow alone."
    better = [n for n in tried if spectra[n]["high"] and number(spectra[n]["high"]) < number(null["low"])]
    worse = [n for n in tried if spectra[n]["low"] and number(spectra[n]["low"]) > number(null["high"])]
    lost = [
        f"{n} ({spectra[n]['lost']} of {spectra[n]['pairs']} runs)"
        for n in tried
        if number(spectra[n]["lost"])
    ]
    gone = f" Diverged: {', '.join(lost)}; spectra are those of the runs that did not." if lost else ""
    return (
        f"In the {setup} set-up, by spectra and intervals that do not touch: nearer than the coarse flow alone "
        f"{', '.join(better) or 'none'}; further {', '.join(worse) or 'none'}. Spectra alone do not "
        f"make a closure good: read the energies beside them.{gone}"
    )
