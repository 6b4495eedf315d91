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
        only: each "KEY=NAME,NAME", KEY being world, learner, trial or seed; a name is a label or a kind. All of them
            hold together. The controls come with every learner.
        shard: "2/8" for the second of eight shares. A share holds whole worlds and seeds, so that no two shares make
            the same data and truth.
    """
    kept = tuple(cases)
    for text in only:
        key, _, names = text.partition("=")
        wanted = [n.strip() for n in names.split(",") if n.strip()]
        if key not in KEYS or not wanted:
            raise BadSpec(f"expected KEY=NAME,NAME with a KEY of {', '.join(KEYS)}, got {text!r}")
        known = {n for c in kept for n in _names(c, key)}
        for name in wanted:
            if name not in known:
                raise BadSpec(f"the study has no {key} {name!r}; {suggest(name, tuple(sorted(known)))}")
        free = CONTROLS if key == "learner" else ()
        kept = tuple(c for c in kept if {*wanted, *free} & _names(c, key))
    return _share(kept, shard) if shard else kept


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
