"""Tables of docs/fields.md: rows of the commands' files to lines of the page, each with what it shows in words."""

import math
from collections.abc import Iterable, Sequence

from gnomon.measures.causes.missing_term import MANY

LEAST, SPARED, PYQG, EXPONAX, PUBLISHED = 1.3, 1.6, 4.0, 1.05, 0.0025  # what the project aims at
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
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def rings(rows: list[Row]) -> list[str]:
    """Equations on a ring: times and ratios, then how many keep to the aim."""
    numbers = ("bare_us", "ours_us", "exponax_us", "ours_over_bare", "ours_over_exponax")
    lines = table(
        ("equation on a ring", "bare us", "ours us", "exponax us", "ours / bare", "ours / exponax"),
        ([r["case"], *(shown(r[k]) for k in numbers)] for r in rows),
    )
    return [
        *lines,
        "",
        _kept(rows, "ours_over_bare", LEAST, "times the bare transforms"),
        _kept(rows, "ours_over_exponax", EXPONAX, "times exponax"),
    ]


def truths(rows: list[Row]) -> list[str]:
    """What was computed beside what is exact or published, and what does not hold."""
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
    ]
    holds = sum(r["passed"] == "True" for r in judged)
    return [
        *table(("world", "quantity", "value (error)", "expected", "rule", "source", "holds"), body),
        "",
        f"{holds} of {len(judged)} hold; {len(rows) - len(judged)} more are reported and not judged.",
    ]


def planes(rows: list[Row]) -> list[str]:
    """Worlds on a plane, beside transforms and peers."""
    lines = table(
        ("case", "beside", "other us", "right-hand side us", "step us", "ratio"),
        (
            [r["case"], r["kind"], *(shown(r[k]) for k in ("other_us", "rhs_us", "step_us", "ratio"))]
            for r in rows
        ),
    )
    own, pyqg, exponax = ([r for r in rows if r["kind"] == k] for k in ("transforms", "pyqg-jax", "exponax"))
    slowest = min((number(r["ratio"]) for r in pyqg), default=math.nan)
    peer = (
        f"Least gain on pyqg-jax, a right-hand side each: {slowest:.2f}."
        if pyqg
        else "pyqg-jax was not there to be measured."
    )
    return [
        *lines,
        "",
        _kept(own, "ratio", LEAST, "times the bare transforms"),
        _kept(own, "ratio", SPARED, "times the bare transforms"),
        peer,
        _kept(exponax, "ratio", EXPONAX, "times exponax"),
    ]


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
                shown(r["breakeven"], ".2g") or ("none: the solver is cheaper" if r["solver"] else ""),
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
    paid = sum(bool(r["breakeven"]) for r in networks)
    best = min(networks, key=lambda r: number(r["error"]), default=None)
    if best is not None:
        lines += [
            "",
            f"Least error: `{best['name']}`. A breakeven exists for {paid} of {len(networks)} networks.",
        ]
    return lines


def latent(rows: list[Row] | None) -> list[str]:
    """The gap that is paired by test case."""
    gap = next((r for r in rows or () if r["name"] == "latent_spectral minus fourier_operator"), None)
    if gap is None:
        return ["Not run: see the comparison above."]
    low, high = number(gap["low"]), number(gap["high"])
    word = "is better" if high < 0 else "is worse" if low > 0 else "cannot be told apart from it"
    return [
        f"On the reduced set above, equal updates: `latent_spectral` minus `fourier_operator` "
        f"{ends(gap, value='error')}; the former {word}. Published on 64^2 points and a far less viscous flow: 0.1535 "
        "against 0.1556 (arXiv 2301.12664). Equal updates are not equal cost: see the seconds of training."
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
    return [*lines, "", said]


def medida(rows: list[Row]) -> list[str]:
    """Each table's cases, its worst corrected model, and how far weights are from the truth in their own errors."""
    heads = list(dict.fromkeys(r["table"] for r in rows))
    summary = []
    for head in heads:
        own = [r for r in rows if r["table"] == head]
        cases = {r["case"]: number(r["error_after"]) for r in own}
        missed = sum(not r["weight"] for r in own)
        extra = sum(bool(r["weight"]) and number(r["wanted"]) == 0 for r in own)
        z = [abs(number(r["z"])) for r in own if r["z"]]
        worst = max(cases, key=lambda c: cases[c])
        summary.append(
            [
                head,
                str(len(cases)),
                f"{sorted(cases.values())[len(cases) // 2]:.3g}",
                f"{cases[worst]:.3g} ({worst})",
                str(missed),
                str(extra),
                f"{sum(x > 2 for x in z)} of {len(z)}",
            ]
        )
    return [
        *table(
            (
                "pairs",
                "cases",
                "median error, %",
                "worst error, % (case)",
                "terms missed",
                "terms too many",
                "weights beyond two of their errors",
            ),
            summary,
        ),
        "",
        "Error: ||c - c_true|| / ||c_true|| of the corrected model over all terms. The errors of weights take noise as "
        f"white, and on smooth fields that is too sure: {_beyond(rows)} They are no error bars.",
    ]


def _beyond(rows: list[Row]) -> str:
    """How many weights lie beyond two of their own deviations, of exact and of noisy pairs."""
    told = []
    for noisy, name in ((True, "of noisy pairs"), (False, "of pairs without noise")):
        z = [abs(number(r["z"])) for r in rows if r["z"] and r["table"].startswith("noise") == noisy]
        if z:
            told.append(f"{sum(x > 2 for x in z)} of {len(z)} weights {name}")
    return f"beyond two of their own standard deviations lie {' and '.join(told) or 'none'}."


def layers(rows: list[Row]) -> list[str]:
    """Every weight of every case that the library can hold, then what must not be explained."""
    held = [r for r in rows if r["held"] == "1"]
    body = [
        [
            r["case"],
            f"`{r['term']}`",
            shown(r["wanted"], ".6g"),
            shown(r["weight"], ".6g") or "missed",
            shown(r["error"], ".1g"),
            shown(r["z"], ".1f"),
            shown(r["spread"], ".1g"),
            shown(r["z_spread"], ".1f"),
        ]
        for r in held
    ]
    lines = [
        f"{rows[0]['table']}; weights per day, in metres and days.",
        "",
        *table(
            ("model", "term", "wanted", "found", "posterior deviation", "z", "error over samples", "z"), body
        ),
        "",
    ]
    found = [r for r in held if r["weight"]]
    off = max(
        (abs(number(r["weight"]) / number(r["wanted"]) - 1) for r in found if number(r["wanted"])), default=0
    )
    missed, extra = len(held) - len(found), sum(number(r["wanted"]) == 0 for r in found)
    beyond = [sum(abs(number(r[k])) > 2 for r in found if r[k]) for k in ("z", "z_spread")]
    lines.append(
        f"{missed} terms missed, {extra} too many; a weight is off by {off:.1g} of itself at most. Of {len(found)} "
        f"weights {beyond[0]} lie beyond two posterior deviations and {beyond[1]} beyond two standard errors over "
        "samples: neither knows the length of the step."
    )
    for case in dict.fromkeys(r["case"] for r in rows if r["held"] != "1"):
        own = [r for r in rows if r["case"] == case and r["weight"]]
        told = "nothing is found."
        if own:
            gone = shown(own[0]["gone"], ".1f", 100)
            told = f"{len(own)} terms are found, which take {gone} % of its squared error away"
            told += "; a sum of so many is no cause to the trial `cause`." if len(own) > MANY else "."
        lines += ["", f"*{case}*: {told}"]
    return lines


def pinn(rows: list[Row]) -> list[str]:
    """Ways by system, then ratios of errors with their intervals, then the classical solver."""
    lines = []
    runs = [r for r in rows if r["kind"] == "run"]
    names = list(dict.fromkeys((r["system"], r["way"]) for r in runs))
    body = []
    for system, way in names:
        own = [r for r in runs if (r["system"], r["way"]) == (system, way)]
        errors = [number(r["relative L2"]) for r in own]
        middle = math.exp(sum(math.log(e) for e in errors) / len(errors))
        learnt = " ".join(shown(r["learnt"], ".3f") for r in own if r.get("learnt"))
        body.append(
            [
                system,
                way,
                str(len(own)),
                f"{middle:.3g}",
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
    lines += [""] + [
        f"* {r['system']}: classical solver of the error of *{r['way']}*: {r['told']}."
        for r in rows
        if r["kind"] == "solver"
    ]
    return lines


def singular(rows: list[Row]) -> list[str]:
    """Ways by equation with their ratio over the plain one, then where the best of them stands."""
    body, best = [], []
    for equation in dict.fromkeys(r["equation"] for r in rows):
        found = {}
        for way in dict.fromkeys(r["way"] for r in rows if r["equation"] == equation):
            own = [r for r in rows if (r["equation"], r["way"]) == (equation, way)]
            runs = [r for r in own if r["kind"] == "run"]
            found[way], near = (
                math.exp(sum(math.log(number(r[key])) for r in runs) / len(runs))
                for key in ("relative L2", "near")
            )
            gain = next((ends(r, value="ratio") for r in own if r["kind"] == "gain"), "")
            cells = [f"{found[way]:.3g}", f"{near:.3g}", shown(runs[0]["seconds"], ".1f"), gain]
            body.append([equation, way, str(len(runs)), *cells])
        least = min(found, key=lambda way: found[way])
        best.append(f"* {equation}: least error by *{least}*, {found[least]:.3g}.")
    heads = (
        "equation",
        "way",
        "seeds",
        "error",
        "largest error near the point",
        "CPU s a run",
        "written over it [95 %]",
    )
    return [
        *table(heads, body),
        "",
        *best,
        "",
        "Errors are geometric means over seeds; intervals are over them alone.",
    ]


def closures(rows: list[Row]) -> list[str]:
    """One table a set-up, columns as the command prints them."""
    lines = []
    columns = list(dict.fromkeys(r["column"] for r in rows))
    for setup in dict.fromkeys(r["setup"] for r in rows):
        own = [r for r in rows if r["setup"] == setup]
        plan = own[0]
        lines += [
            f"*{setup}*: {plan['members']} runs of {plan['days']} days on {plan['points']} points, truth on "
            f"{plan['fine']}; fitted to eddies. Spectra in decades, days right in days, all else in per cent of the "
            "truth's mean.",
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
        f"{', '.join(better) or 'none'}; further {', '.join(worse) or 'none'}.{gone}"
    )
