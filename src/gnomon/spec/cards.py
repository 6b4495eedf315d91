"""Cards: what a world or a simulator says of itself, as frozen plain data."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gnomon.spec.errors import UnknownName

RUNGS = ("flow", "network", "field", "sphere", "scene", "archive")
Rung = Literal["flow", "network", "field", "sphere", "scene", "archive"]


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A known number about a world: never a bare float, always with its error and its source.

    Attributes:
        name: what is known, as in `leading_exponent`.
        value: the number.
        error: its one-sigma uncertainty; None where the source states none (then `how` says so).
        units: of value and error.
        source: a DOI, or the command of this repository that computes it.
        how: one line on how the number was obtained.
        at: the knob values it holds for, where they are not the defaults.
    """

    name: str
    value: float
    error: float | None
    units: str
    source: str
    how: str
    at: dict[str, float] = {}


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One observed quantity.

    Attributes:
        name: key in every `Obs`.
        units: always stated; "1" for a pure number.
        shape: of one unbatched observation; () for a scalar.
        dims: one fixed word for each axis of `shape`. ("x",) is a ring and ("y", "x") a plane, where `homogeneous` says
            that they are periodic; ("lat", "lon") is the sphere of the card's `grid`.
        scale: typical standard deviation on the attractor at the default knobs; errors are divided by it.
        obs_error: standard deviation of the declared observation error.
        homogeneous: whether statistics and dynamics are the same at every point of the (periodic) axes
            when every knob that has a pattern is handed over as that pattern.
        hidden: whether it is never seen before it is told: training data hold it, no history does. A learner infers it
            from what is seen (the depth behind a picture).
    """

    name: str
    units: str
    shape: tuple[int, ...] = ()
    dims: tuple[str, ...] = ()
    scale: float
    obs_error: float
    homogeneous: bool = False
    hidden: bool = False


class Knob(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A forcing that can be turned, and the range in which learners are trained.

    Attributes:
        pattern: where the knob acts through a known field, that field (one value a grid point, the last axis fastest).
            Truth and learner are told the same: `forcing.at(t)[name]` is the amplitude, this is its shape.
        step: one step of the response ladder, in `units`; None for a third of the half range, so that the whole ladder
            lies inside what training saw. Steps that leave the range are run and scored apart.
        most: the largest value that means anything (1 for a share), None without one: beyond it nothing changes, so
            a trial that turns many knobs leaves such steps out.
    """

    name: str
    default: float
    low: float
    high: float
    units: str
    meaning: str
    pattern: tuple[float, ...] | None = None
    step: float | None = None
    most: float | None = None


class Grid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sphere's points, for variables whose last two axes are ("lat", "lon").

    Attributes:
        lat: degrees north, from south to north.
        lon: degrees east, from 0, evenly spaced.
        weights: share of the sphere's area that a row of each latitude stands for; they sum to 1.
        land: share of land at every point, latitude by latitude.
        orography: height of the ground in metres, in the same order.
        truncation: total wavenumber at which the world is cut off; None where it is not spectral.
    """

    lat: tuple[float, ...]
    lon: tuple[float, ...]
    weights: tuple[float, ...]
    land: tuple[float, ...] = ()
    orography: tuple[float, ...] = ()
    truncation: int | None = None


class Balance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An identity that every true trajectory obeys, written as a sum of monomials.

    Attributes:
        kind: "conserved": the sum (averaged over space) does not change in time;
            "stationary": the time mean of the sum is zero on the attractor.
        terms: (coefficient, factors). A factor is a variable ("x"), its n-th spatial derivative ("u:2"),
            a knob ("rho"), or a knob's pattern ("drive:pattern"). Products are averaged over space.
        scale: typical size of one instantaneous value of the sum; residuals are divided by it.
        units: of the sum.
    """

    name: str
    kind: Literal["conserved", "stationary"]
    terms: tuple[tuple[float, tuple[str, ...]], ...]
    scale: float
    units: str


class WorldCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a world is, without running it.

    Attributes:
        dt: time between two calls of `step`, in `time_units`.
        timescale: one Lyapunov time at the default knobs (1 / leading exponent), in `time_units`.
        spinup: time after which a state from `init` counts as on the attractor.
        length: of the periodic domain, in the units of space, for worlds with a spatial axis (derivatives need it); of
            both sides of a plane.
        balances: identities that hold on the attractor; `conserved` measures their violation.
        exponents: how many leading Lyapunov exponents are worth computing (enough for the dimension).
        imperfect: factory arguments that make the world's imperfect twin, the physics given to hybrids.
        grid: of worlds on the sphere.
        errors: how observation errors are drawn: "white", independent from point to point; "lagged", scaled differences
            of two states of the attractor at different times, which are balanced and grow (white noise on an
            atmosphere mostly dies). Then `obs_error / scale` is the same for all variables.
        averages: whether long runs are saved as means over the stride instead of instants.
        lanes: how many units one compiled call advances; None for all. More gain nothing on a CPU where a state is big.
        history: past observations recorded before every start.
        limits: what this world cannot tell, one sentence each; shown beside its figures.
        shown: variables that are drawn but enter no pooled error, because this world is known to have them wrong
            (what warms prescribed land, a radiative feedback without physics, levels near a lid).
        data: what files and packages the world is made from (spun-up states, boundary fields), as a content address.
        knob_of: trial -> the knob it turns, where that is not the first.
        unasked: trial -> why it is not asked of this world; its cells say `unsupported` with that reason.
        step_seconds: what one step of one unit takes on one core, for worlds so slow that a plan must count steps; 0
            for all others. A hint, and in no identity.
        version: raised whenever the numbers of the world change; part of every identity.
    """

    name: str
    rung: Rung
    summary: str
    dt: float
    time_units: str
    variables: tuple[Variable, ...]
    knobs: tuple[Knob, ...]
    timescale: float
    spinup: float
    exponents: int
    references: tuple[str, ...]
    imperfect: dict[str, Any] = {}
    length: float | None = None
    grid: Grid | None = None
    errors: Literal["white", "lagged"] = "white"
    averages: bool = False
    lanes: int | None = None
    history: int = 64
    limits: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    data: str = ""
    knob_of: dict[str, str] = {}
    unasked: dict[str, str] = {}
    balances: tuple[Balance, ...] = ()
    facts: tuple[Fact, ...] = ()
    step_seconds: float = 0.0
    version: int = 1

    def __hash__(self) -> int:  # dict fields keep msgspec from hashing; the name and version identify it
        return hash((self.name, self.version, self.dt))

    def knob(self, name: str) -> Knob:
        """The knob of that name."""
        for knob in self.knobs:
            if knob.name == name:
                return knob
        known = ", ".join(k.name for k in self.knobs)
        raise UnknownName(f"world {self.name!r} has no knob {name!r}; it has: {known}")

    def turned_by(self, trial: str) -> Knob:
        """The knob that a trial turns: the first, unless `knob_of` names another."""
        return self.knob(self.knob_of[trial]) if trial in self.knob_of else self.knobs[0]

    def fact(self, name: str) -> Fact | None:
        """The fact of that name, or None where it is not known."""
        return next((f for f in self.facts if f.name == name), None)

    def decisive(self) -> dict[str, Any]:
        """All that decides numbers, as plain data: the card without what is only said of the world.

        What came into cards later and is not used by a world is left out, so that its address is what it was. Which
        trials a world refuses decides no number of those it takes: a refused case says so in its own identity.
        """
        plain = msgspec.to_builtins(self)
        told = ("summary", "references", "facts", "limits", "unasked", "step_seconds")
        kept = {k: v for k, v in plain.items() if k not in told}
        kept["variables"] = tuple(
            {k: x for k, x in v.items() if x or k != "hidden"} for v in plain["variables"]
        )
        kept["knobs"] = tuple(
            {k: x for k, x in v.items() if x is not None or k != "most"} for v in plain["knobs"]
        )
        return kept

    @property
    def size(self) -> int:
        """How many numbers one observation holds."""
        total = 0
        for v in self.variables:
            n = 1
            for s in v.shape:
                n *= s
            total += n
        return total


class SimulatorCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a simulator needs and promises.

    Attributes:
        context: how many past observations `assimilate` wants (the last one is the present).
        stochastic: whether two runs with different keys differ.
        traceable: whether `advance` can be traced by JAX (needed for tangent dynamics).
        trained_on: knob ranges the training data spanned; empty where nothing was trained.
        period: a declared training period (first, last) in the time units of the data, where one exists.
    """

    name: str
    dt: float
    context: int
    variables: tuple[str, ...]
    knobs: tuple[str, ...]
    stochastic: bool = False
    traceable: bool = True
    trained_on: dict[str, tuple[float, float]] = {}
    period: tuple[float, float] | None = None

    def __hash__(self) -> int:
        return hash((self.name, self.dt, self.context))


Args = Mapping[str, Any]
