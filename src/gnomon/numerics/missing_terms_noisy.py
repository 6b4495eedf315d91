"""What is missing in a model, from pairs of observations with error.

Two ways. `analysed` is that of Mojgani, Chattopadhyay and Hassanzadeh (2022),
doi:10.1063/5.0091282: an ensemble about the first observation is stepped by the model and analysed with the second; the
increment of the analysis is the error of the model. Their published script hands the analysis the true state at the
end and lets the members' own draws average out; that is the column "clean end" in the tables of `validation.medida`.

`projected` is ours. An error e in a state enters the library as its derivatives, k^4 e for u_xxxx: the regression then
sees terms that are too large and weights that are too small, however many samples there are. So states, increments and
library are projected on the waves that stand clearly above the error, and the rows of the regression are the
coefficients of those waves: their errors are white again. (A gain between 0 and 1, as an analysis has, would not
do: what it takes from the state, divided by the step, looks like missing friction.) What is left of the error at
the start lowers the products of library and increment about as much as that at the end raises them, so the average
over both ends suffers little. `on_waves` does the same for waves that are clear for another reason, as those of a field
interpolated from few points.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from gnomon.core.world import AbstractWorld
from gnomon.numerics.ensemble_kalman import mean_analysis
from gnomon.numerics.missing_terms import MissingTerms, carried, explain, library, observations, one_step

Pairs = Float[np.ndarray, "sample x"]


def analysed(
    model: AbstractWorld,
    before: Pairs,
    after: Pairs,
    *,
    error: float,
    members: int,
    spread: float,
    rng: np.random.Generator,
    least: float = 0.03,
    sigmas: float = 4.0,
) -> MissingTerms:
    """Missing terms from ensemble analyses of the second of two observations.

    Args:
        model: on a ring, all of whose points are seen.
        before: observations.
        after: observations `model.card.dt` later.
        error: standard deviation of an observation, as the analysis believes.
        members: should outnumber the points; the paper takes ten times as many.
        spread: standard deviation of the members about the first observation, well above `error`: the weight that the
            analysis gives to the second one is the share of the model's error that is seen.
        rng: of the members.
        least: as in `missing_terms`.
        sigmas: as in `missing_terms`.
    """
    card, name = model.card, model.card.variables[0].name
    ends, increments = [], []
    for first, second in zip(before, after, strict=True):
        starts = first + spread * rng.standard_normal((members, len(first)))
        ahead = observations(model, one_step(model, _states(model, starts)))[name]
        analysis = mean_analysis(ahead, ahead, second, error)
        ends.append(analysis)
        increments.append(analysis - ahead.mean(0))
    end = library(card, name, {name: np.stack(ends)})
    return explain(name, np.stack(increments) / card.dt, (end,), least, sigmas)


def projected(
    model: AbstractWorld,
    before: Pairs,
    after: Pairs,
    *,
    error: float,
    clear: float = 30.0,
    least: float = 0.03,
    sigmas: float = 4.0,
) -> MissingTerms:
    """Missing terms from observations projected on the waves that can be seen; for a ring without marked places.

    Args:
        model: on a ring, all of whose points are seen.
        before: observations.
        after: observations `model.card.dt` later.
        error: standard deviation of an observation.
        clear: how many times the error's power a wave must have.
        least: as in `missing_terms`.
        sigmas: as in `missing_terms`.
    """
    seen = clear_waves(np.concatenate([before, after]), error, clear)
    return on_waves(model, before, after, seen, least=least, sigmas=sigmas)


def on_waves(
    model: AbstractWorld,
    before: Pairs,
    after: Pairs,
    seen: np.ndarray,
    *,
    least: float = 0.03,
    sigmas: float = 4.0,
) -> MissingTerms:
    """Missing terms from two fields a step apart, projected on given waves.

    Args:
        model: on a ring, all of whose points are seen.
        before: fields.
        after: fields `model.card.dt` later.
        seen: [wave] which count; all else is taken out of states, increments and library.
        least: as in `missing_terms`.
        sigmas: as in `missing_terms`.
    """
    card, name = model.card, model.card.variables[0].name
    first, second = (_keep(x, seen) for x in (before, after))
    states = _states(model, first)
    ahead = observations(model, one_step(model, states))[name]
    ends = tuple(
        c._replace(values=np.moveaxis(_coefficients(np.moveaxis(c.values, -1, 0), seen), 0, -1))
        for c in (
            carried(model, states, name, library(card, name, {name: first})),
            library(card, name, {name: second}),
        )
    )
    return explain(name, _coefficients((second - ahead) / card.dt, seen), ends, least, sigmas)


def clear_waves(observed: Pairs, error: float, clear: float) -> np.ndarray:
    """[wave] whether its mean power is at least `clear` times that of the error (the mean itself is left out)."""
    power = (np.abs(np.fft.rfft(observed)) ** 2).mean(0)
    seen = power >= clear * observed.shape[-1] * error**2
    seen[0] = False
    if not seen.any():
        raise ValueError(
            f"no wave has {clear:g} times the power of an error of {error:g}; nothing can be learned"
        )
    return seen


def _keep(fields: np.ndarray, seen: np.ndarray) -> np.ndarray:
    mean = fields.mean(-1, keepdims=True)
    return np.fft.irfft(seen * np.fft.rfft(fields), fields.shape[-1]) + mean


def _coefficients(fields: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Real and imaginary parts of the kept waves, of the size of the field's values."""
    kept = np.fft.rfft(fields)[..., seen] * np.sqrt(2 / fields.shape[-1])
    return np.concatenate([kept.real, kept.imag], axis=-1)


@eqx.filter_jit
def _states(model: AbstractWorld, fields: Any) -> Any:
    name = model.card.variables[0].name
    background = model.init(key=jax.random.key(0))
    return jax.vmap(lambda u: model.lift({**model.observe(background), name: u}, background))(
        jnp.asarray(fields)
    )
