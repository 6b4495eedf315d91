"""Evidence made by hand: processes with known statistics, so that a measure can be tried without a world.

Two worlds. "flow": a noisy rotation z (complex, stationary, Gaussian) seen as three scalars, x and y its parts and w
its squared size, so that the climate is not Gaussian. "field": 16 alike points on a ring, a sum of such waves bent by a
square. Each has one knob f that moves the mean by a f + b f^2 and leaves the rest alone. A forecast is
sqrt(1 - g^2) z + g z' with an independent z' and g growing exponentially to 1: right climate, known error.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from gnomon.core.runs import Evidence, Runs
from gnomon.spec.cards import Balance, Knob, Variable, WorldCard

Kind = Literal["flow", "field"]
STEP, LEADS, UNITS, MEMBERS, SITES = 0.1, 400, 24, 8, 16
HORIZON = 8.0
AMPLITUDES = {f"amp{k:+d}": k / 3 for k in (-3, -2, -1, 1, 2, 3)}
OFFSETS = {"shift+2": 2.0, "shift+3": 3.0, "shift+4": 4.0}
PERIOD = 20.0
LINEAR, QUADRATIC = 1.0, 0.4  # of the response to the knob, in scales
EXPONENTS = (1.0, 0.0, -2.0)  # Kaplan-Yorke dimension 2.5
SCALES = {"x": 2.0, "y": 1.0, "w": 3.0}
STREAMS = {"truth": 1, "floor": 2, "subject": 3, "null": 4, "training": 5}

Observe = Callable[[np.ndarray, np.ndarray | float], dict[str, np.ndarray]]


class _Model(NamedTuple):
    """Who is being run: a role's stream of draws, its fault, its null rule."""

    kind: Kind
    role: str
    null: str
    fault: float
    units: int
    seed: int


def synthetic_evidence(
    role: str,
    *,
    kind: Kind = "flow",
    null: str = "",
    fault: float = 0.0,
    units: int = UNITS,
    diverged: tuple[int, ...] = (),
    seed: int = 0,
) -> Evidence:
    """Everything that every trial runs, for one role.

    Args:
        role: "truth", "floor", "subject" or "null".
        kind: of world.
        null: which rule the role "null" follows.
        fault: of a subject: too strong and too fast by this share, too weak and bent in its response, too sure of its
            members, faster in its error growth, dearer. 0 is a perfect model.
        units: independent starts.
        diverged: units that are lost half-way through every experiment.
        seed: of all draws.

    Returns:
        Evidence whose arrays are read-only: a measure that writes into them raises.
    """
    model = _Model(kind, role, null, fault, units, seed)
    runs = {"free": _steady(model, "free", 0.0), "control": _steady(model, "control", 0.0)}
    runs |= {label: _steady(model, label, a) for label, a in (AMPLITUDES | OFFSETS).items()}
    cycle = 2 / 3 * np.sin(2 * np.pi * _time() / PERIOD)
    runs |= {
        "slow": _steady(model, "slow", cycle),
        "forecast": _forecast(model),
        "ensemble": _ensemble(model),
    }
    runs |= {"tangent": _tangent(model), "cost": _steady(model, "cost", 0.0)}
    for label in runs:
        runs[label] = _frozen(_lose(runs[label], diverged))
    fit = {} if role in ("truth", "floor", "null") else {"seconds": 3.0 * (1 + fault), "tried": 12}
    return Evidence(card=synthetic_card(kind), runs=runs, design=synthetic_design(), fit=fit)


def synthetic_card(kind: Kind) -> WorldCard:
    """What the synthetic world says of itself."""
    pattern = None
    if kind == "flow":
        variables = tuple(Variable(name=k, units="m", scale=s, obs_error=0.02 * s) for k, s in SCALES.items())
        square, scale = SCALES["x"] ** 2, SCALES["x"] ** 2 * 2**0.5
        terms = ((1.0, ("x", "x")), (-square, ()))
    else:
        u = Variable(
            name="u",
            units="m",
            shape=(SITES,),
            dims=("x",),
            scale=1.32**0.5,
            obs_error=0.02,
            homogeneous=True,
        )
        variables, scale, terms = (u,), 1.0, ((1.0, ("u", "u")), (-1.32, ()))
        pattern = tuple(float(v) for v in np.cos(_ring()))
    return WorldCard(
        name=f"synthetic_{kind}",
        rung="flow" if kind == "flow" else "field",
        summary="a process with known statistics",
        dt=STEP,
        time_units="s",
        variables=variables,
        knobs=(
            Knob(
                name="f",
                default=0.0,
                low=-1.0,
                high=1.0,
                units="1",
                meaning="moves the mean",
                pattern=pattern,
            ),
        ),
        timescale=1.0,
        spinup=10.0,
        exponents=3,
        references=(),
        length=2 * np.pi if kind == "field" else None,
        balances=(Balance(name="energy", kind="stationary", terms=terms, scale=scale, units="m2"),),
    )


def synthetic_design() -> Mapping[str, Any]:
    """What all trials together would declare."""
    return {
        "horizon": HORIZON,
        "threshold": 0.4,
        "amplitudes": AMPLITUDES,
        "offsets": OFFSETS,
        "distances": {label: (k - 1) / 2 for label, k in OFFSETS.items()},
        "knob": "f",
        "half_range": 1.0,
        "slow": {"period": PERIOD, "amplitude": 2 / 3},
    }


def process(
    random: np.random.Generator, units: int, leads: int, *, waves: int = 1, speed: float = 1.0
) -> np.ndarray:
    """[unit, lead, wave] stationary noisy rotations; both parts have variance 1 and a memory of half a time unit."""
    turn = 2 * np.pi / 3 * speed * np.arange(1, waves + 1) ** 0.5
    factor = np.exp((-2 + 1j * turn) * STEP)
    noise = random.standard_normal((leads, units, waves, 2)) @ np.array([1, 1j])
    z = np.empty((leads, units, waves), complex)
    z[0] = noise[0]
    kick = np.sqrt(1 - np.abs(factor) ** 2)
    for t in range(1, leads):
        z[t] = factor * z[t - 1] + kick * noise[t]
    return z.transpose(1, 0, 2)


def _observe(model: _Model, z: np.ndarray, f: np.ndarray | float) -> dict[str, np.ndarray]:
    """Observations [unit, member, lead, ...] of z [unit, member, lead, wave] under a forcing [lead]."""
    response = 0.0 if model.null == "no_response" else 1 - model.fault
    bent = 1 - 4 * model.fault  # of the pattern: some features respond the wrong way round
    f = np.broadcast_to(np.asarray(f, float), z.shape[2:3])
    odd, even = response * LINEAR * f, response * QUADRATIC * f**2
    if model.kind == "flow":
        x, y = np.real(z[..., 0]), np.imag(z[..., 0])
        w = (x**2 + y**2) / 2 - 1
        parts = {"x": x + odd + even, "y": y + 0.5 * bent * odd, "w": w + bent * even}
        return {k: SCALES[k] * v for k, v in parts.items()}
    size = np.array([1.0, 0.8, 0.5, 0.3])
    size = size / np.sqrt((size**2).sum())
    g = (z * size @ np.exp(1j * np.outer(np.arange(1, 5), _ring()))).real
    pattern = np.cos(_ring() - model.fault)
    return {
        "u": g
        + 0.4 * (g**2 - 1)
        + odd[:, None] * pattern
        + even[:, None] * (1 + (1 - bent) * np.sin(_ring()))
    }


def _steady(model: _Model, label: str, f: np.ndarray | float) -> Runs:
    """A run under a given forcing, from the role's own starts."""
    z = _draw(model, label, model.role) * (1 + model.fault if label == "free" else 1.0)
    obs = _observe(model, z[:, None], f)
    if model.null == "gaussian":
        obs = _gaussian(model, label, obs)
    elif model.null in ("frozen", "persistence_or_climatology"):
        obs = {k: np.repeat(v[:, :, :1], LEADS, axis=2) for k, v in obs.items()}
    return _pack(model, label, obs, f=f)


def _forecast(model: _Model) -> Runs:
    """A run from the truth's starts that loses them at a known rate."""
    shared = _draw(model, "forecast", "shared")
    if model.role == "null":
        obs = _observe(model, shared[:, None], 0.0)
        return _pack(model, "forecast", {k: np.repeat(v[:, :, :1], LEADS, axis=2) for k, v in obs.items()})
    if model.role == "truth":
        return _pack(model, "forecast", _observe(model, shared[:, None], 0.0))
    g = np.minimum(1.0, 0.02 * (1 + 10 * model.fault) * np.exp(0.45 * _time()))[:, None]
    z = np.sqrt(1 - g**2) * shared + g * _draw(model, "forecast", model.role)
    return _pack(model, "forecast", _observe(model, z[:, None], 0.0))


def _ensemble(model: _Model) -> Runs:
    """Members about a centre that truth and members share; without a fault they are exchangeable."""
    members = 1 if model.role == "truth" else MEMBERS
    waves = 1 if model.kind == "flow" else 4
    random = _random(model, "ensemble", model.role)
    own = process(random, model.units * members, LEADS, waves=waves).reshape(
        model.units, members, LEADS, waves
    )
    if model.null == "climatological_ensemble":
        own = random.permuted(own, axis=2)
        return _pack(model, "ensemble", _observe(model, own, 0.0))
    g = np.minimum(1.0, 0.1 * np.exp(0.4 * _time()))[:, None]
    drift = np.minimum(
        1.0, g * (1 + 2 * model.fault)
    )  # a faulty ensemble loses the centre faster than it spreads
    own = drift * own[:, :1] * (model.fault > 0) + g * (1 - model.fault) * own
    z = np.sqrt(1 - drift**2) * _draw(model, "ensemble", "shared")[:, None] + own
    return _pack(model, "ensemble", _observe(model, z, 0.0))


def _tangent(model: _Model) -> Runs:
    """Exponents with noise; zeros for a state that stands still."""
    noise = 0.05 * _random(model, "tangent", model.role).standard_normal((model.units, 3))
    exponents = np.array(EXPONENTS) * np.array([1 + model.fault, 1, 1]) + np.sort(noise, axis=1)[:, ::-1]
    if model.null == "frozen":
        exponents = np.zeros((model.units, 3))
    return _pack(model, "tangent", {})._replace(exponents=exponents)


def _gaussian(model: _Model, label: str, like: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Independent draws with the mean and covariance of training data."""
    train = _Model(model.kind, "training", "", 0.0, 50, model.seed)
    obs = _observe(train, _draw(train, "free", "training")[:, None], 0.0)
    flat = np.concatenate([v.reshape(50 * LEADS, -1) for v in obs.values()], axis=1)
    random = _random(model, label + "gaussian", model.role)
    shape = (model.units, 1, LEADS)
    x = random.multivariate_normal(flat.mean(axis=0), np.cov(flat.T), shape, method="cholesky")
    if model.kind == "field":
        return {"u": x}
    return {k: x[..., i] for i, k in enumerate(like)}


def _draw(model: _Model, label: str, stream: str) -> np.ndarray:
    """[unit, lead, wave] of a role's own stream, or of the one that all roles share."""
    speed = 1 + model.fault if stream == "subject" else 1.0
    waves = 1 if model.kind == "flow" else 4
    return process(_random(model, label, stream), model.units, LEADS, waves=waves, speed=speed)


def _random(model: _Model, label: str, stream: str) -> np.random.Generator:
    number = STREAMS.get(stream, 0)
    return np.random.default_rng(
        [model.seed, number, zlib.crc32(label.encode()), zlib.crc32(model.null.encode())]
    )


def _pack(model: _Model, label: str, obs: dict[str, np.ndarray], *, f: np.ndarray | float = 0.0) -> Runs:
    members = next(iter(obs.values())).shape[1] if obs else 1
    steps = float(model.units * LEADS)
    dearer = 1 + model.fault
    return Runs(
        label=label,
        obs=obs,
        time=_time(),
        forcing={"f": np.broadcast_to(np.asarray(f, float), (model.units, LEADS))},
        diverged=np.full((model.units, members), -1),
        exponents=None,
        initial={k: v[:, 0, 0] for k, v in obs.items()},
        cost={
            "seconds": 2.0 * dearer,
            "steps": steps,
            "time_units": steps * STEP,
            "peak_memory_mb": 100.0 * dearer,
        },
    )


def _lose(runs: Runs, units: tuple[int, ...]) -> Runs:
    """The same runs with units lost half-way."""
    if not units:
        return runs
    at = len(runs.time) // 2
    obs = {k: v.copy() for k, v in runs.obs.items()}
    diverged = runs.diverged.copy()
    for i in units:
        diverged[i, 0] = at
        for v in obs.values():
            v[i, 0, at:] = np.nan
    exponents = runs.exponents
    if exponents is not None:
        exponents = exponents.copy()
        exponents[list(units)] = np.nan
    return runs._replace(obs=obs, diverged=diverged, exponents=exponents)


def _frozen(runs: Runs) -> Runs:
    for v in (*runs.obs.values(), runs.diverged, runs.time, *runs.initial.values()):
        v.flags.writeable = False
    return runs


def _time() -> np.ndarray:
    return STEP * np.arange(1, LEADS + 1)


def _ring() -> np.ndarray:
    return 2 * np.pi * np.arange(SITES) / SITES
