"""Do the ups and downs of a free run follow one another as they should?"""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import (
    channel_names,
    channels,
    each_unit,
    living,
    require_truth,
    runs_of,
    saved_step,
    with_lost,
)
from gnomon.numerics.crossings import natural_time
from gnomon.numerics.jackknife import left_out_means, paired, pseudo_values
from gnomon.numerics.ordinal import ordinal_codes
from gnomon.spec.results import Curve

PATTERNS = math.factorial(4)
DELAYS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128)
SPANS = (0.4, 0.8, 1.6)  # of a pattern in natural times
CHANNELS = 16  # the most that are kept of a variable whose points are not alike


class OrdinalPatterns(AbstractMeasure):
    """Jensen-Shannon divergence of the shares of ordinal patterns, variable by variable.

    A pattern is the order of four values a delay apart (Bandt and Pompe 2002, doi:10.1103/PhysRevLett.88.174102). With
    p and r the shares of the 24 patterns in all runs of subject and truth and S the entropy in bits,
    d = S((p + r) / 2) - S(p) / 2 - S(r) / 2, averaged over channels and delays (Lin 1991, doi:10.1109/18.61115); the
    number a unit is the jackknife pseudo-value, which leaves out the truth's unit with the subject's and takes away the
    bias of short runs, so it can be negative.

    The delays are the truth's, channel by channel: of those kept (1 to 128 saved steps) the ones whose patterns span
    nearest to 0.4, 0.8 and 1.6 natural times, the mean time between two upward crossings of the mean. The first is the
    rule of PECCARY (arXiv 2407.11970, 0.3 to 0.5), which suits smooth flows; the longer ones see how oscillations
    follow one another, and are all that differs where the series is rough, whose natural time is that of its noise.
    `value` is each unit's own divergence from the truth's shares.

    What misleads: patterns know neither mean nor size, so a run of half the variance scores perfectly; nor do they see
    anything that a monotone change of the variable does. Where the saved step is coarser than the rule allows, the
    first delay is one step and its patterns are those of the sampled map. Observation error below the change from one
    delay to the next hardly matters, above it decides. `value` of a short run is mostly chance: about 4 / n
    bits of n independent windows.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "bits"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1103/PhysRevLett.88.174102"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, channel, delay, pattern] shares and [unit, channel] natural times in saved steps."""
        runs = runs_of(evidence, "free")
        saved_step(runs)
        length = len(runs.time)
        delays = [d for d in DELAYS if 3 * d < length // 2]
        if not delays:
            raise CannotMeasure(
                f"runs of {length} saved states are too short for ordinal patterns of order 4"
            )
        alive = living(runs)
        shares, natural = [], []
        for c in channels(evidence.card, runs):
            x = np.moveaxis(np.where(alive[:, None, None, None], c.values, 0.0), 1, -1)[:, :CHANNELS]
            shares.append(np.stack([shares_of(x, d) for d in delays], axis=2))
            times = natural_time(x, 1.0)
            natural.append(
                1 / np.maximum((1 / times).mean(axis=2), 1 / length)
            )  # one that never crosses: its length
        return {
            "shares": np.concatenate(shares, axis=1),
            "natural": np.concatenate(natural, axis=1),
            "delays": each_unit(np.asarray(delays), len(alive)),
            "alive": alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the divergence between pooled shares."""
        require_truth(truth)
        alive = subject["alive"]
        if not alive.any():
            return with_lost(np.zeros(0), alive)
        x, r = (at_delay(t, chosen_delays(truth)) for t in (subject, truth))
        whole = divergence(x[alive].mean(axis=0), _beside(r, alive).mean(axis=0)).mean()
        rest = left_out_means(_beside(r, alive)) if paired(r, alive) else r.mean(axis=0, keepdims=True)
        left_out = divergence(left_out_means(x[alive]), rest).mean(axis=(1, 2))
        return with_lost(pseudo_values(float(whole), left_out), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Divergence of each unit's shares from the truth's."""
        alive = subject["alive"]
        x, r = (at_delay(t, chosen_delays(truth)) for t in (subject, truth))
        return with_lost(divergence(x[alive], r.mean(axis=0)).mean(axis=(1, 2)), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Shares of the patterns of the first two channels, commonest in the truth first."""
        picked = chosen_delays(tables["truth"])
        out = []
        for i, (name, _) in enumerate(_names(evidence["truth"])[:2]):
            order = np.argsort(-at_delay(tables["truth"], picked)[:, i, 0].mean(axis=0), kind="stable")
            series = []
            for role in present(tables, "truth", "subject", "null"):
                kept = at_delay(tables[role], picked)[tables[role]["alive"], i, 0]
                if len(kept):
                    series.append(
                        line(NAMES[role], role, np.arange(1, PATTERNS + 1), kept.mean(axis=0)[order])
                    )
            steps = tables["truth"]["delays"][0][picked[i, 0]]
            out.append(
                Curve(
                    name=f"patterns_{i}",
                    title=f"Ordinal patterns of {name}",
                    kind="line",
                    x_label="pattern, commonest in the truth first",
                    y_label="share of windows",
                    series=tuple(series),
                    note=f"order 4, {steps} saved steps apart",
                )
            )
        return tuple(out)


def shares_of(x: np.ndarray, delay: int) -> np.ndarray:
    """[unit, channel, pattern] shares of the patterns of [unit, channel, site, time], sites pooled."""
    codes = ordinal_codes(x, 4, delay)
    rows = codes.reshape(x.shape[0] * x.shape[1], -1).astype(np.int64)
    place = rows + PATTERNS * np.arange(len(rows))[:, None]
    counts = np.bincount(place.ravel(), minlength=PATTERNS * len(rows))
    return counts.reshape(*x.shape[:2], PATTERNS) / rows.shape[1]


def chosen_delays(truth: UnitTable) -> np.ndarray:
    """[channel, span] index of the delay whose pattern spans nearest to 0.4, 0.8 and 1.6 natural times of the truth."""
    natural = 1 / (1 / truth["natural"]).mean(axis=0)
    span = 3 * truth["delays"][0] / natural[:, None]
    return np.abs(np.log(span[:, None] / np.asarray(SPANS)[:, None])).argmin(axis=2)


def at_delay(table: UnitTable, picked: np.ndarray) -> np.ndarray:
    """[unit, channel, span, pattern] shares at each channel's own delays."""
    return table["shares"][:, np.arange(len(picked))[:, None], picked]


def divergence(p: np.ndarray, r: np.ndarray) -> np.ndarray:
    """[...] Jensen-Shannon divergence in bits along the last axis."""
    return _entropy((p + r) / 2) - _entropy(p) / 2 - _entropy(r) / 2


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1)


def _beside(truth: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """The truth's units that stand beside the subject's living ones; all of them where numbers differ."""
    return truth[alive] if paired(truth, alive) else truth


def _names(evidence: Evidence) -> list:
    """Channels as `summarise` keeps them: at most 16 of a variable."""
    out, seen = [], {}
    for name, v in channel_names(evidence.card):
        seen[v.name] = seen.get(v.name, 0) + 1
        if seen[v.name] <= CHANNELS:
            out.append((name, v))
    return out
