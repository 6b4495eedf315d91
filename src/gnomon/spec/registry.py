"""Names of things, without importing the things.

One table a kind: `name -> (target, summary)`. A target "package.module:attribute" is imported only when the
thing is built, so listing worlds starts no backend. Other people's packages add names through entry points
`gnomon.worlds`, `gnomon.learners`, `gnomon.trials`, `gnomon.measures`.
"""

import dataclasses
import difflib
import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple, cast, get_type_hints

import msgspec

from gnomon.spec.errors import BadSpec, GnomonError, UnknownName


class Entry(NamedTuple):
    """Where a thing lives and, in one line, what it is."""

    target: str
    summary: str


KINDS = ("worlds", "learners", "trials", "measures")

# What tells a thing of each kind, without importing the classes: one of these groups of methods.
_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "worlds": (("step", "observe"), ("baseline",)),
    "learners": (("fit",), ("alter_runs",), ("runner",)),
    "trials": (("design",),),
    "measures": (("summarise",),),
}

BUILT_IN: dict[str, dict[str, Entry]] = {
    "worlds": {
        "archive": Entry(
            "gnomon.engine.archive_world:Archive", "files held to be the truth: a reanalysis, CMIP, AIMIP"
        ),
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
        "held_suarez": Entry(
            "gnomon.worlds.sphere.held_suarez:HeldSuarez",
            "dry atmosphere with Newtonian cooling, T21 to T42; knob: the pole-to-equator contrast",
        ),
        "speedy": Entry(
            "gnomon.worlds.sphere.speedy:Speedy",
            "moist atmosphere over real terrain and seas, T21 or T31; knobs: El Nino, uniform warming",
        ),
    },
    "learners": {
        "collection": Entry(
            "gnomon.engine.archive_world:FileCollection", "files of a model's output, held against an archive"
        ),
        "perfect": Entry(
            "gnomon.learners.controls:Perfect", "control: the world itself, started from observations"
        ),
        "null": Entry("gnomon.learners.controls:Null", "control: an independent draw of each measure's null"),
        "peer": Entry(
            "gnomon.learners.controls:Peer", "the world's imperfect twin: a second, differently tuned physics"
        ),
        "wrong_forcing": Entry("gnomon.learners.faults:WrongForcing", "planted fault: the first knob is off"),
        "damped": Entry("gnomon.learners.faults:Damped", "planted fault: fast fluctuations are damped"),
        "overconfident": Entry(
            "gnomon.learners.faults:Overconfident", "planted fault: the ensemble is too narrow"
        ),
        "user": Entry("gnomon.adapters.user:UserModel", "your own step(state, forcing) -> state"),
        "files": Entry("gnomon.adapters.user:RolloutFiles", "files of rollouts that your own model wrote"),
        "neuralgcm": Entry(
            "gnomon.adapters.neuralgcm.subject:NeuralGCM",
            "a NeuralGCM checkpoint: a path, a public name, or the packaged toy",
        ),
        "persistence": Entry("gnomon.learners.baselines:Persistence", "tomorrow is today"),
        "climatology": Entry("gnomon.learners.baselines:Climatology", "the training mean, given the knob"),
        "analogue": Entry("gnomon.learners.analogue:Analogue", "follow the nearest state seen in training"),
        "linear": Entry("gnomon.learners.linear:Linear", "ridge DMD with delays"),
        "linear_inverse": Entry(
            "gnomon.learners.linear_inverse:LinearInverse", "linear dynamics and noise between EOFs"
        ),
        "pattern_scaling": Entry(
            "gnomon.learners.pattern_scaling:PatternScaling",
            "a fixed pattern times the forcing, about a drawn climate",
        ),
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
        "aimip_e1": Entry("gnomon.measures.aimip.bias:Bias", "AIMIP E1: bias of the mean climate, in files"),
        "aimip_e2": Entry("gnomon.measures.aimip.trend:Trend", "AIMIP E2: maps of linear trends, in files"),
        "aimip_e3": Entry(
            "gnomon.measures.aimip.el_nino:ElNino", "AIMIP E3: regression on El Nino, in files"
        ),
        "aimip_e4": Entry(
            "gnomon.measures.aimip.daily:Daily", "AIMIP E4: spread of days within months, in files"
        ),
        "aimip_e5": Entry(
            "gnomon.measures.aimip.warmed:Warmed", "AIMIP E5: response to +2 K and +4 K, in files"
        ),
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
        "skill": Entry(
            "gnomon.measures.sphere.skill:Skill", "area-weighted forecast error over all headline fields"
        ),
        "acc": Entry(
            "gnomon.measures.sphere.acc:AnomalyCorrelation", "anomaly correlation of forecasts, areas weighed"
        ),
        "mean_state": Entry(
            "gnomon.measures.sphere.mean_state:MeanState",
            "error of one run's mean fields, in variances of the weather",
        ),
        "zonal_state": Entry(
            "gnomon.measures.sphere.zonal_state:ZonalState",
            "error of zonal-mean sections of temperature, wind, humidity",
        ),
        "sphere_spectrum": Entry(
            "gnomon.measures.sphere.sphere_spectrum:SphereSpectrum", "kinetic energy by total wavenumber"
        ),
        "band_variance": Entry(
            "gnomon.measures.sphere.band_variance:BandVariance", "variability at 2-8 days and slower"
        ),
        "modes": Entry("gnomon.measures.sphere.modes:Modes", "SAM, NAM, NAO, PNA by the common-basis method"),
        "extremes": Entry(
            "gnomon.measures.sphere.extremes:Extremes", "tails, heat and cold waves, wet and dry days"
        ),
        "persistence": Entry(
            "gnomon.measures.sphere.persistence:Persistence", "correlation of one day with the next"
        ),
        "budgets": Entry(
            "gnomon.measures.sphere.budgets:Budgets", "drift of air, water, energy and angular momentum"
        ),
        "stability": Entry(
            "gnomon.measures.sphere.stability:Stability",
            "divergences per simulated year, growth of the zonal spread",
        ),
        "cyclone_statistics": Entry(
            "gnomon.measures.cyclones.statistics:CycloneStatistics",
            "numbers of cyclones by depth, size, speed and deepening",
        ),
        "track_density": Entry(
            "gnomon.measures.cyclones.track_density:TrackDensity", "map of where cyclones pass"
        ),
        "cyclone_tracks": Entry(
            "gnomon.measures.cyclones.forecast_tracks:CycloneTracks",
            "separation of forecast cyclones from the truth's, misses charged",
        ),
        "cyclone_intensity": Entry(
            "gnomon.measures.cyclones.forecast_tracks:CycloneIntensity",
            "error of forecast cyclones' central pressure, misses charged",
        ),
        "response_gain": Entry(
            "gnomon.measures.sphere.response_gain:ResponseGain",
            "gain of tropical rain over Nino3.4 and Nino4",
        ),
        "response_odd": Entry(
            "gnomon.measures.sphere.response_parity:ResponseOdd", "error of the linear part of the response"
        ),
        "response_even": Entry(
            "gnomon.measures.sphere.response_parity:ResponseEven",
            "error of the nonlinear part of the response",
        ),
        "response_phase": Entry(
            "gnomon.measures.sphere.response_phase:ResponsePhase", "phase of the stationary wave response"
        ),
        "response_saturation": Entry(
            "gnomon.measures.sphere.response_saturation:ResponseSaturation",
            "saturation curve against the truth's own",
        ),
        "response_beyond": Entry(
            "gnomon.measures.sphere.response_beyond:ResponseBeyond",
            "error of the response beyond the trained amplitudes",
        ),
        "wave_source": Entry(
            "gnomon.measures.sphere.wave_source:WaveSource", "response of the Rossby wave source"
        ),
        "warming_indices": Entry(
            "gnomon.measures.sphere.warming_indices:WarmingIndices", "change of climate indices under warming"
        ),
        "warming_shown": Entry(
            "gnomon.measures.sphere.warming_shown:WarmingShown",
            "land contrast, polar amplification, feedback (no fidelity)",
        ),
        "warming_profile": Entry(
            "gnomon.measures.sphere.warming_profile:WarmingProfile",
            "zonal-mean warming and wind change by level",
        ),
        "warming_scaling": Entry(
            "gnomon.measures.sphere.warming_scaling:WarmingScaling",
            "nonlinearity by field, beside linear pattern scaling",
        ),
        "range_share": Entry(
            "gnomon.measures.sphere.warming_range:RangeShare",
            "share of states under warming outside the control's range",
        ),
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
        return _of_kind(kind, name, _import(name))
    table = entries(kind)
    if name not in table:
        raise UnknownName(f"no {kind[:-1]} named {name!r}; {suggest(name, table)}")
    return _of_kind(kind, name, _import(table[name].target))


def typed_arguments(kind: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments checked against the factory's signature, typed (28 becomes 28.0) and with defaults filled in.

    So `{}`, `{"rho": 28}` and `{"rho": 28.0}` are one identity, and a misspelt key names itself.
    """
    factory = load(kind, name)
    try:
        struct = _signature_struct(factory)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        raise BadSpec(
            f"{kind[:-1]} {name!r} has no arguments that can be read from its signature: {_one_line(error)}"
        ) from error
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
    factory = load(kind, name)
    given = typed_arguments(kind, name, args or {})
    try:
        made = factory(**given)
    except (TypeError, ValueError) as error:
        raise BadSpec(f"{kind[:-1]} {name!r} cannot be built: {_one_line(error)}") from error
    return _of_kind(kind, name, made, made=True)


def _of_kind(kind: str, name: str, thing: Any, *, made: bool = False) -> Any:
    """The thing, if it can be what it is named as; a function that makes one is looked at when it has."""
    needs = _NEEDS[kind]
    fits = any(all(callable(getattr(thing, n, None)) for n in names) for names in needs)
    maker = not made and callable(thing) and not isinstance(thing, type)
    if not ((fits and (made or isinstance(thing, type))) or maker):
        wanted = " or ".join(" and ".join(names) for names in needs)
        what = thing if isinstance(thing, type) else type(thing)
        raise BadSpec(f"{name!r} is no {kind[:-1]}: {what.__qualname__} lacks {wanted}")
    return thing


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except GnomonError:
        raise
    except (Exception, SystemExit) as error:  # other people's modules may raise anything
        reason = _one_line(error)
        if not isinstance(error, ImportError | AttributeError):
            reason = f"{type(error).__name__}: {reason}"
        raise UnknownName(f"{target!r} cannot be imported: {reason}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


@functools.cache
def _signature_struct(factory: Any) -> type[msgspec.Struct]:
    """A msgspec Struct with one field for each argument a person may set."""
    init = factory.__init__ if isinstance(factory, type) else factory
    hints = get_type_hints(init)
    made: dict[str, Any] = {}
    if isinstance(factory, type) and dataclasses.is_dataclass(factory):
        made = {f.name: f.default_factory for f in dataclasses.fields(factory)}
    fields: list[Any] = []
    for p in inspect.signature(cast(Any, factory)).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        hint = hints.get(p.name, Any)
        maker = made.get(p.name, dataclasses.MISSING)
        if maker is not dataclasses.MISSING:  # the signature shows a private marker in its place
            fields.append((p.name, hint, msgspec.field(default_factory=maker)))
        elif p.default is p.empty:
            fields.append((p.name, hint))
        else:
            fields.append((p.name, hint, p.default))
    fields.sort(key=lambda f: len(f))
    return msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
