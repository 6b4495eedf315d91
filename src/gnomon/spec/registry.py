"""Names of things, without importing the things.

One table a kind: `name -> (target, summary)`. A target "package.module:attribute" is imported only when the
thing is built, so listing worlds starts no backend. Other people's packages add names through entry points
`gnomon.worlds`, `gnomon.learners`, `gnomon.trials`, `gnomon.measures`.
"""

import difflib
import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple, get_type_hints

import msgspec

from gnomon.spec.errors import BadSpec, UnknownName


class Entry(NamedTuple):
    """Where a thing lives and, in one line, what it is."""

    target: str
    summary: str


KINDS = ("worlds", "learners", "trials", "measures")

BUILT_IN: dict[str, dict[str, Entry]] = {
    "worlds": {
        "lorenz63": Entry(
            "gnomon.worlds.flow.lorenz63:Lorenz63", "Lorenz's three equations of 1963; knob rho"
        ),
        "lorenz96": Entry(
            "gnomon.worlds.network.lorenz96:Lorenz96", "Lorenz's ring of 40 coupled sites; knob F"
        ),
        "kuramoto_sivashinsky": Entry(
            "gnomon.worlds.field.kuramoto_sivashinsky:KuramotoSivashinsky",
            "flame-front turbulence on a ring of length 60; knob: a large-scale drive",
        ),
    },
    "learners": {
        "perfect": Entry(
            "gnomon.learners.controls:Perfect", "control: the world itself, started from observations"
        ),
        "null": Entry("gnomon.learners.controls:Null", "control: an independent draw of each measure's null"),
        "wrong_forcing": Entry("gnomon.learners.faults:WrongForcing", "planted fault: the first knob is off"),
        "damped": Entry("gnomon.learners.faults:Damped", "planted fault: fast fluctuations are damped"),
        "overconfident": Entry(
            "gnomon.learners.faults:Overconfident", "planted fault: the ensemble is too narrow"
        ),
        "user": Entry("gnomon.adapters.user:UserModel", "your own step(state, forcing) -> state"),
        "files": Entry("gnomon.adapters.user:RolloutFiles", "files of rollouts that your own model wrote"),
        "persistence": Entry("gnomon.learners.baselines:Persistence", "tomorrow is today"),
        "climatology": Entry("gnomon.learners.baselines:Climatology", "the training mean, given the knob"),
        "analogue": Entry("gnomon.learners.analogue:Analogue", "follow the nearest state seen in training"),
        "linear": Entry("gnomon.learners.linear:Linear", "ridge DMD with delays"),
        "nvar": Entry(
            "gnomon.learners.nvar:Nvar", "next-generation reservoir: polynomials of delayed states"
        ),
        "echo_state": Entry("gnomon.learners.echo_state:EchoState", "leaky echo state network, closed loop"),
        "residual": Entry(
            "gnomon.learners.residual:Residual",
            "residual network (dense or convolution), one-step then unrolled",
        ),
        "hybrid": Entry(
            "gnomon.learners.hybrid:Hybrid", "imperfect physics of the same world plus a learned correction"
        ),
    },
    "trials": {
        "forecast": Entry("gnomon.trials.forecast:Forecast", "how long is it right?"),
        "climate": Entry("gnomon.trials.climate:Climate", "left alone, does it live on the right attractor?"),
        "response": Entry("gnomon.trials.response:Response", "does it follow a forcing that varies?"),
        "shift": Entry("gnomon.trials.shift:Shift", "what does it do under a forcing it never trained on?"),
        "trust": Entry("gnomon.trials.trust:Trust", "does it know when it is wrong?"),
        "cost": Entry("gnomon.trials.cost:Cost", "what does it take to run and to train?"),
    },
    "measures": {
        "valid_time": Entry(
            "gnomon.measures.valid_time:ValidTime", "valid prediction time in Lyapunov times"
        ),
        "error_growth": Entry("gnomon.measures.error_growth:ErrorGrowth", "squared error against lead time"),
        "attractor": Entry("gnomon.measures.attractor:Attractor", "state-space divergence by histogram"),
        "attractor_mixture": Entry(
            "gnomon.measures.attractor_mixture:AttractorMixture", "state-space divergence by Gaussian mixture"
        ),
        "wasserstein": Entry(
            "gnomon.measures.wasserstein:Wasserstein", "distance of the distributions of each variable"
        ),
        "moments": Entry("gnomon.measures.moments:Moments", "mean and variance of each variable"),
        "log_spectrum": Entry(
            "gnomon.measures.log_spectrum:LogSpectrum", "distance of the logarithms of power spectra"
        ),
        "spectrum_hellinger": Entry(
            "gnomon.measures.spectrum_hellinger:SpectrumHellinger",
            "Hellinger distance of smoothed power spectra",
        ),
        "leading_exponent": Entry(
            "gnomon.measures.exponents:LeadingExponent", "leading Lyapunov exponent of the learned system"
        ),
        "kaplan_yorke": Entry(
            "gnomon.measures.exponents:KaplanYorke", "Kaplan-Yorke dimension of the learned system"
        ),
        "conserved": Entry(
            "gnomon.measures.conserved:Conserved", "drift of quantities the world conserves or balances"
        ),
        "response_error": Entry(
            "gnomon.measures.response_error:ResponseError", "error of the forced response"
        ),
        "response_amplitude": Entry(
            "gnomon.measures.response_amplitude:ResponseAmplitude",
            "strength of the response over the true one",
        ),
        "response_pattern": Entry(
            "gnomon.measures.response_pattern:ResponsePattern", "pattern correlation of odd and even response"
        ),
        "response_slow": Entry(
            "gnomon.measures.response_slow:ResponseSlow", "error of the response to a slow cycle"
        ),
        "shift_error": Entry(
            "gnomon.measures.shift_error:ShiftError", "error of the response beyond the training range"
        ),
        "nonlinearity": Entry("gnomon.measures.nonlinearity:Nonlinearity", "|X(2d) - 2X(d)| / |2X(d)|"),
        "crps": Entry("gnomon.measures.crps:Crps", "fair continuous ranked probability score"),
        "spread_skill": Entry(
            "gnomon.measures.spread_skill:SpreadSkill", "ensemble spread over error of its mean"
        ),
        "coverage": Entry(
            "gnomon.measures.coverage:Coverage", "how often the truth lies in the central interval"
        ),
        "rank_histogram": Entry(
            "gnomon.measures.rank_histogram:RankHistogram", "rank of the truth among the members"
        ),
        "speed": Entry("gnomon.measures.speed:Speed", "simulated time per second, steps per second"),
        "training_cost": Entry("gnomon.measures.speed:TrainingCost", "seconds and trials spent on the fit"),
        "memory": Entry("gnomon.measures.speed:Memory", "peak memory while running"),
    },
}


@functools.cache
def _plug_ins(kind: str) -> tuple[tuple[str, Entry], ...]:
    """What installed packages add; a collision is an error. Scanned once: it reads every package's metadata."""
    found = []
    for point in importlib.metadata.entry_points(group=f"gnomon.{kind}"):
        where = point.dist.name if point.dist else "an installed package"
        if point.name in BUILT_IN[kind]:
            raise BadSpec(
                f"{where} registers {kind[:-1]} {point.name!r}, a name that is already taken; rename it"
            )
        found.append((point.name, Entry(point.value, f"from {where}")))
    return tuple(found)


def entries(kind: str) -> dict[str, Entry]:
    """Every known name of a kind, built in or from an installed plug-in. A collision is an error."""
    if kind not in BUILT_IN:
        raise UnknownName(f"no registry of {kind!r}; there are: {', '.join(KINDS)}")
    return BUILT_IN[kind] | dict(_plug_ins(kind))


def suggest(name: str, known: "Mapping[str, Any] | list[str] | tuple[str, ...]") -> str:
    """The end of an error message: the nearest name, or all of them."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.55)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def load(kind: str, name: str) -> Any:
    """The factory behind a name; `package.module:attribute` is accepted as it stands."""
    if ":" in name:
        return _import(name)
    table = entries(kind)
    if name not in table:
        raise UnknownName(f"no {kind[:-1]} named {name!r}; {suggest(name, table)}")
    return _import(table[name].target)


def typed_arguments(kind: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments checked against the factory's signature, typed (28 becomes 28.0) and with defaults filled in.

    So `{}`, `{"rho": 28}` and `{"rho": 28.0}` are one identity, and a misspelt key names itself.
    """
    factory = load(kind, name)
    struct = _signature_struct(factory)
    for key in args:
        if key not in struct.__struct_fields__:
            raise BadSpec(
                f"{kind[:-1]} {name!r} has no argument {key!r}; {suggest(key, struct.__struct_fields__)}"
            )
    try:
        return msgspec.structs.asdict(msgspec.convert(dict(args), struct, strict=False))
    except msgspec.ValidationError as error:
        raise BadSpec(f"{kind[:-1]} {name!r}: {error}") from None


def build(kind: str, name: str, args: Mapping[str, Any] | None = None) -> Any:
    """Make the named thing."""
    return load(kind, name)(**typed_arguments(kind, name, args or {}))


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UnknownName(f"{target!r} cannot be imported: {error}") from error


@functools.cache
def _signature_struct(factory: Any) -> type[msgspec.Struct]:
    """A msgspec Struct with one field for each argument a person may set."""
    init = factory.__init__ if isinstance(factory, type) else factory
    hints = get_type_hints(init)
    fields: list[Any] = []
    for p in inspect.signature(factory).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        hint = hints.get(p.name, Any)
        if p.default is p.empty:
            fields.append((p.name, hint))
        else:
            fields.append((p.name, hint, p.default))
    fields.sort(key=lambda f: len(f))
    return msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
