"""Tables of missing terms in docs/fields.md: what was found of each wrong model, and whether it is what was wanted."""

from collections.abc import Callable

from docs.fields_tables import Row, number, shown, table
from gnomon.measures.causes.missing_term import MANY

Tables = dict[str, dict[str, list[Row]]]  # pairs -> case -> its terms


def medida(rows: list[Row]) -> list[str]:
    """What was found from each kind of pairs, then case by case, then the verdict in words."""
    found: Tables = {}
    for row in rows:
        found.setdefault(row["table"], {}).setdefault(row["case"], []).append(row)
    heads = (
        "pairs",
        "cases",
        "median error, %",
        "worst error, % (case)",
        "terms missed",
        "terms too many",
        "weights beyond two of their errors",
        "cases of the right terms",
        "and within stated errors",
    )
    summary = (
        _summary(f"{place}. {pairs}", cases) for place, (pairs, cases) in enumerate(found.items(), start=1)
    )
    return [
        *table(heads, summary),
        "",
        *_case_by_case(found),
        "",
        _verdict(found),
        "",
        "Error: ||c - c_true|| / ||c_true|| of the corrected model over all terms. The errors of weights take noise as "
        f"white, and on smooth fields that is too sure: {_beyond(rows)} They are no error bars.",
    ]


def _summary(name: str, cases: dict[str, list[Row]]) -> list[str]:
    """All cases of one kind of pairs."""
    errors = {case: number(own[0]["error_after"]) for case, own in cases.items()}
    rows = [row for own in cases.values() for row in own]
    z = [abs(number(r["z"])) for r in rows if r["z"]]
    worst = max(errors, key=lambda c: errors[c])
    return [
        name,
        str(len(cases)),
        f"{sorted(errors.values())[len(errors) // 2]:.3g}",
        f"{errors[worst]:.3g} ({worst})",
        str(_missed(rows)),
        str(_extra(rows)),
        f"{sum(x > 2 for x in z)} of {len(z)}",
        f"{sum(_right(own) for own in cases.values())} of {len(cases)}",
        f"{sum(_recovered(own) for own in cases.values())} of {len(cases)}",
    ]


def _missed(rows: list[Row]) -> int:
    return sum(not r["weight"] for r in rows)


def _extra(rows: list[Row]) -> int:
    return sum(bool(r["weight"]) and number(r["wanted"]) == 0 for r in rows)


def _right(rows: list[Row]) -> bool:
    """Whether of one case every wrong term is found and no other."""
    return not _missed(rows) and not _extra(rows)


def _recovered(rows: list[Row]) -> bool:
    """And each weight within two of its stated errors."""
    return _right(rows) and all(abs(number(r["z"])) <= 2 for r in rows)


def _case_by_case(found: Tables) -> list[str]:
    """The corrected models' errors with what is wrong in each."""
    every = {case: own for cases in found.values() for case, own in cases.items()}
    body = []
    for case, one in every.items():
        cells = []
        for own in (cases.get(case, []) for cases in found.values()):
            counts = ((_missed(own), "missed"), (_extra(own), "too many"))
            wrong = ", ".join(f"{n} {word}" for n, word in counts if n)
            told = shown(own[0]["error_after"]) if own else ""
            cells.append(f"{told} ({wrong})" if wrong else f"**{told}**" if own and _recovered(own) else told)
        body.append([case, one[0]["model"], shown(one[0]["error_before"]), *cells])
    return [
        "Case by case, the error of the corrected model in per cent, for the pairs of that number above; bold where "
        "the right terms are found, each with a weight within two of its standard deviations.",
        "",
        *table(("case", "model", "error before, %", *(f"{n}." for n in range(1, len(found) + 1))), body),
    ]


def _verdict(found: Tables) -> str:
    """Of which pairs all cases are recovered, by their terms and by the errors that are stated with their weights."""

    def whole(judged: Callable[[list[Row]], bool]) -> str:
        places = [
            str(n) for n, cases in enumerate(found.values(), start=1) if all(map(judged, cases.values()))
        ]
        return (
            f"for pairs {', '.join(places)} of {len(found)}"
            if places
            else f"for none of {len(found)} kinds of pairs"
        )

    held, told = whole(_right), whole(_recovered)
    return f"All cases have the right terms {held}, and weights within their stated errors {told}."


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
