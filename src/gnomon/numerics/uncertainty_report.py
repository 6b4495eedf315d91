"""Does a depth network know when it is wrong? Before and after temperature and isotonic scaling."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gnomon.inference.bootstrap import estimate
from gnomon.numerics.isotonic import RisingFunction
from gnomon.numerics.sparsification import sparsification
from gnomon.numerics.spread_calibration import (
    Coverage,
    Family,
    Images,
    coverage,
    fitted_levels,
    fitted_spread,
    fitted_temperature,
    negative_log_density,
    quantile_of_truth,
)
from gnomon.spec.errors import BadData
from gnomon.spec.identity import seed_of
from gnomon.spec.results import Estimate

SHARES = 20  # points of a sparsification curve


class Ranking(NamedTuple):
    """How well a spread ranks the errors (`numerics.sparsification`).

    Attributes:
        removed: share of pixels taken away.
        curve: mean |ln truth - told| of the rest, over that of all; the mean over images.
        oracle: the same in the order of the errors.
        ause: area between them, the mean over images.
        aurg: what the spread gains over chance.
        floor: the AUSE of errors that are drawn from the spread itself, each pixel by itself. No bound: errors of one
            picture that go together leave less for the best order to gain, and the AUSE may lie below.
    """

    removed: Float[np.ndarray, " share"]
    curve: Float[np.ndarray, " share"]
    oracle: Float[np.ndarray, " share"]
    ause: Estimate
    aurg: Estimate
    floor: Estimate


class Trusted(NamedTuple):
    """How far a spread can be trusted, on images that nothing was fitted on.

    Attributes:
        coverage: of told quantiles.
        negative_log_likelihood: mean of a pixel, in nats; None where there is no spread (isotonic levels).
        spread: its mean; None likewise.
        ranking: of the errors; None likewise. A factor changes nothing of it, a rising function no more than ties.
    """

    coverage: Coverage
    negative_log_likelihood: Estimate | None
    spread: Estimate | None
    ranking: Ranking | None


class UncertaintyReport(NamedTuple):
    """What was told, and what scaling makes of it.

    Attributes:
        before: as told.
        temperature: all spreads times one factor.
        isotonic: spreads through a rising function.
        levels: told levels through a rising function.
        factor: the temperature.
        scaling: the rising function of the spread.
        fitted_on: images.
        judged_on: images.
    """

    before: Trusted
    temperature: Trusted
    isotonic: Trusted
    levels: Trusted
    factor: float
    scaling: RisingFunction
    fitted_on: int
    judged_on: int


def uncertainty_report(
    predicted_log_depth: Float[np.ndarray, "image y x"],
    predicted_spread: Float[np.ndarray, "image y x"],
    depth: Float[np.ndarray, "image y x"],
    valid: Bool[np.ndarray, "image y x"],
    *,
    held_out: Bool[np.ndarray, " image"],
    family: Family = "laplace",
    seed: int = 0,
) -> UncertaintyReport:
    """Scalings are fitted on the images that are not held out and judged on those that are.

    Held-out images from elsewhere (another light, more clutter, real ones) make it a report of shifted scenes. Images
    without a valid pixel are left out.

    What misleads: images of one scene are not independent; hold out whole scenes, or intervals are too narrow and the
    scalings look better than they are.

    Args:
        predicted_log_depth: the middle of the told distribution of ln depth.
        predicted_spread: its standard deviation (gaussian) or scale (laplace, standard deviation / sqrt 2).
        depth: the truth, in metres.
        valid: where it is known; values elsewhere play no part.
        held_out: images that judge; the rest fits.
        family: of the told distribution.
        seed: of the bootstrap over images.

    Raises:
        BadData: shapes that disagree, values that are no logarithms, spreads or depths where valid is true, or no image
            on one of the two sides.
    """
    errors, spreads, judged = _valid_pixels(predicted_log_depth, predicted_spread, depth, valid, held_out)
    fit_e, fit_s = _chosen(errors, ~judged), _chosen(spreads, ~judged)
    e, s = _chosen(errors, judged), _chosen(spreads, judged)
    factor, scaling = fitted_temperature(fit_e, fit_s, family), fitted_spread(fit_e, fit_s, family)
    mend = fitted_levels([x / y for x, y in zip(fit_e, fit_s, strict=True)])
    level = [mend(x / y) for x, y in zip(e, s, strict=True)]
    return UncertaintyReport(
        before=_trusted(e, s, family, seed),
        temperature=_trusted(e, [factor * one for one in s], family, seed),
        isotonic=_trusted(e, [scaling(one) for one in s], family, seed),
        levels=Trusted(coverage(level, seed=seed), None, None, None),
        factor=factor,
        scaling=scaling,
        fitted_on=len(fit_e),
        judged_on=len(e),
    )


def _trusted(errors: Images, spreads: Images, family: Family, seed: int) -> Trusted:
    likelihoods = [negative_log_density(e, s, family).mean() for e, s in zip(errors, spreads, strict=True)]
    return Trusted(
        coverage(_quantiles(errors, spreads, family), seed=seed),
        estimate(likelihoods, seed=seed),
        estimate([s.mean() for s in spreads], seed=seed),
        _ranking(errors, spreads, family, seed),
    )


def _ranking(errors: Images, spreads: Images, family: Family, seed: int) -> Ranking:
    rng = np.random.default_rng(seed_of("sparsification", seed))
    draw = rng.standard_normal if family == "gaussian" else lambda n: rng.laplace(size=n)
    each = [sparsification(np.abs(e), s, shares=SHARES) for e, s in zip(errors, spreads, strict=True)]
    floor = [sparsification(np.abs(s * draw(len(s))), s).ause for s in spreads]
    return Ranking(
        removed=np.arange(SHARES) / SHARES,
        curve=np.mean([one.curve for one in each], axis=0),
        oracle=np.mean([one.oracle for one in each], axis=0),
        ause=estimate([one.ause for one in each], seed=seed),
        aurg=estimate([one.aurg for one in each], seed=seed),
        floor=estimate(floor, seed=seed),
    )


def _quantiles(errors: Images, spreads: Images, family: Family) -> Images:
    return [quantile_of_truth(e / s, family) for e, s in zip(errors, spreads, strict=True)]


def _chosen(images: Images, which: np.ndarray) -> Images:
    found = [one for one, wanted in zip(images, which, strict=True) if wanted]
    if not found:
        raise BadData("at least one image with valid pixels must be held out, and at least one must not")
    return found


def _valid_pixels(
    middle: np.ndarray, spread: np.ndarray, depth: np.ndarray, valid: np.ndarray, held_out: np.ndarray
) -> tuple[Images, Images, np.ndarray]:
    """Errors ln truth - told and spreads of valid pixels, an image a list, and which of these images judge."""
    valid, held_out = np.asarray(valid, bool), np.asarray(held_out)
    shapes = {np.shape(middle), np.shape(spread), np.shape(depth), valid.shape}
    if len(shapes) != 1 or valid.ndim != 3:
        raise BadData(f"expected four arrays [image, y, x] of one shape, got {sorted(shapes)}")
    if held_out.dtype != bool or held_out.shape != valid.shape[:1]:
        raise BadData(
            f"held_out must say true or false of each of the {len(valid)} images, it is {held_out.dtype} "
            f"{held_out.shape}"
        )
    kept = [i for i in range(len(valid)) if valid[i].any()]
    m, s, d = ([np.asarray(a[i], float)[valid[i]] for i in kept] for a in (middle, spread, depth))
    for values, name, positive in (
        (m, "predicted_log_depth", False),
        (s, "predicted_spread", True),
        (d, "depth", True),
    ):
        if any(not np.isfinite(v).all() or (positive and v.min() <= 0) for v in values):
            raise BadData(f"{name} must be finite{' and positive' * positive} at every valid pixel")
    return [np.log(t) - told for t, told in zip(d, m, strict=True)], s, held_out[kept]
