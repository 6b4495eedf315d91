"""A study: a question, the cases that answer it and the rule that decides, fixed before the runs."""

import functools
import itertools
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from gnomon.spec.errors import BadSpec, GnomonError
from gnomon.spec.identity import canonical, identity
from gnomon.spec.lines import Path as KeyPath
from gnomon.spec.lines import line_of
from gnomon.spec.registry import build, entries, load, suggest, typed_arguments
from gnomon.spec.versions import ENGINE
from gnomon.spec.wrappers import inner_versions

BROUGHT = (
    "user",
    "files",
    "collection",
    "neuralgcm",
)  # subjects made elsewhere: their identity is their bytes
FOREIGN = ("user", "files")  # of these, somebody else's code or files: they need trust
ARCHIVE = "archive"  # the world that is files: nothing of it can be made, planned or run again
CONTROLS = ("perfect", "null")  # in every study, so that every table carries its own test


class Ref(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A registered name (or "package.module:attribute") and its arguments."""

    kind: str
    args: dict[str, Any] = {}
    label: str = ""

    @property
    def shown(self) -> str:
        """The name used in tables."""
        return self.label or self.kind


class TrialRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A trial, its arguments, and the measures asked of it (empty: the trial's own)."""

    kind: str
    args: dict[str, Any] = {}
    measures: tuple[Ref, ...] = ()


class DataPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much training data every learner gets, over the declared range of every knob.

    Attributes:
        trajectories: for training; knob values spread over the declared range, steady and slowly varying.
        validation: further trajectories, for choosing hyper-parameters and nulls.
        steps: observations in each.
        knobs: "range", or "default" for data at the default knobs only, as most publications have them; then responses
            and shifts ask of a learner what it never saw.
    """

    trajectories: int = 24
    validation: int = 8
    steps: int = 500
    knobs: Literal["range", "default"] = "range"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one task may take; beyond it the case ends as `timeout` or `memory`.

    The memory is that of the worker; in the caller's own process (no workers), what the study adds to it.
    """

    seconds: float = 1800.0
    memory_gb: float = 12.0


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the question is answered.

    Attributes:
        kind: "first_failure": for each learner, the first rung where the upper bound of fidelity of a headline
            measure lies below `threshold`; "beats": whether `subject` beats each of the others.
    """

    kind: Literal["first_failure", "beats"] = "first_failure"
    threshold: float = 0.5
    subject: str | None = None
    alpha: float = 0.05


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One cell of work: everything that decides its numbers, as plain data with defaults filled in.

    `versions` holds the version of every component, `model` the identity of a user's own model (its source
    bytes and declared artifacts); both are part of the identity.
    """

    world: Ref
    learner: Ref
    trial: TrialRef
    data: DataPlan
    seed: int = 0
    precision: Literal["float32", "float64"] = "float64"
    versions: dict[str, int] = {}
    model: str = ""

    @property
    def id(self) -> str:
        """The case's content address; labels are for people and do not count."""
        return identity("case", _unlabelled(self))


class Study(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Plain data of a study file. `cases()` multiplies it out."""

    name: str
    question: str
    worlds: tuple[Ref, ...]
    learners: tuple[Ref, ...]
    trials: tuple[TrialRef, ...]
    seeds: tuple[int, ...] = (0,)
    data: DataPlan = DataPlan()
    precision: Literal["float32", "float64"] = "float64"
    rule: Rule = Rule()
    limits: Limits = Limits()
    references: tuple[str, ...] = ()

    def cases(self) -> Iterator[Case]:
        """Every case, controls included, in ladder order; BadSpec where the study cannot be run as it says."""
        for _, wrong in problems(self):
            raise BadSpec(f"study {self.name!r}: {wrong}")
        for _, wrong in twins(self):
            raise BadSpec(f"study {self.name!r}: {wrong}")
        named = {ref.kind for ref in self.learners}
        controls = tuple(Ref(kind=name) for name in CONTROLS if name not in named)
        for world, learner, trial, seed in itertools.product(
            self.worlds, controls + self.learners, self.trials, self.seeds
        ):
            yield make_case(world, learner, trial, data=self.data, seed=seed, precision=self.precision)


def make_case(
    world: Ref, learner: Ref, trial: TrialRef, *, data: DataPlan, seed: int, precision: str, model: str = ""
) -> Case:
    """A case with every argument typed, defaulted and versioned."""
    full_world = _full("worlds", world)
    full_learner = _full("learners", learner)
    built = build("trials", trial.kind, trial.args)
    version, rung, card, unasked = _world_told(canonical(full_world))
    own = built.measures_on.get(rung, built.measures)
    asked = trial.measures or tuple(Ref(kind=name) for name in own)
    full_trial = TrialRef(
        kind=trial.kind,
        args=typed_arguments("trials", trial.kind, trial.args),
        measures=tuple(_full("measures", m) for m in asked),
    )
    versions = {
        "engine": ENGINE,
        f"worlds:{world.kind}": version,
        f"worlds:{world.kind} card": card,
        f"learners:{learner.kind}": load("learners", learner.kind).version,
        f"trials:{trial.kind}": built.version,
    }
    if trial.kind in unasked:  # a refusal is a result: it must not answer a world that is asked later
        versions[f"trials:{trial.kind} refused"] = 1
    versions |= inner_versions(full_learner.args)
    for m in asked:
        versions[f"measures:{m.kind}"] = load("measures", m.kind).version
    if learner.kind in BROUGHT and not model:
        model = build("learners", learner.kind, learner.args).identity()
    return msgspec.convert(
        dict(
            world=full_world,
            learner=full_learner,
            trial=full_trial,
            data=data,
            seed=seed,
            precision=precision,
            versions=versions,
            model=model,
        ),
        Case,
        from_attributes=True,
    )


def read_study(path: Path) -> Study:
    """A study from its TOML file; an error names the file, the line and the key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadSpec(f"cannot read study {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadSpec(f"study {path} is not a text file in UTF-8: {error.reason}") from None
    if text.startswith("\ufeff"):
        raise BadSpec(
            f"{path.name}, line 1: begins with a byte-order mark (BOM), which TOML forbids; "
            "save the file as UTF-8 without BOM"
        )
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSpec(f"{path.name}: {error}") from None
    for where, wrong in _raw_problems(raw, ()):
        raise BadSpec(f"{_place(path, text, where)}: {wrong}")
    try:
        study = msgspec.convert(raw, Study)
    except msgspec.ValidationError as error:
        raise BadSpec(_locate(path, text, str(error))) from None
    for where, wrong in problems(study):
        raise BadSpec(f"{_place(path, text, where)}: {wrong}")
    return study


def check_arguments(path: Path, study: Study) -> None:
    """Make every part of a study once, so that a wrong argument is an error with the line of its table.

    This imports the code that the study names; trust is the caller's concern.
    """
    text = path.read_text(encoding="utf-8")
    for where, kind, ref in _refs(study):
        try:
            made = build(kind, ref.kind, ref.args)
            if kind == "learners" and ref.kind in BROUGHT:
                made.identity()  # reads the files that it names
            elif hasattr(made, "check"):
                made.check()  # what no fit could use
        except (GnomonError, ValueError, ArithmeticError) as error:
            named = [key for key in ref.args if re.search(rf"\b{re.escape(key)}\b", str(error))]
            place = _place(path, text, (*where, "args", *named[:1]))
            what = str(error) if isinstance(error, GnomonError) else f"{kind[:-1]} {ref.kind!r}: {error}"
            raise BadSpec(f"{place}: {what}") from None
    for where, wrong in twins(study):
        raise BadSpec(f"{_place(path, text, where)}: {wrong}")


def problems(study: Study) -> Iterator[tuple[KeyPath, str]]:
    """(where, what) of everything in a study that can be seen to be wrong without making any part of it."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}", study.name):
        yield ("name",), f"study name {study.name!r} may hold letters, digits, '_', '.' and '-' only"
    for what in ("worlds", "learners", "trials", "seeds"):
        if not getattr(study, what):
            yield (what,), f"{what!r} is empty; a study needs at least one"
    for where, kind, ref in _refs(study):
        if ":" in ref.kind:
            if not re.fullmatch(r"\w+(\.\w+)*:\w+", ref.kind):
                yield (*where, "kind"), f"expected a name or package.module:attribute, got {ref.kind!r}"
        elif ref.kind not in entries(kind):
            yield (*where, "kind"), f"no {kind[:-1]} named {ref.kind!r}; {suggest(ref.kind, entries(kind))}"
    for i, trial in enumerate(study.trials):
        for k, shown in _repeated([m.shown for m in trial.measures]):
            yield (
                ("trials", i, "measures", k),
                f"measure {shown!r} is asked for twice; give one another label",
            )
    for i, seed in _repeated(list(study.seeds)):
        yield ("seeds", i), f"seed {seed} is given twice; every seed is a new truth, so give different ones"
    for i, seed in enumerate(study.seeds):
        if not 0 <= seed < 2**31:
            yield (
                ("seeds", i),
                f"seeds must lie between 0 and 2147483647, got {seed}; choose a smaller number",
            )
    for key, least in {"trajectories": 1, "validation": 1, "steps": 2}.items():
        got = getattr(study.data, key)
        if got < least:
            yield ("data", key), f"{key} must be at least {least}, got {got}; leave it out for the default"
    for key in ("seconds", "memory_gb"):
        got = getattr(study.limits, key)
        if not (math.isfinite(got) and got > 0):
            yield (
                ("limits", key),
                f"{key} must be finite and above 0, got {got:g}; leave it out for the default",
            )
    yield from _rule_problems(study)


def twins(study: Study) -> Iterator[tuple[KeyPath, str]]:
    """Worlds, learners and trials that are one and the same once defaults are filled in and labels left out."""
    for kind in ("worlds", "learners"):
        full = [canonical([r.kind, typed_arguments(kind, r.kind, r.args)]) for r in getattr(study, kind)]
        for i, _ in _repeated(full):
            ref = getattr(study, kind)[i]
            yield (
                (kind, i),
                f"{kind[:-1]} {ref.shown!r} is the same as one before it (a label makes no difference); "
                "give them different arguments or leave one out",
            )
    asked = [canonical([t.kind, typed_arguments("trials", t.kind, t.args), t.measures]) for t in study.trials]
    for i, _ in _repeated(asked):
        yield (
            ("trials", i),
            f"trial {study.trials[i].kind!r} is asked for twice; give them different arguments or leave one out",
        )


def _rule_problems(study: Study) -> Iterator[tuple[KeyPath, str]]:
    rule = study.rule
    known = [name for r in study.learners for name in (r.label, r.kind) if name] + list(CONTROLS)
    if rule.subject is not None and rule.subject not in known:
        yield (
            ("rule", "subject"),
            f"subject {rule.subject!r} is none of the study's learners; {suggest(rule.subject, known)}",
        )
    if rule.kind == "beats" and rule.subject is None:
        yield ("rule",), 'rule "beats" needs a subject: the label or the kind of one of the learners'
    if not math.isfinite(rule.threshold):
        yield ("rule", "threshold"), f"threshold must be finite, got {rule.threshold}; 0.5 is the default"
    if not 0 < rule.alpha < 1:
        yield ("rule", "alpha"), f"alpha must lie between 0 and 1, got {rule.alpha:g}; 0.05 is the default"


def _raw_problems(node: Any, where: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """What the data model could not say as plainly: single brackets, and numbers that are none."""
    if isinstance(node, dict):
        for key, value in node.items():
            table = not where or (where[0] == "trials" and len(where) == 2 and key == "measures")
            if table and key in ("worlds", "learners", "trials", "measures") and isinstance(value, dict):
                full = ".".join(str(k) for k in (*where[:1], key))
                yield (
                    (*where, key),
                    f"expected a list of tables, [[{full}]], got one, [{full}]; double the brackets",
                )
            yield from _raw_problems(value, (*where, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _raw_problems(value, (*where, i))
    elif isinstance(node, float) and not math.isfinite(node):
        key = next((str(k) for k in reversed(where) if isinstance(k, str)), "")
        yield where, f"{key} is {node}; expected a finite number"


def _refs(study: Study) -> Iterator[tuple[KeyPath, str, Ref | TrialRef]]:
    """(where, kind of registry, reference) of every part that a study names."""
    for kind in ("worlds", "learners", "trials"):
        for i, ref in enumerate(getattr(study, kind)):
            yield (kind, i), kind, ref
    for i, trial in enumerate(study.trials):
        for k, ref in enumerate(trial.measures):
            yield ("trials", i, "measures", k), "measures", ref


def _repeated(values: list[Any]) -> Iterator[tuple[int, Any]]:
    """Index and value of everything that was there before."""
    for i, value in enumerate(values):
        if value in values[:i]:
            yield i, value


@functools.lru_cache(maxsize=256)
def _world_told(ref: bytes) -> tuple[int, str, int, frozenset[str]]:
    """Version, rung, content and refused trials of a world's card (the world is built for it, so once is enough)."""
    plain = msgspec.json.decode(ref)
    card = build("worlds", plain["kind"], plain["args"]).card
    return card.version, card.rung, int(identity("card", card.decisive())[:12], 16), frozenset(card.unasked)


def _full(kind: str, ref: Ref) -> Ref:
    return Ref(kind=ref.kind, args=typed_arguments(kind, ref.kind, ref.args), label=ref.label)


def _unlabelled(case: Case) -> Any:
    plain = msgspec.to_builtins(case)

    def strip(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: strip(v) for k, v in node.items() if k != "label"}
        return [strip(v) for v in node] if isinstance(node, list) else node

    return strip(plain)


def _place(path: Path, text: str, where: KeyPath) -> str:
    """The file, and the line of a key or of the nearest table around it."""
    line = line_of(text, where)
    return path.name if line is None else f"{path.name}, line {line}"


def _locate(path: Path, text: str, message: str) -> str:
    """What msgspec complains about, with its line and the nearest right key."""
    _, _, tail = message.partition(" - at `$")
    where: KeyPath = tuple(
        int(index) if index else key for key, index in re.findall(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]", tail)
    )
    unknown = re.search(r"unknown field `([^`]+)`", message)
    hint = ""
    if unknown:
        table = next((str(k) for k in reversed(where) if isinstance(k, str)), "")
        model = {"": Study, "trials": TrialRef, "data": DataPlan, "limits": Limits, "rule": Rule}.get(
            table, Ref
        )
        hint = f"; {suggest(unknown.group(1), sorted(model.__struct_fields__))}"
        where = (*where, unknown.group(1))
    return f"{_place(path, text, where)}: {message}{hint}"
