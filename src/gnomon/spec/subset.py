"""A part of a study: some of its worlds, learners, trials and seeds, or one of several equal shares.

The parts of a study are its own cases, so that runs of parts, in one store or in several that are merged, add up to it.
"""

from collections.abc import Iterable, Sequence

from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import canonical
from gnomon.spec.registry import suggest
from gnomon.spec.study import CONTROLS, Case

KEYS = ("world", "learner", "trial", "seed")


def part_of(cases: Iterable[Case], only: Sequence[str] = (), shard: str = "") -> tuple[Case, ...]:
    """The cases that are asked for, in their order.

    Args:
        cases: of the whole study.
        only: each "KEY=NAME,NAME", KEY being world, learner, trial or seed; a name is a label or a kind. Names of one
            key add up, and all keys hold together. The controls come with every learner.
        shard: "2/8" for the second of eight shares. A share holds whole worlds and seeds, so that no two shares make
            the same data and truth.
    """
    every = kept = tuple(cases)
    wanted: dict[str, set[str]] = {}
    for text in only:
        key, _, names = text.partition("=")
        if key not in KEYS or not names.strip(" ,"):
            raise BadSpec(f"expected KEY=NAME,NAME with a KEY of {', '.join(KEYS)}, got {text!r}")
        wanted.setdefault(key, set()).update(_asked(names, {n for c in every for n in _names(c, key)}, key))
    for key, names in wanted.items():
        free = CONTROLS if key == "learner" else ()
        kept = tuple(c for c in kept if {*names, *free} & _names(c, key))
    if not kept:
        raise BadSpec("no case of the study has all that was asked for together")
    return (
        _share(kept, shard) if shard else kept
    )  # more shares than there are worlds and seeds: some are empty


def _asked(names: str, known: set[str], key: str) -> list[str]:
    """Names between commas; a label may hold commas itself and is then found as a whole, the longest first."""
    left, found = [n.strip() for n in names.split(",") if n.strip()], []
    while left:
        sizes = (n for n in range(len(left), 0, -1) if ", ".join(left[:n]) in known)
        size = next(sizes, 0)
        if not size:
            raise BadSpec(f"the study has no {key} {left[0]!r}; {suggest(left[0], tuple(sorted(known)))}")
        found.append(", ".join(left[:size]))
        left = left[size:]
    return found


def _names(case: Case, key: str) -> set[str]:
    if key == "seed":
        return {str(case.seed)}
    ref = getattr(case, key)
    return {ref.kind, getattr(ref, "label", "") or ref.kind}


def _share(cases: tuple[Case, ...], shard: str) -> tuple[Case, ...]:
    number, _, count = shard.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise BadSpec(f"expected a share such as 2/8, got {shard!r}")
    groups: dict[bytes, None] = dict.fromkeys(map(_group, cases))
    place = {group: i for i, group in enumerate(groups)}
    return tuple(c for c in cases if place[_group(c)] % int(count) == int(number) - 1)


def _group(case: Case) -> bytes:
    return canonical([case.world.kind, case.world.args, case.seed])
