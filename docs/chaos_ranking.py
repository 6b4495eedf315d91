"""Numbers behind docs/chaos.md: shares of the twin's horizon, pairs of learners over flows, champions, correlations."""

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from scipy import stats

from gnomon.core.forcing import Forcing
from gnomon.engine.bench import Bench
from gnomon.inference.compare import holm
from gnomon.spec.registry import build
from gnomon.spec.results import Result
from gnomon.spec.study import Case
from gnomon.store.results import Store

RULE = "valid_time"
TWIN, CONTROLS = "perfect", ("perfect", "null")
# What is built on knowledge of dynamics, and what would learn anything; the rest is a baseline.
GIVEN_PHYSICS = ("hybrid", "hybrid_echo_state", "hybrid_of", "corrected_physics")
KNOWING = (
    "dmd", "havok", "resdmd", "sindy", "nvar", "echo_state", "neural_ode", "neural_sde", "hamiltonian_network",
    *GIVEN_PHYSICS,
)  # fmt: skip
LARGE = (
    "residual", "nbeats", "transformer", "lstm", "mamba", "spacetime", "phyxmamba", "stnn", "shallow_plrnn",
    "almost_linear_rnn", "pretrained",
)  # fmt: skip
FEWEST = 4  # flows in common, for a test over flows


class Flow(NamedTuple):
    """What is known of one flow.

    Attributes:
        valid: learner -> seed -> mean valid time, in Lyapunov times.
        starts: learner -> seed -> valid time of each start; starts are the same for all learners.
        numbers: learner -> how many numbers a fit keeps.
        seconds: learner -> median seconds to fit.
        observations: in a Lyapunov time.
        polynomial: whether the equations are polynomials of low degree.
    """

    valid: dict[str, dict[int, float]]
    starts: dict[str, dict[int, np.ndarray]]
    numbers: dict[str, int]
    seconds: dict[str, float]
    observations: float
    polynomial: bool

    def mean(self, learner: str) -> float:
        """Valid time over the learner's seeds."""
        return float(np.mean(list(self.valid[learner].values())))


class Bout(NamedTuple):
    """One flow of the contest: two champions, and by how much the first is ahead in shares of the twin."""

    flow: str
    knows: str
    scale: str
    gap: float


class Field(NamedTuple):
    """All flows, by name."""

    flows: dict[str, Flow]

    def share(self, learner: str, flow: str) -> float | None:
        """Of the twin's valid time, over the seeds that both have."""
        valid = self.flows[flow].valid
        own, twin = valid.get(learner, {}), valid.get(TWIN, {})
        seeds = sorted(set(own) & set(twin))
        if not seeds:
            return None
        return float(np.mean([own[s] for s in seeds]) / np.mean([twin[s] for s in seeds]))

    def ranked(self) -> list[str]:
        """Learners that ran on all flows, the best mean share first: only they can be ranked."""
        return [n for n in self._ordered() if len(self.shares(n)) == len(self.flows)]

    def others(self) -> list[str]:
        """Learners that some flow lacks."""
        return [n for n in self._ordered() if 0 < len(self.shares(n)) < len(self.flows)]

    def _ordered(self) -> list[str]:
        names = {n for flow in self.flows.values() for n in flow.valid} - set(CONTROLS)
        return sorted(names, key=lambda n: (-float(np.mean(self.shares(n) or [0.0])), n))

    def shares(self, learner: str) -> list[float]:
        """Over the flows on which it ran."""
        return [s for f in self.flows if (s := self.share(learner, f)) is not None]


def field_of(store: Store, found: Sequence[Result]) -> Field:
    """From the results of forecasts, each by its flow, learner and seed."""
    bench = Bench(store)
    grouped: dict[str, dict[str, list[Result]]] = defaultdict(lambda: defaultdict(list))
    for r in sorted(found, key=lambda r: r.case["seed"]):
        if any(s.measure == RULE and s.value.value is not None for s in r.scores):
            name = r.case["learner"]["label"] or r.case["learner"]["kind"]
            grouped[r.case["world"]["kind"]][name].append(r)
    flows = {}
    for world, by in grouped.items():
        one = next(iter(by.values()))[0]
        card = build("worlds", world, one.case["world"]["args"]).card
        flows[world] = Flow(
            valid={n: {r.case["seed"]: _value(r) for r in rs} for n, rs in by.items()},
            starts={n: {r.case["seed"]: _starts(store, r) for r in rs} for n, rs in by.items()},
            numbers={n: numbers_of(bench, rs[0]) for n, rs in by.items() if rs[0].learned},
            seconds={n: float(np.median([_seconds(r) for r in rs])) for n, rs in by.items() if rs[0].learned},
            observations=card.timescale / card.dt,
            polynomial=is_polynomial(world),
        )
    return Field(flows)


def in_common(field: Field) -> tuple[Field, list[str]]:
    """The flows on which at least half as many learners ran as on the fullest, and the names of the flows left out.

    A flow that a study has only begun would otherwise leave no learner complete.
    """
    count = {f: sum(field.share(n, f) is not None for n in v.valid) for f, v in field.flows.items()}
    most = max(count.values(), default=0)
    kept = {f: v for f, v in field.flows.items() if count[f] and 2 * count[f] >= most}
    return Field(kept), [f for f in field.flows if f not in kept]


def group_of(name: str) -> str:
    """What a learner is built on, by its kind."""
    kind = name.split(",")[0]
    return next((g for g, names in (("knows", KNOWING), ("scale", LARGE)) if kind in names), "baseline")


def _value(result: Result) -> float:
    return next(float(s.value.value or 0.0) for s in result.scores if s.measure == RULE)


def _starts(store: Store, result: Result) -> np.ndarray:
    details = store.get_details(result.id)
    return np.asarray(details.unit_values[RULE]["value"] if details else [], float)


def _seconds(result: Result) -> float:
    return float(result.learned.get("seconds", np.nan))


def numbers_of(bench: Bench, result: Result) -> int:
    """How many numbers the fitted simulator keeps; read from the store."""
    with jax.enable_x64(True):
        fit = bench.fit(msgspec.convert(result.case, Case))
    return sum(int(a.size) for a in jax.tree.leaves(eqx.filter(fit.simulator, eqx.is_inexact_array)))


@functools.cache
def is_polynomial(world: str, degree: int = 4) -> bool:
    """Whether the rate of change is a polynomial below this degree in the state and the sines of its angles.

    Found by differences along random lines, and by the harmonics along each angle; a delay or a map is none.
    """
    made: Any = build("worlds", world, {})
    if not hasattr(made, "tendency"):
        return False
    knobs = Forcing(
        {k.name: jnp.zeros(1) for k in made.card.knobs},
        {k.name: jnp.full(1, k.default) for k in made.card.knobs},
    ).at(0.0)
    about = getattr(type(made), "about", None)
    angles = [about.state.index(a) for a in about.angles] if about else []
    rng = np.random.default_rng(0)
    middle = np.asarray(made.init(key=jax.random.key(0)), float)
    spread = np.full(len(middle), np.mean([v.scale for v in made.card.variables]))
    rate: Callable[[Any], Any] = jax.jit(jax.vmap(lambda y: made.tendency(y, knobs)))
    with jax.enable_x64(True):
        for _ in range(20):
            start, along = middle + spread * rng.normal(size=(2, len(middle)))
            along = (along - start) * ~np.isin(np.arange(len(middle)), angles)
            line = np.asarray(rate(start + np.linspace(-1, 1, 2 * degree + 4)[:, None] * along), float)
            if np.abs(np.diff(line, degree, axis=0)).max() > 1e-8 * (1 + np.abs(line).max()):
                return False
            for angle in angles:
                turned = np.tile(start, (32, 1))
                turned[:, angle] = np.arange(32) * 2 * np.pi / 32
                tones = np.abs(np.fft.rfft(np.asarray(rate(turned), float), axis=0))
                if tones[degree:].max() > 1e-8 * (1 + tones.max()):
                    return False
    return True


def mean_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """Mean and 95 % interval by Student's t, flows being the independent units."""
    v = np.asarray(values, float)
    if len(v) < 2:
        return float(v.mean()), -np.inf, np.inf
    reach = float(stats.t.ppf(0.975, len(v) - 1) * v.std(ddof=1) / np.sqrt(len(v)))
    return float(v.mean()), float(v.mean()) - reach, float(v.mean()) + reach


def interval(values: Sequence[float] | np.ndarray) -> str:
    """In words; a mean alone where there is but one."""
    if not len(values):
        return ""
    mean, low, high = mean_interval(values)
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]" if len(values) > 1 else f"{mean:.2f}"


def sign_flips(differences: np.ndarray) -> float:
    """Two-sided p-value of no difference between pairs, from 100,000 draws of signs (the observed ones among them)."""
    signs = np.random.default_rng(0).choice([1.0, -1.0], (100_000, len(differences)))
    signs[0] = 1.0
    sums = np.abs(signs @ differences)
    return float(np.mean(sums >= abs(differences.sum()) * (1 - 1e-12)))


def apart(field: Field) -> dict[tuple[str, str], float | None]:
    """Every pair of ranked learners -> Holm-corrected p-value of Student's paired test over the flows.

    None where nothing was tested: too few flows, or gaps that do not vary. Holm does not count such a pair either.
    """
    pairs = list(itertools.combinations(field.ranked(), 2))
    raw: list[float | None] = []
    for a, b in pairs:
        both = [(field.share(a, f), field.share(b, f)) for f in field.flows]
        gaps = np.asarray([x - y for x, y in both if x is not None and y is not None])
        known = len(gaps) >= FEWEST and gaps.std() > 0
        raw.append(float(stats.ttest_1samp(gaps, 0.0).pvalue) if known else None)  # type: ignore[attr-defined]
    return dict(zip(pairs, holm(raw), strict=True))


def leaders(flow: Flow) -> list[str]:
    """The best learner of one flow and those that cannot be told from it: sign flips over starts, Holm, 5 %."""
    means = {n: flow.mean(n) for n in flow.valid if n not in CONTROLS}
    best = max(means, key=lambda n: means[n])
    others = sorted(set(means) - {best}, key=lambda n: -means[n])
    raw: list[float | None] = []
    for name in others:
        seeds = [s for s in flow.starts[best] if s in flow.starts[name]]
        gaps = [flow.starts[best][s] - flow.starts[name][s] for s in seeds]
        raw.append(sign_flips(np.concatenate(gaps)) if gaps else None)
    return [best, *(n for n, p in zip(others, holm(raw), strict=True) if p is None or p >= 0.05)]


def contest(field: Field, flows: Sequence[str]) -> list[Bout]:
    """Champion of what knows of dynamics (no physics given) against champion of what does not, on each flow.

    Champions are chosen by their mean share over all other flows, among learners that ran on every flow.
    """
    found = []
    for flow in flows:
        ends = []
        for names in (set(KNOWING) - set(GIVEN_PHYSICS), set(LARGE)):
            best = _champion(field, names, flow)
            ends.append((best, field.share(best, flow) if best else None))
        (knows, ours), (scale, theirs) = ends
        if ours is not None and theirs is not None:
            found.append(Bout(flow, str(knows), str(scale), ours - theirs))
    return found


def _champion(field: Field, kinds: set[str], flow: str) -> str | None:
    means = {}
    for name in field.ranked():
        rest = [s for f in field.flows if f != flow and (s := field.share(name, f)) is not None]
        if name.split(",")[0] in kinds and rest:
            means[name] = float(np.mean(rest))
    return max(means, key=lambda n: means[n]) if means else None


def scaling(field: Field, what: str, group: str | None) -> tuple[list[str], np.ndarray]:
    """Learners, and rank correlation within each flow between how much they are (numbers or seconds) and their share.

    Baselines are left out, and so is whatever some flow lacks: learners of one flow alone would make it another set.
    """
    sizes = {f: v.numbers if what == "numbers" else v.seconds for f, v in field.flows.items()}
    names = [
        n
        for n in field.ranked()
        if group_of(n) != "baseline" and group in (None, group_of(n)) and all(n in s for s in sizes.values())
    ]
    out = []
    if len(names) >= 4:
        for flow, size in sizes.items():
            rows = [(float(size[n]), field.share(n, flow)) for n in names]
            told = stats.spearmanr(*zip(*rows, strict=True)).statistic  # type: ignore[attr-defined]
            out.append(float(told))
    return names, np.asarray([v for v in out if np.isfinite(v)])


def correlation(a: Sequence[float], b: Sequence[float]) -> str:
    """Spearman's rank correlation with a 95 % interval by Fisher's transformation (Bonett and Wright 2000)."""
    told = float(stats.spearmanr(a, b).statistic)  # type: ignore[attr-defined]
    if abs(told) > 0.9999:
        return f"{told:.2f}"  # Fisher's transformation has no interval there
    width = 1.96 * np.sqrt((1 + told**2 / 2) / (len(a) - 3))
    middle = np.arctanh(told)
    return f"{told:.2f} [{np.tanh(middle - width):.2f}, {np.tanh(middle + width):.2f}]"
