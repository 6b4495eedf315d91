"""The evidence of a case on files: who plays truth, floor, null and subject, and over which years and variables."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gnomon.archives import Collection
from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Evidence, Runs, Unsupported
from gnomon.core.trial import AbstractTrial
from gnomon.engine.archive_fields import Field, restricted
from gnomon.engine.archive_index import sea_index
from gnomon.engine.archive_redraw import Keep, drivers, fit_forced, kept_forever, other_order, redrawn
from gnomon.engine.archive_series import Calendar, calendar_of, field_of
from gnomon.engine.archive_world import Archive, FileCollection, experiment_for, flat_names
from gnomon.engine.bench import Bench
from gnomon.engine.scoring import Weighed
from gnomon.spec.errors import BadModel
from gnomon.spec.identity import canonical, seed_of
from gnomon.spec.registry import build
from gnomon.spec.study import Case
from gnomon.trials.criteria import ASKED, distance_of, offset_of
from gnomon.trials.nulls import NO_RESPONSE

BLOCK = 3  # years that change places together
WITHOUT = {
    "no trend": Keep(trend=False),
    "no El Nino": Keep(response=False),
}  # labels that nulls have beside "free"
MONTHS = tuple(range(1, 13))


class Held(NamedTuple):
    """One experiment of one set of files: its variables on the analysis grid, members apart.

    Attributes:
        fields: variable -> [year, member, lead, lat, lon]; all of the same years and leads.
        calendar: whole years, and the month of each lead.
    """

    fields: dict[str, Field]
    calendar: Calendar


class ArchiveStage:
    """In place of `scoring.Stage`, where the truth is files. Nothing is read before a measure asks for it."""

    def __init__(self, bench: Bench, case: Case, trial: AbstractTrial, world: Archive):
        self._bench, self._case, self.card = bench, case, world.card
        self._world = world
        self._labels = ASKED.get(case.trial.kind, ())
        self._learner = build("learners", case.learner.kind, case.learner.args)
        self._subject = _files_of(self._learner, case)
        self._log = self._learner.log(self.card) if self._subject is not None else {}
        self._evidence: dict[tuple[str, str], Evidence] = {}
        self._pairs: dict[str, tuple[Held, Held | None] | Unsupported] = {}
        for label in self._labels:
            self._pairs[label] = self._pair(label)
        self._same_years()

    def evidence(self, role: str, null: str = "") -> Evidence:
        """Everything a measure may look at for one role ("null" and "null control" of the named null)."""
        if (role, null) not in self._evidence:
            runs = {label: self._runs(label, role, null) for label in self._labels}
            if null == NO_RESPONSE and "free" in runs:
                runs |= {k: self._null("free", null, role, k) for k in WITHOUT}
            log = self._log if role == "subject" else {}
            self._evidence[role, null] = Evidence(card=self.card, runs=runs, design=self._design(), fit=log)
        return self._evidence[role, null]

    def remember(self, key: tuple[Any, ...], make: Callable[[], Weighed]) -> Weighed:
        """What does not depend on the subject but for the years and variables it shares with the reference."""
        case = self._case
        found = {
            label: None if isinstance(p, Unsupported) else [p[0].calendar.years.tolist(), sorted(p[0].fields)]
            for label, p in self._pairs.items()
        }
        shared = (case.world, case.trial.kind, case.seed, case.precision, self.card.version, found)
        return self._bench.remember((canonical(shared), *key), make)

    def _pair(self, label: str) -> tuple[Held, Held | None] | Unsupported:
        """Reference and subject of a label, cut to the years and variables that both hold."""
        world, days = self._world, label == "daily"
        warmed = label == "control" or offset_of(label) is not None
        files = world.warmed_collection if warmed else world.collection
        asked = "" if warmed and world.warmed else world.experiment
        truth = self._held("reference", self.card.version, files, label, asked, days=days)
        if isinstance(truth, str):
            return Unsupported(label, f"the reference has no such files: {truth}")
        if self._subject is None:
            return truth, None
        asked = self._learner.experiment if isinstance(self._learner, FileCollection) else ""
        own = self._held("files", self._case.model, self._subject, label, asked, days=days)
        if isinstance(own, str):
            return Unsupported(label, f"the files hold no such runs: {own}")
        return shared(label, truth, own)

    def _held(
        self, side: str, content: Any, files: Collection, label: str, asked: str, *, days: bool
    ) -> Held | str:
        """Looked up once in a process for each experiment: times of many files take a while to read."""
        experiment = experiment_for(files, label, asked)
        key = ("held", side, content, files.where, experiment or label, days, self._world.degrees)
        return self._bench.remember(key, lambda: held(files, label, self._world.grid, asked, days=days))

    def _same_years(self) -> None:
        """Warmed runs and their baseline are cut to the same years."""
        keys = [k for k in self._labels if k == "control" or offset_of(k) is not None]
        there = {k: p for k in keys if not isinstance(p := self._pairs[k], Unsupported)}
        if len(there) < 2 or "control" not in there:
            return
        common = there["control"][0].calendar.years
        for truth, _ in there.values():
            common = np.intersect1d(common, truth.calendar.years)
        for label, (truth, own) in there.items():
            self._pairs[label] = cut(truth, common), None if own is None else cut(own, common)

    def _runs(self, label: str, role: str, null: str) -> Runs | Unsupported:
        pair = self._pairs[label]
        if isinstance(pair, Unsupported):
            return pair
        truth, own = pair
        if role == "truth":
            return packed(label, _members(truth, "truth"))
        if role == "floor":
            return self._floor(label, truth, "floor")
        if role == "subject":
            if own is not None:
                return packed(label, own.fields)
            if isinstance(self._learner, AbstractControl) and _is_perfect(self._learner):
                return self._floor(label, truth, "perfect")
            return Unsupported(
                label, f"{self._case.learner.shown!r} needs a world that can be run; files cannot"
            )
        return self._null(label, null, role)

    def _floor(self, label: str, truth: Held, role: str) -> Runs | Unsupported:
        """Another member, or the reference's own years in another order."""
        found = _members(truth, role)
        if found:
            return packed(label, found)
        years = len(truth.calendar.years)
        if years < 2:
            return Unsupported(label, "the reference has one member and one year: nothing sets a floor")
        return packed(label, self._redrawn(label, truth, role, keep=Keep(), of=label))

    def _null(self, label: str, null: str, role: str, without: str = "") -> Runs | Unsupported:
        """Ignorance: each year's first state for ever, or the reference's own years without what is forced.

        A model without response has its baseline's climate whatever the sea does. What does not respond to El Nino may
        still have a trend, and the other way round: `without` is one of `WITHOUT`, or "" for neither.
        """
        of = "control" if offset_of(label) is not None else label
        pair = self._pairs[of]
        if isinstance(pair, Unsupported):
            return pair
        if null == "frozen":
            kept = _members(pair[0], "truth")
            return packed(label, {k: kept_forever(f, shift=int(role != "null")) for k, f in kept.items()})
        if null != NO_RESPONSE:
            return Unsupported(label, f"files offer no {null.replace('_', ' ')}")
        keep = Keep() if of == "control" else WITHOUT.get(without, Keep(trend=False, response=False))
        return packed(without or label, self._redrawn(label, pair[0], role, keep=keep, of=of))

    def _redrawn(self, label: str, truth: Held, role: str, *, keep: Keep, of: str) -> dict[str, Field]:
        """The reference's years, those behind the label `of`, in an order of their own for each label and role."""
        years, leads = truth.calendar.years, len(truth.calendar.months)
        rng = np.random.default_rng(seed_of("redraw", role, label, self._case.seed))
        order = other_order(len(years), BLOCK if len(years) >= 4 * BLOCK else 1, rng)
        daily = label == "daily"
        known = drivers(years, leads, None if daily else self._index(years))
        out = {}
        for name, field in _members(truth, "truth").items():
            forced = None if daily else self._forced(of, truth, name)
            one = restricted(field, members=np.array([0]))
            out[name] = redrawn(one, order, known, forced, keep=keep)
        return out

    def _forced(self, label: str, truth: Held, name: str) -> Any:
        years = truth.calendar.years
        key = ("forced", self._world.path, self.card.version, label, name, tuple(years.tolist()))
        known = drivers(years, len(truth.calendar.months), self._index(years))
        return _Late(
            lambda: self._bench.remember(key, lambda: fit_forced(_members(truth, "truth")[name], known))
        )

    def _index(self, years: np.ndarray) -> np.ndarray | None:
        index = self._design()["index"]
        if isinstance(index, str):
            return None
        place = {y: i for i, y in enumerate(index["years"])}
        if any(int(y) not in place for y in years):
            return None
        return np.array([index["values"][place[int(y)]] for y in years])

    def _design(self) -> Mapping[str, Any]:
        """What measures need to know of the runs."""
        pairs = {k: p for k, p in self._pairs.items() if not isinstance(p, Unsupported)}
        offsets = {k: o for k in self._labels if (o := offset_of(k)) is not None}
        daily = pairs.get("daily")
        years = {k: tuple(p[0].calendar.years.tolist()) for k, p in pairs.items()}
        return {
            "years": years | ({k: years["free"] for k in WITHOUT} if "free" in years else {}),
            "months": MONTHS if daily is None else tuple(daily[0].calendar.months.tolist()),
            "index": self._bench.remember(("index", self._world.path, self.card.version), self._sea),
            "offsets": offsets,
            "distances": {k: distance_of(o) for k, o in offsets.items()},
        }

    def _sea(self) -> Any:
        world = self._world
        return sea_index(world.collection, world.baseline(), world.grid)


class _Late:
    """A fit that is made when its maps are first asked for."""

    def __init__(self, make: Callable[[], Any]):
        self._make = make

    @property
    def trend(self) -> np.ndarray:
        return self._make().trend

    @property
    def response(self) -> np.ndarray:
        return self._make().response


def held(files: Collection, label: str, grid: Any, asked: str, *, days: bool) -> Held | str:
    """The experiment behind a label on the analysis grid, or why there is none."""
    experiment = experiment_for(files, label, asked)
    if experiment is None:
        return (
            f"{label.removeprefix('shift')} K, as aimip-p{label[-1]}k or amip-p{label[-1]}K; held: "
            + ", ".join(files.experiments)
        )
    if days and "day" not in files.frequencies(experiment):
        return f"{experiment} holds no daily means"
    names = flat_names(files, experiment, days=days)
    if not names:
        return f"{experiment} holds no variable that is known"
    members = files.members(experiment)
    known = calendar_of(files, experiment, names, days=days)
    fields = {n: field_of(files, experiment, members, n, grid, known, days=days) for n in names}
    return Held(fields, known)


def shared(label: str, truth: Held, own: Held) -> tuple[Held, Held] | Unsupported:
    """Both cut to what both hold, so that every role is judged on the same years and variables."""
    years = np.intersect1d(truth.calendar.years, own.calendar.years)
    names = [n for n in truth.fields if n in own.fields]
    if not len(years):
        return Unsupported(
            label, f"no year in both: the reference has {_span(truth)}, the files {_span(own)}"
        )
    if not names:
        return Unsupported(
            label,
            f"no variable in both: the reference has {', '.join(truth.fields)}, the files {', '.join(own.fields)}",
        )
    days = [len(h.calendar.months) for h in (truth, own)]
    if days[0] != days[1]:
        return Unsupported(label, f"years of {days[0]} days in the reference, of {days[1]} in the files")
    pick = {n: truth.fields[n] for n in names}, {n: own.fields[n] for n in names}
    return cut(truth._replace(fields=pick[0]), years), cut(own._replace(fields=pick[1]), years)


def cut(held_: Held, years: np.ndarray) -> Held:
    """Only some years of it."""
    places = np.flatnonzero(np.isin(held_.calendar.years, years))
    fields = {n: restricted(f, units=places) for n, f in held_.fields.items()}
    return Held(fields, held_.calendar._replace(years=held_.calendar.years[places]))


def packed(label: str, fields: Mapping[str, Field]) -> Runs:
    """As measures read it: units are years, leads the steps of a year."""
    units, members, leads = next(iter(fields.values())).shape[:3]
    time = (np.arange(leads) + 0.5) * (365.25 / leads)
    return Runs(
        label=label, obs=dict(fields), time=time, forcing={}, diverged=np.full((units, members), -1),  # type: ignore[arg-type]
        exponents=None, initial={}, cost={},
    )  # fmt: skip


def _members(truth: Held, role: str) -> dict[str, Field]:
    """Whose members of the reference are whose: the last is the perfect model, the one before it the floor.

    With two, the second is the floor; with one, nobody has any but the truth.
    """
    count = next(iter(truth.fields.values())).shape[1]
    kept = {"truth": max(1, count - 2), "floor": count - 2 if count > 2 else 1, "perfect": count - 1}[role]
    if role == "truth":
        chosen = np.arange(kept)
    elif (role == "floor" and count < 2) or (role == "perfect" and count < 3):
        return {}
    else:
        chosen = np.array([kept])
    return {n: restricted(f, members=chosen) for n, f in truth.fields.items()}


def _files_of(learner: Any, case: Case) -> Collection | None:
    if not isinstance(learner, FileCollection):
        return None
    if learner.identity() != case.model:
        raise BadModel(
            f"the files of {case.learner.shown!r} have changed since this case was planned; run it again"
        )
    return learner.opened()


def _is_perfect(learner: AbstractControl) -> bool:
    return learner.role == "control" and not learner.is_null and not learner.is_imperfect


def _span(one: Held) -> str:
    years = one.calendar.years
    return f"{years[0]}-{years[-1]}" if len(years) else "no whole year"
