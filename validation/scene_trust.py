"""Does a depth network know when it is wrong? `python -m validation.scene_trust`.

Trains SideRT (mini) with a second output, the spread of ln depth, from three random starts, on the scenes of
`validation.scenes`; takes one of these networks, and all three as an ensemble; scales their spreads on scenes of the
same kind that neither trained them nor judge them; and says how far they can be trusted on new scenes and on the same
scenes with each knob in turn beyond its training range, where it has a beyond. Writes docs/results/scene-trust*.csv
and docs/depth-trust.md. Networks that are in `--keep` are not trained again.
"""

import argparse
import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from docs.scene_trust_page import CURVES, NUMBERS, PAGE, RESULTS
from docs.scene_trust_page import main as write_page
from gnomon.core import persist
from gnomon.inference.bootstrap import estimate
from gnomon.learners.sidert.depth_training import GAIN, DepthJudge, DepthPlan, train_depth
from gnomon.learners.sidert.pictures import Pictures, judged, reach_of
from gnomon.learners.sidert.spread_learner import SpreadSideRT, new_spread_depth
from gnomon.learners.sidert.spread_model import SpreadDepth, all_told
from gnomon.learners.sidert.spread_training import SpreadLoss
from gnomon.numerics.spread_calibration import LEVELS, quantile_of_truth
from gnomon.numerics.uncertainty_report import Trusted, UncertaintyReport, uncertainty_report
from gnomon.spec.identity import seed_of
from gnomon.spec.registry import build
from gnomon.spec.results import Estimate
from gnomon.store.files import write_atomic
from gnomon.trials.lengths import half_range
from gnomon.worlds.scene.knobs import KNOBS
from validation.scenes import COLUMNS, ROWS, drawn

TRAIN, CHECK, SCALE, JUDGE = 1, 2, 5, 6  # seeds of the scenes that train, choose, scale and judge
WITHIN = "as in training"


class Spoken(NamedTuple):
    """What was told of some pictures: the middle of ln depth and its Laplace scale."""

    middle: np.ndarray
    spread: np.ndarray


def beyond() -> dict[str, dict[str, float]]:
    """Each knob as far beyond its range as the trial `shift` turns it first, where that has a meaning."""
    found: dict[str, dict[str, float]] = {WITHIN: {}}
    for knob in KNOBS:
        value = knob.default + 2 * half_range(knob)
        if knob.most is None or value <= knob.most:
            found[f"{knob.name} {value:g} (training to {knob.high:g})"] = {knob.name: value}
    return found


def trained(args: argparse.Namespace, seed: int, pictures: Pictures) -> SpreadDepth:
    """One network, from `--keep` if the very same is there."""
    told = {name: getattr(args, name) for name in ("scenes", "updates", "batch", "rate")}
    told |= {
        "seed": seed, "learner": SpreadSideRT.version, "size": [ROWS, COLUMNS], "seeds": [TRAIN, CHECK],
        "world": build("worlds", "scene").card.version,
    }  # fmt: skip
    path = Path(args.keep) / f"spread-{seed}.npz"
    kept = read_kept(path, told)
    if kept is not None:
        return kept
    worked = time.process_time()
    judge = DepthJudge(drawn(128, seed=CHECK))
    start = new_spread_depth(reach_of(pictures, "scene_trust"), seed=seed)
    plan = DepthPlan("sidert_spread", 1, args.updates, args.batch)
    best = train_depth(
        start, pictures, judge, plan, rate=args.rate, name=f"network {seed + 1}", key=jax.random.key(seed),
        snapshots=8, loss=SpreadLoss(jnp.float32(GAIN)),
    )  # fmt: skip
    spent = time.process_time() - worked
    print(f"network {seed + 1}: AbsRel {best.verdict.nrmse:.4f} in {spent:.0f} s of CPU time", flush=True)
    keep(best.model, told, path)
    return best.model


def keep(model: SpreadDepth, told: dict[str, Any], path: Path) -> None:
    """Write a network with what it was made of, whole or not at all."""
    structure, arrays = persist.dump(model)
    plain = np.asarray(json.dumps({"structure": structure, "told": told}))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda file: np.savez(file, plain=plain, **arrays))  # pyright: ignore[reportArgumentType]


def read_kept(path: Path, told: dict[str, Any]) -> SpreadDepth | None:
    """A kept network; None where there is none, where it was made of something else, or where the file is damaged."""
    if not path.exists():
        return None
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            plain = json.loads(str(file["plain"]))
            arrays = {k: file[k] for k in file.files if k != "plain"}
        if plain["told"] != told:
            print(f"{path} was made with other options and is made anew", flush=True)
            return None
        return persist.restore(plain["structure"], arrays)
    except Exception as error:  # a damaged file may raise anything
        print(f"{path} cannot be read ({type(error).__name__}) and is made anew", flush=True)
        return None


def spoken(models: list[SpreadDepth], pictures: Pictures) -> Spoken:
    """Of one network what it tells; of several the mixture's mean and the scale that has its variance.

    A Laplace distribution of scale s has the variance 2 s^2. The mixture's is the mean of those of its members and the
    variance of their middles (Lakshminarayanan and others 2017, arXiv 1612.01474, with Gaussians in its place).
    """
    every = [all_told(model, pictures.images) for model in models]
    middles = np.stack([np.log(np.asarray(t.depth, float)) for t in every])
    spreads = np.stack([np.asarray(t.spread, float) for t in every])
    if len(models) == 1:
        return Spoken(middles[0], spreads[0])
    return Spoken(middles.mean(axis=0), np.sqrt((2 * spreads**2).mean(axis=0) / 2 + middles.var(axis=0) / 2))


def reported(models: list[SpreadDepth], scale: Pictures, test: Pictures) -> UncertaintyReport:
    """Scaled on the one, judged on the other."""
    first, second = spoken(models, scale), spoken(models, test)
    depth = np.concatenate([np.asarray(scale.depth, float), np.asarray(test.depth, float)])
    held_out = np.arange(len(depth)) >= len(scale.depth)
    return uncertainty_report(
        np.concatenate([first.middle, second.middle]), np.concatenate([first.spread, second.spread]),
        depth, judged(depth), held_out=held_out, family="laplace",
    )  # fmt: skip


def shares_below(models: list[SpreadDepth], test: Pictures, factor: float) -> np.ndarray:
    """[picture, level] share of pixels below each told level, spreads times a factor; NaN where all is sky."""
    told, depth = spoken(models, test), np.asarray(test.depth, float)
    found = np.full((len(depth), len(LEVELS)), np.nan)
    for n, truth in enumerate(depth):
        at = judged(truth)
        if at.any():
            z = (np.log(truth[at]) - told.middle[n][at]) / (factor * told.spread[n][at])
            found[n] = (quantile_of_truth(z, "laplace")[:, None] <= LEVELS).mean(axis=0)
    return found


def farther(one: np.ndarray, other: np.ndarray, *, level: float) -> Estimate:
    """Coverage error of the first less that of the second, on the same scenes: a bootstrap over pairs.

    Scenes are drawn in pairs, so that what both share (the scenes) is not taken for noise.
    """
    both = np.isfinite(one[:, 0]) & np.isfinite(other[:, 0])
    a, b = one[both], other[both]
    n = len(a)
    rng = np.random.default_rng(seed_of("coverage difference", n))
    weights = rng.multinomial(n, np.full(n, 1 / n), 1999) / n

    def gap(shares: np.ndarray) -> np.ndarray:
        return np.abs(shares - LEVELS).mean(axis=-1)

    value = float(gap(a.mean(axis=0)) - gap(b.mean(axis=0)))
    draws = gap(weights @ a) - gap(weights @ b)
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return Estimate(
        value=value, low=float(low), high=float(high), stderr=float(draws.std()), level=level, n=n
    )


def numbers(report: UncertaintyReport, error: Estimate) -> Iterator[tuple[str, str, Estimate]]:
    """(scaling, what, number) of a report."""
    yield "", "abs_rel", error
    yield "", "factor", Estimate(value=report.factor, n=report.fitted_on)
    for name in ("before", "temperature", "isotonic", "levels"):
        trusted: Trusted = getattr(report, name)
        yield name, "coverage_error", trusted.coverage.error
        yield name, "coverage_squared", trusted.coverage.squared
        if trusted.negative_log_likelihood is not None and trusted.spread is not None:
            yield name, "negative_log_likelihood", trusted.negative_log_likelihood
            yield name, "spread", trusted.spread
        if trusted.ranking is not None:
            for part in ("ause", "aurg", "floor"):
                yield name, part, getattr(trusted.ranking, part)


def curves(report: UncertaintyReport) -> Iterator[tuple[str, str, float, float]]:
    """(curve, scaling, x, y) of a report."""
    for name in ("before", "temperature", "isotonic"):
        trusted: Trusted = getattr(report, name)
        pairs = zip(trusted.coverage.levels, trusted.coverage.observed, strict=True)
        yield from (("reliability", name, float(x), float(y)) for x, y in pairs)
    ranking = report.before.ranking
    assert ranking is not None
    for name, curve in (("by spread", ranking.curve), ("by error", ranking.oracle)):
        for x, y in zip(ranking.removed, curve, strict=True):
            yield "sparsification", name, float(x), float(y)


def abs_rel(models: list[SpreadDepth], test: Pictures) -> Estimate:
    """Of the middle, over pictures."""
    found, truth = np.exp(spoken(models, test).middle), np.asarray(test.depth, float)
    pairs = [(p[judged(t)], t[judged(t)]) for p, t in zip(found, truth, strict=True) if judged(t).any()]
    return estimate([np.mean(np.abs(p - t) / t) for p, t in pairs], seed=0)


def main() -> None:
    """Train what is missing, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", default="results/scene-trust", help="where trained networks are kept")
    parser.add_argument("--scenes", type=int, default=8000)
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--count", type=int, default=300, help="scenes that scale, and scenes of each kind that judge"
    )
    parser.add_argument("--folder", type=Path, default=RESULTS, help="for the tables and the figure")
    parser.add_argument("--page", type=Path, default=PAGE)
    args = parser.parse_args()
    pictures = drawn(args.scenes, seed=TRAIN)
    models = [trained(args, seed, pictures) for seed in range(args.seeds)]
    scale = drawn(args.count, seed=SCALE)
    speakers = {f"network {n + 1}": [model] for n, model in enumerate(models)}
    speakers["ensemble"] = models
    said = f"{args.scenes} scenes, {args.updates} updates of {args.batch} pictures at a rate of {args.rate:g}"
    blank = dict(value="", low="", high="", n=args.seeds)
    level = 1 - 0.05 / (len(beyond()) - 1)  # as many kinds of scenes are held against those of training
    inside: dict[str, np.ndarray] = {}
    rows: list[dict[str, Any]] = [dict(scenes=WITHIN, who="ensemble", scaling=said, what="training", **blank)]
    lines: list[dict[str, Any]] = []
    for scenes, held in beyond().items():
        test = drawn(args.count, seed=JUDGE, **held)
        for who, some in speakers.items():
            report = reported(some, scale, test)
            scaled = shares_below(some, test, report.factor)
            inside.setdefault(who, scaled)
            apart = [
                ("temperature", "less_before", farther(scaled, shares_below(some, test, 1.0), level=0.95)),
                ("temperature", "less_inside", farther(scaled, inside[who], level=level)),
            ]
            for scaling, what, e in (*numbers(report, abs_rel(some, test)), *apart):
                rows.append(dict(
                    scenes=scenes, who=who, scaling=scaling, what=what,
                    value=_plain(e.value), low=_plain(e.low), high=_plain(e.high), n=e.n,
                ))  # fmt: skip
            for curve, scaling, x, y in curves(report):
                lines.append(
                    dict(scenes=scenes, who=who, curve=curve, scaling=scaling, x=_plain(x), y=_plain(y))
                )
            c = (
                report.before.coverage.error,
                report.temperature.coverage.error,
                report.isotonic.coverage.error,
            )
            shown = "  ".join("none" if e.value is None else f"{e.value:.3f}" for e in c)
            print(f"{scenes:40s} {who:10s} coverage error {shown}", flush=True)
    _write(args.folder / NUMBERS, rows)
    _write(args.folder / CURVES, lines)
    write_page(args.folder, args.page)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomic(path, lambda file: file.write(text.getvalue().encode()) and None)


if __name__ == "__main__":
    main()
