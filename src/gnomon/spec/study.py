"""A study: a question, the cases that answer it and the rule that decides, fixed before the runs."""

import functools
import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import canonical, identity
from gnomon.spec.registry import build, load, suggest, typed_arguments

BROUGHT = ("user", "files")  # subjects made elsewhere: their identity is their bytes
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
    """

    trajectories: int = 24
    validation: int = 8
    steps: int = 500


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one task may take; beyond it the case ends as `timeout` or `memory`."""

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
        """Every case, controls included, in ladder order."""
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
    asked = trial.measures or tuple(Ref(kind=name) for name in built.measures)
    full_trial = TrialRef(
        kind=trial.kind,
        args=typed_arguments("trials", trial.kind, trial.args),
        measures=tuple(_full("measures", m) for m in asked),
    )
    versions = {
        f"worlds:{world.kind}": _world_version(canonical(full_world)),
        f"learners:{learner.kind}": load("learners", learner.kind).version,
        f"trials:{trial.kind}": built.version,
    }
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
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSpec(f"{path.name}: {error}") from None
    try:
        study = msgspec.convert(raw, Study)
    except msgspec.ValidationError as error:
        raise BadSpec(_locate(path.name, text, str(error))) from None
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}", study.name):
        raise BadSpec(
            f"{path.name}: study name {study.name!r} may hold letters, digits, '_', '.' and '-' only"
        )
    for what in ("worlds", "learners", "trials", "seeds"):
        if not getattr(study, what):
            raise BadSpec(f"{path.name}: {what!r} is empty; a study needs at least one")
    return study


@functools.lru_cache(maxsize=256)
def _world_version(ref: bytes) -> int:
    """The version on a world's card (which needs the world to be built, so once is enough)."""
    plain = msgspec.json.decode(ref)
    return build("worlds", plain["kind"], plain["args"]).card.version


def _full(kind: str, ref: Ref) -> Ref:
    return Ref(kind=ref.kind, args=typed_arguments(kind, ref.kind, ref.args), label=ref.label)


def _unlabelled(case: Case) -> Any:
    plain = msgspec.to_builtins(case)

    def strip(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: strip(v) for k, v in node.items() if k != "label"}
        return [strip(v) for v in node] if isinstance(node, list) else node

    return strip(plain)


def _locate(name: str, text: str, message: str) -> str:
    """Add the line of the key that msgspec complains about, and the nearest right key."""
    unknown = re.search(r"unknown field `([^`]+)`", message)
    path_keys = (
        re.findall(r"\.([A-Za-z_][A-Za-z0-9_]*)", message.split(" - at ")[-1]) if " - at " in message else []
    )
    key = unknown.group(1) if unknown else (path_keys[-1] if path_keys else None)
    line = ""
    if key is not None:
        for number, row in enumerate(text.splitlines(), 1):
            if re.match(rf"\s*(\[+\s*)?([A-Za-z_.]*\.)?{re.escape(key)}\b", row) or re.search(
                rf"[{{,]\s*{re.escape(key)}\s*=", row
            ):
                line = f", line {number}"
                break
    hint = ""
    if unknown:
        fields = {f for s in (Study, Ref, TrialRef, DataPlan, Limits, Rule) for f in s.__struct_fields__}
        hint = f"; {suggest(unknown.group(1), sorted(fields))}"
    return f"{name}{line}: {message}{hint}"
