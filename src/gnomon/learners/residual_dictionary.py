"""Extended dynamic mode decomposition with residuals: eigenpairs that the data do not bear out are dropped."""

import time as clock
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Complex, Float, Int, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.mode_decomposition import largest_delays
from gnomon.numerics.delay_matrices import delay_rows
from gnomon.numerics.mode_decomposition import rates
from gnomon.numerics.monomials import count_monomials, list_monomials, monomials
from gnomon.numerics.patches import Patches, patches_of
from gnomon.numerics.residual_spectra import ResidualSpectrum, residual_spectrum
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card
from gnomon.training.search import check_budget, draw_settings, search
from gnomon.training.windows import sequences_of

DICTIONARIES = ("search", "monomials", "delays", "radial")
MOST_ROWS = 8000
MOST_FEATURES = 400
MOST_LOGGED = 60
MOST_CONTEXT = 64


class Dictionary(eqx.Module):
    """A constant, the delayed states, their monomials, or radial functions of them.

    Attributes:
        table: [monomial, degree] indices into (1, states...).
        centres: [centre, number] of Gaussians.
        width: of the Gaussians.
    """

    table: Int[Array, "monomial degree"]
    centres: Float[Array, "centre number"]
    width: Float[Array, ""]

    def __call__(self, x: Float[Array, "row number"]) -> Float[Array, "row feature"]:
        """The value of every function."""
        far = jnp.sum(x**2, axis=1)[:, None] - 2 * x @ self.centres.T + jnp.sum(self.centres**2, axis=1)
        gaussians = jnp.exp(-far / (2 * self.width**2))
        return jnp.concatenate([monomials(x, self.table), gaussians], axis=1)


class EigenfunctionSimulator(AbstractSimulator[Array]):
    """phi(t + dt) = lambda phi(t); the state is the real part of modes times phi.

    Attributes:
        functions: [feature, pair] coefficients of the eigenfunctions that were kept.
        eigenvalues: [pair].
        modes: [number, pair].
    """

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    dictionary: Dictionary
    functions: Complex[Array, "feature pair"]
    eigenvalues: Complex[Array, " pair"]
    modes: Complex[Array, "number pair"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """Eigenfunctions at the present."""
        x = self.patches.encode(history)[::-1].reshape(1, -1)
        return (self.dictionary(x) @ self.functions)[0]

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """Each by its eigenvalue."""
        return self.eigenvalues * state

    def observe(self, state: Array) -> Obs:
        """In units of the data."""
        z = (self.modes @ state).real
        return self.patches.decode(z.reshape(self.patches.sites, self.patches.channels))


class Fitted(NamedTuple):
    """Dictionary, its spectrum, and the data it was fitted to (for modes)."""

    dictionary: Dictionary
    spectrum: ResidualSpectrum
    features: np.ndarray
    states: np.ndarray


class ResidualDictionary(AbstractLearner):
    r"""Extended dynamic mode decomposition in which every eigenpair carries its residual; large ones are dropped.

    .. math:: \mathrm{res}(\lambda, g)^2 =
        \frac{g^* (L - \lambda A^* - \bar\lambda A + |\lambda|^2 G) g}{g^* G g}

    As published: the matrices and residuals (Colbrook and Townsend 2024, doi 10.1002/cpa.22125; dictionary of
    Williams, Kevrekidis and Rowley 2015, doi 10.1007/s00332-015-9258-5); `numerics.residual_spectra` has the
    pseudospectrum. The log lists every eigenvalue with its residual and whether it was kept or is spurious.

    Different: a forecast is made of the eigenfunctions that are kept (the paper verifies, and does not forecast);
    their modes are least squares of the observed states on them. The tolerance is searched on free runs, beside the
    dictionary; 2 keeps all. The kernel variant is not here. Knobs are ignored, and the card says so.

    What misleads: a mixing system has no eigenvalue but 1. The fewer pairs survive, the sooner a run is at
    the mean: that is the method telling the truth.

    Attributes:
        dictionary: "monomials", "delays", "radial" or "search".
        degree: of the monomials.
        delays: states in a row of the delay dictionary at most.
        centres: of the radial dictionary.
        budget: settings tried.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    dictionary: str = "search"
    degree: int = 4
    delays: int = 48
    centres: int = 250
    budget: int = 9

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """A spectrum for each dictionary, a forecast for each tolerance, keep what runs best."""
        began = clock.perf_counter()
        self.check()
        draw_key, centre_key, judge_key = jax.random.split(key, 3)
        patches = patches_of(data, whole=True)
        z = np.asarray(sequences_of(patches, data).z, float)[:, :, 0]
        delays = min(self.delays, largest_delays(data, MOST_CONTEXT))
        rng = np.random.default_rng(np.asarray(jax.random.key_data(centre_key)).tolist())
        found: dict[str, Fitted] = {}

        def fit_one(setting: dict[str, Any]) -> EigenfunctionSimulator:
            name = setting["dictionary"]
            past = delays if name == "delays" else 1
            if name not in found:
                found[name] = self._fitted(name, delay_rows(z, past), z.shape[-1], rng)
            return simulator_of(data, patches, found[name], past, setting["tolerance"])

        names = ("monomials", "delays", "radial") if self.dictionary == "search" else (self.dictionary,)
        chosen = search(
            draw_settings(
                [{"dictionary": n} for n in names], {"tolerance": (0.1, 0.3, 2.0)}, self.budget, key=draw_key
            ),
            fit_one,
            FreeRunJudge(data, reserve=delays, key=judge_key),
            space={"dictionary": list(names), "tolerance": [0.1, 0.3, 2.0]},
            budget=self.budget,
        )
        kept = chosen.log["chosen"]
        log = {
            **chosen.log,
            **verdicts(found[kept["dictionary"]].spectrum, kept["tolerance"], data.card.dt),
            "seconds": clock.perf_counter() - began,
        }
        return Fit(chosen.simulator, log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.dictionary not in DICTIONARIES:
            raise BadSpec(
                f"resdmd: dictionary must be one of {', '.join(DICTIONARIES)}, got {self.dictionary!r}"
            )
        if min(self.degree, self.delays, self.centres) < 1 or self.delays > MOST_CONTEXT:
            raise BadSpec(
                f"resdmd: degree and centres must be at least 1, delays from 1 to {MOST_CONTEXT}; got "
                f"{self.degree}, {self.centres}, {self.delays}"
            )
        check_budget("resdmd", self.budget)

    def _fitted(self, name: str, rows: np.ndarray, number: int, rng: np.random.Generator) -> Fitted:
        now, later = (r.reshape(-1, rows.shape[-1]) for r in (rows[:, :-1], rows[:, 1:]))
        stride = max(1, len(now) // MOST_ROWS)
        now, later = now[::stride], later[::stride]
        width = rows.shape[-1]
        degree = self.degree if name == "monomials" else 1
        while degree > 1 and count_monomials(width, 0, degree) > MOST_FEATURES:
            degree -= 1
        count = min(self.centres, len(now) // 4) if name == "radial" else 0
        centres = now[np.sort(rng.permutation(len(now))[:count])]
        dictionary = Dictionary(
            table=jnp.asarray(list_monomials(width, 0, degree)),
            centres=jnp.asarray(centres),
            width=jnp.asarray(_width(centres)),
        )
        evaluate = eqx.filter_jit(dictionary)
        x, y = (np.asarray(evaluate(jnp.asarray(v)), float) for v in (now, later))
        size = np.maximum(np.sqrt(np.mean(x**2, axis=0)), 1e-300)
        spectrum = residual_spectrum(x / size, y / size)
        spectrum = spectrum._replace(functions=spectrum.functions / size[:, None])
        return Fitted(dictionary, spectrum, x, now[:, :number])


def _width(centres: np.ndarray) -> float:
    """Of Gaussians: the mean distance of the centres."""
    if len(centres) < 2:
        return 1.0
    few = centres[:200]
    return float(np.mean(np.linalg.norm(few[:, None] - few[None], axis=-1))) or 1.0


def simulator_of(
    data: Data, patches: Patches, found: Fitted, past: int, tolerance: float
) -> EigenfunctionSimulator:
    """A forecast of the pairs whose residual is within the tolerance, the best one at least."""
    spectrum = found.spectrum
    kept = _kept(spectrum, tolerance)
    functions, values = spectrum.functions[:, kept], spectrum.eigenvalues[kept]
    seen = found.features @ functions
    # real states on complex functions: their real and imaginary parts are the regressors
    both = np.concatenate([np.real(seen), -np.imag(seen)], axis=1)
    weights = np.linalg.lstsq(both, found.states, rcond=1e-8)[0]
    half = len(values)
    modes = (weights[:half] + 1j * weights[half:]).T
    card: SimulatorCard = learned_card("resdmd", data, context=past)
    return EigenfunctionSimulator(
        card=msgspec.structs.replace(card, knobs=(), trained_on={}),
        patches=patches,
        dictionary=found.dictionary,
        functions=jnp.asarray(functions),
        eigenvalues=jnp.asarray(values),
        modes=jnp.asarray(modes),
    )


def _kept(spectrum: ResidualSpectrum, tolerance: float) -> np.ndarray:
    kept = spectrum.residuals <= tolerance
    kept[0] = True
    return kept


def verdicts(spectrum: ResidualSpectrum, tolerance: float, dt: float) -> dict[str, Any]:
    """For a log: every eigenvalue (the best first), its residual, its rate, and whether it is spurious."""
    kept = _kept(spectrum, tolerance)
    pairs = zip(spectrum.eigenvalues, spectrum.residuals, rates(spectrum.eigenvalues, dt), kept, strict=True)
    rows = [
        {"eigenvalue": [float(v.real), float(v.imag)], "residual": float(r), **rate, "spurious": not bool(k)}
        for v, r, rate, k in pairs
    ]
    return {"pairs": len(rows), "spurious": int(np.sum(~kept)), "spectrum": rows[:MOST_LOGGED]}
