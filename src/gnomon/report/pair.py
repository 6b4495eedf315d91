"""Two learners of a study, compared on the same units."""

import msgspec

from gnomon.inference.compare import Claim
from gnomon.inference.ladder import key_of, names_of
from gnomon.report.versus import tournament
from gnomon.spec.errors import UnknownName
from gnomon.spec.registry import suggest
from gnomon.spec.study import Rule
from gnomon.store.results import Store


def pair(store: Store, study: str, a: str, b: str) -> tuple[Claim, ...]:
    """What may be said of learners a and b, cell by cell, corrected for the number of cells."""
    results = list(store.results(study))
    shown = names_of(r.case["learner"] for r in results)
    for name in (a, b):
        if name not in shown.values():
            raise UnknownName(
                f"study {study!r} has no learner {name!r}; {suggest(name, sorted(set(shown.values())))}"
            )
    two = [r for r in results if shown[key_of(r.case["learner"])] in (a, b)]
    plain = store.study(study).study
    rule = msgspec.convert(plain["rule"], Rule) if "rule" in plain else Rule()
    return tournament(store, two, rule, (a, b)).claims


def sentences(store: Store, study: str, a: str, b: str) -> tuple[str, ...]:
    """The claims in words."""
    return tuple(claim.text for claim in pair(store, study, a, b))
