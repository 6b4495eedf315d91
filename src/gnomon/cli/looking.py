"""`gnomon list` and `gnomon describe`: what there is, and what each thing says of itself."""

import inspect
import textwrap
from typing import Any

from gnomon.spec.cards import WorldCard
from gnomon.spec.catalogue import systems
from gnomon.spec.errors import UnknownName
from gnomon.spec.registry import KINDS, build, entries, load, suggest
from gnomon.spec.shelf import find_study, shipped
from gnomon.spec.study import ARCHIVE, CONTROLS, Study, read_study

WIDTH = 100


def list_(kind: str = "", /) -> None:
    """Names of worlds, learners, trials, measures and studies.

    Parameters
    ----------
    kind:
        One of: worlds, learners, trials, measures, studies. All of them if left out.
    """
    asked = (*KINDS, "studies") if not kind else (plural(kind),)
    for number, one in enumerate(asked):
        if number:
            print()
        if len(asked) > 1:
            print(one)
        short = len(asked) > 1 and one == "worlds"
        for name, summary in _rows(one):
            if not (short and name in systems()):
                print(f"  {name:<22} {summary}".rstrip())
        if short:
            print(f"  and {len(systems())} systems of the catalogue: gnomon list worlds")


def describe(name: str, /, *, kind: str = "") -> None:
    """Everything that one of them says of itself.

    Parameters
    ----------
    name:
        Of a world, learner, trial, measure or study; "package.module:attribute" needs --kind.
    kind:
        Look only among these: worlds, learners, trials, measures or studies.
    """
    places = (plural(kind),) if kind else (*KINDS, "studies")
    if ":" in name and not kind:
        raise UnknownName(
            f"{name!r} may be anything; say which with --kind worlds (learners, trials, measures)"
        )
    if "studies" in places and (name.endswith(".toml") or name in shipped()):
        return _show_study(read_study(find_study(name)))
    for one in places:
        if one != "studies" and (":" in name or name in entries(one)):
            made = one == "worlds" and name != ARCHIVE  # files have a card of their own once they are named
            return _show_world(build(one, name).card) if made else _show_part(one, name)
    known = {n: None for one in places for n, _ in _rows(one)}
    raise UnknownName(f"nothing is named {name!r}; {suggest(name, known)}")


def plural(kind: str) -> str:
    """`worlds` of `world` or `worlds`, and so on."""
    kinds = (*KINDS, "studies")
    for one in kinds:
        if kind in (one, one[:-1]) or (kind == "study" and one == "studies"):
            return one
    raise UnknownName(f"no kind of thing named {kind!r}; {suggest(kind, kinds)}")


def _rows(kind: str) -> list[tuple[str, str]]:
    if kind == "studies":
        return [(name, read_study(path).question) for name, path in shipped().items()]
    return [(name, entry.summary) for name, entry in entries(kind).items()]


def _show_world(card: WorldCard) -> None:
    print(f"{card.name}  ({card.rung}, version {card.version})")
    print(textwrap.fill(card.summary, WIDTH))
    print(f"\n  time step        {_with_units(card.dt, card.time_units)}")
    print(f"  Lyapunov time    {_with_units(card.timescale, card.time_units)}")
    print("\n  variable   units  shape        scale      observation error")
    for v in card.variables:
        shape = "x".join(map(str, v.shape)) or "scalar"
        print(f"  {v.name:<10} {v.units:<6} {shape:<12} {v.scale:<10.4g} {v.obs_error:.4g}")
    print("\n  knob       default    trained on           meaning")
    for k in card.knobs:
        span = f"{k.low:g} .. {_with_units(k.high, k.units)}"
        print(f"  {k.name:<10} {k.default:<10g} {span:<20} {k.meaning}")
    if card.limits:
        _bullets("what it cannot tell", card.limits)
    if card.facts:
        print("\n  known facts")
    for f in card.facts:
        error = "" if f.error is None else f" +- {f.error:g}"
        at = "".join(f" at {knob} {value:g}" for knob, value in f.at.items())
        units = "" if f.units == "1" else f" {f.units}"
        print(f"  {f.name + at:<34} {f.value:g}{error}{units}   [{f.source}]")
    _bullets("references", card.references)


def _show_part(kind: str, name: str) -> None:
    factory = load(kind, name)
    print(f"{name}  ({kind[:-1]}, version {getattr(factory, 'version', '?')})")
    print(inspect.cleandoc(factory.__doc__ or entries(kind)[name].summary))
    for field in ("question", "headline", "measures", "units", "null", "role", "reference"):
        said = getattr(factory, field, None)
        if isinstance(said, str | tuple) and said:
            print(f"\n  {field:<10} {said if isinstance(said, str) else ', '.join(said)}", end="")
    print()
    rows = [_argument(p) for p in inspect.signature(factory).parameters.values()]
    _bullets("arguments", rows)


def _argument(parameter: inspect.Parameter) -> str:
    hint: Any = parameter.annotation
    shown = getattr(hint, "__name__", str(hint)) if hint is not parameter.empty else "any"
    default = "required" if parameter.default is parameter.empty else f"default {parameter.default!r}"
    return f"{parameter.name:<18} {shown:<14} {default}"


def _show_study(study: Study) -> None:
    learners = [r.shown for r in study.learners]
    controls = [name for name in CONTROLS if name not in {r.kind for r in study.learners}]
    cases = len(study.worlds) * (len(learners) + len(controls)) * len(study.trials) * len(study.seeds)
    print(study.name)
    print(textwrap.fill(study.question, WIDTH))
    print(f"\n  worlds     {', '.join(r.shown for r in study.worlds)}")
    print(f"  learners   {', '.join(controls + learners)}")
    print(f"  trials     {', '.join(t.kind for t in study.trials)}")
    print(f"  seeds      {', '.join(map(str, study.seeds))}")
    rule = study.rule
    print(f"  rule       {rule.kind}, threshold {rule.threshold:g}, alpha {rule.alpha:g}")
    print(f"  cases      {cases}")


def _with_units(value: float, units: str) -> str:
    return f"{value:g}" if units == "1" else f"{value:g} {units}"


def _bullets(title: str, rows: tuple[str, ...] | list[str]) -> None:
    if rows:
        print(f"\n  {title}")
    for row in rows:
        print(f"    {row}")
