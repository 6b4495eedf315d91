"""Errors of a depth map: the numbers of the KITTI and NYU literature, with their masks, caps, crops and scalings."""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import binary_erosion, distance_transform_edt

from gnomon.spec.errors import BadData

Crop = Literal["none", "garg", "eigen", "nyu"]

# Shares of height and width: first row, end row, first column, end column.
_SHARES = {
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    "eigen": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
}
_NYU = (480, 640, slice(45, 471), slice(41, 601))  # rows and columns that the sensor saw, of 480 x 640
_DELTA = 1.25
SCENE_CAP = (0.1, 200.0)  # metres between which a rendered depth counts: sky is 0, and no street is so long


class DepthErrors(NamedTuple):
    """Of one depth map, over its judged pixels. p is the prediction, t the truth, means are over pixels.

    Attributes:
        abs_rel: mean |p - t| / t.
        sq_rel: mean (p - t)^2 / t, in the units of depth.
        rmse: root of mean (p - t)^2, in the units of depth.
        rmse_log: root of mean (ln p - ln t)^2.
        log10: mean |log10 p - log10 t|.
        delta1: share of pixels with max(p / t, t / p) < 1.25.
        delta2: the same below 1.25^2.
        delta3: the same below 1.25^3.
        silog: 100 times the standard deviation of ln p - ln t; no factor on the prediction changes it.
        pixels: how many were judged.
        scale: what the prediction was multiplied by (1 without median scaling).
    """

    abs_rel: float
    sq_rel: float
    rmse: float
    rmse_log: float
    log10: float
    delta1: float
    delta2: float
    delta3: float
    silog: float
    pixels: int
    scale: float


class EdgeScores(NamedTuple):
    """How well the steps of a depth map stand where the true ones do.

    Attributes:
        precision: share of predicted edge pixels that are true ones; None where none was predicted.
        recall: share of true edge pixels that were predicted; None where there is none.
        f1: 2 precision recall / (precision + recall); 0 where they share no pixel, None where neither map has an edge.
        distance: mean over the edge pixels of both maps of the distance in pixels to the nearest one of the other map,
            each cut off at `reach` (which it is where only one of them has any); None where neither has an edge.
        pixels: at how many an edge could have been seen: they and their eight neighbours are valid.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    distance: float | None
    pixels: int


def crop_mask(shape: tuple[int, int], crop: Crop) -> Bool[np.ndarray, "y x"]:
    """True inside the crop.

    "garg" (Garg and others 2016, arXiv 1603.04992) and "eigen" (Eigen, Puhrsch and Fergus 2014, arXiv 1406.2283) are
    shares of a KITTI image of any size; "nyu" is the rectangle of 480 x 640 that Eigen's split of NYU Depth v2 is
    judged on.
    """
    rows, columns = shape
    mask = np.zeros(shape, bool)
    if crop == "none":
        mask[:] = True
    elif crop in _SHARES:
        top, bottom, left, right = _SHARES[crop]
        mask[int(top * rows) : int(bottom * rows), int(left * columns) : int(right * columns)] = True
    elif crop == "nyu":
        if (rows, columns) != _NYU[:2]:
            raise BadData(f"the crop 'nyu' is for maps of 480 x 640, this one is {rows} x {columns}")
        mask[_NYU[2], _NYU[3]] = True
    else:
        raise BadData(f"no crop {crop!r}; there are: none, garg, eigen, nyu")
    return mask


def judged_pixels(
    truth: Float[np.ndarray, "y x"],
    *,
    valid: Bool[np.ndarray, "y x"] | None = None,
    cap: tuple[float, float],
    crop: Crop = "none",
) -> Bool[np.ndarray, "y x"]:
    """Where a truth counts: finite, strictly between the caps, inside the crop, and marked as valid."""
    low, high = cap
    if not 0 < low < high:
        raise BadData(f"cap must be two depths with 0 < low < high, it is {cap}")
    finite = np.isfinite(truth)
    inside = finite & (np.where(finite, truth, 0) > low) & (np.where(finite, truth, 0) < high)
    if valid is not None:
        inside = inside & _same_shape(np.asarray(valid, bool), truth, "valid")
    return inside & crop_mask(truth.shape, crop)


def depth_errors(
    predicted: Float[np.ndarray, "y x"],
    truth: Float[np.ndarray, "y x"],
    *,
    valid: Bool[np.ndarray, "y x"] | None = None,
    cap: tuple[float, float] = (1e-3, 80.0),
    crop: Crop = "none",
    median_scaling: bool = False,
) -> DepthErrors:
    """All errors of one map, in the order of the literature: mask, crop, median scaling, then caps on the prediction.

    A truth outside the caps (a zero of a sparse lidar map among them) is not judged; a prediction outside is moved to
    the nearer cap. With `median_scaling` the prediction is first multiplied by median(truth) / median(prediction)
    over the judged pixels, as is done for models that know depth up to a factor (Zhou and others 2017, arXiv
    1704.07813).

    What misleads: published tables average these over images (so a map with few lidar points weighs as much as a full
    one), and RMSE is the mean of the images' roots, not the root of the pooled mean. Average what this returns.

    Raises:
        BadData: no pixel is left to judge, a judged prediction is not finite, or its median is not positive.
    """
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if truth.ndim != 2:
        raise BadData(f"a depth map has two axes, this one has the shape {truth.shape}")
    judged = judged_pixels(truth, valid=valid, cap=cap, crop=crop)
    p, t = _same_shape(predicted, truth, "predicted")[judged], truth[judged]
    if not t.size:
        raise BadData("no pixel of this map is judged: the mask, the crop and the caps leave none")
    _require_finite(p)
    scale = 1.0
    if median_scaling:
        middle = float(np.median(p))
        if middle <= 0:
            raise BadData(f"median scaling needs a positive median, the prediction's is {middle:g}")
        scale = float(np.median(t)) / middle
    return _errors(np.clip(scale * p, *cap), t, scale)


def _errors(p: np.ndarray, t: np.ndarray, scale: float) -> DepthErrors:
    gap, ratio = p - t, np.maximum(p / t, t / p)
    log_gap = np.log(p) - np.log(t)
    within = [float((ratio < _DELTA**n).mean()) for n in (1, 2, 3)]
    return DepthErrors(
        abs_rel=float((np.abs(gap) / t).mean()),
        sq_rel=float((gap**2 / t).mean()),
        rmse=float(np.sqrt((gap**2).mean())),
        rmse_log=float(np.sqrt((log_gap**2).mean())),
        log10=float(np.abs(log_gap).mean() / np.log(10)),
        delta1=within[0],
        delta2=within[1],
        delta3=within[2],
        silog=100 * float(log_gap.std()),
        pixels=int(t.size),
        scale=scale,
    )


def depth_edges(
    depth: Float[np.ndarray, "y x"], *, threshold: float, valid: Bool[np.ndarray, "y x"] | None = None
) -> Bool[np.ndarray, "y x"]:
    """Where the length of the Sobel gradient of depth exceeds the threshold; never at the rim or beside invalid pixels.

    The Sobel weights are 1, 2, 1 and are not divided by 8, as in the edge scores of Hu and others (2019,
    arXiv 1803.08673).
    """
    depth = np.asarray(depth, np.float64)
    known = np.isfinite(depth) if valid is None else np.isfinite(depth) & np.asarray(valid, bool)
    d = np.where(known, depth, 0.0)
    smooth_y = d[:-2] + 2 * d[1:-1] + d[2:]
    smooth_x = d[:, :-2] + 2 * d[:, 1:-1] + d[:, 2:]
    along_x = smooth_y[:, 2:] - smooth_y[:, :-2]
    along_y = smooth_x[2:] - smooth_x[:-2]
    edges = np.zeros(depth.shape, bool)
    edges[1:-1, 1:-1] = np.hypot(along_x, along_y) > threshold
    return edges & _surrounded(known)


def edge_scores(
    predicted: Float[np.ndarray, "y x"],
    truth: Float[np.ndarray, "y x"],
    *,
    threshold: float = 0.5,
    valid: Bool[np.ndarray, "y x"] | None = None,
    reach: float = 10.0,
) -> EdgeScores:
    """Precision, recall and F1 of edges pixel by pixel (Hu and others 2019, arXiv 1803.08673), and their distance.

    The distance is the completeness term of the depth-boundary error of Koch and others (2018, arXiv 1805.01328): from
    predicted edges to true ones and from true ones to predicted ones, over all of them, each cut off at 10 pixels.
    Their accuracy term leaves out predicted edges that are further away and true ones altogether, so a map with one
    edge in its place is perfect by it. Different: edges are those of `depth_edges`, theirs are drawn by Canny's method
    on a normalised map.

    What misleads: a threshold in metres is a small step far away and a large one nearby, and ground that is seen at a
    flat angle crosses it everywhere: see `step_scores`. A map that is all edges has a recall of 1, so no one of the
    three stands alone.
    """
    seen = None if valid is None else _same_shape(np.asarray(valid, bool), truth, "valid")
    predicted, truth = _same_shape(np.asarray(predicted), truth, "predicted"), np.asarray(truth)
    ours = depth_edges(predicted, threshold=threshold, valid=seen)
    true = depth_edges(truth, threshold=threshold, valid=seen)
    found, said, there = int((ours & true).sum()), int(ours.sum()), int(true.sum())
    distance = None
    if said + there:
        total = _to_the_nearest(ours, true, reach) + _to_the_nearest(true, ours, reach)
        distance = total / (said + there)
    known = np.isfinite(truth) if seen is None else np.isfinite(truth) & seen
    return EdgeScores(
        precision=found / said if said else None,
        recall=found / there if there else None,
        f1=2 * found / (said + there) if said + there else None,
        distance=distance,
        pixels=int(_surrounded(known).sum()),
    )


def step_scores(
    predicted: Float[np.ndarray, "y x"],
    truth: Float[np.ndarray, "y x"],
    *,
    ratio: float = 1.25,
    valid: Bool[np.ndarray, "y x"] | None = None,
    cap: tuple[float, float],
    reach: float = 10.0,
) -> EdgeScores:
    """Edge scores of ln depth: an edge is where depth changes by a factor, near or far, in whatever unit.

    The threshold of the Sobel gradient is 4 ln(ratio), what a straight step by that factor gives at the two pixels
    beside it. Factors are what Bochkovskii and others (2024, arXiv 2410.02073) compare, between 1.05 and 1.25 from a
    pixel to the next; different: their edges lie between two pixels and know which side is nearer.

    A truth outside the caps (sky is 0) is not judged, nor any pixel beside it: the skyline is no edge. A prediction
    outside is moved to the nearer cap, as in `depth_errors`. A factor on the prediction costs nothing inside the caps.

    What misleads: a plane at a flat angle is a step too: level ground nearer to the horizon than
    (ratio + 1) / (ratio - 1) rows is (nine at 1.25, in a picture of any size). A step that is spread over more than two
    pixels is lower than its factor, so a blurred map loses edges of the right height in the right place; of a step by
    just that factor rounding decides. Pixels are large in small pictures.

    Raises:
        BadData: the ratio is not above 1, shapes differ, or a judged prediction is not finite.
    """
    if not ratio > 1:
        raise BadData(f"a step is a ratio of depths above 1, this one is {ratio:g}")
    truth = np.asarray(truth, np.float64)
    judged = judged_pixels(truth, valid=valid, cap=cap)
    predicted = _same_shape(np.asarray(predicted, np.float64), truth, "predicted")
    _require_finite(predicted[judged])
    return edge_scores(
        np.log(np.clip(predicted, *cap)),
        np.log(np.clip(truth, *cap)),
        threshold=4 * float(np.log(ratio)),
        valid=judged,
        reach=reach,
    )


def _to_the_nearest(one: np.ndarray, other: np.ndarray, reach: float) -> float:
    """Sum over the pixels of one of their distances to the other, each cut off."""
    if not other.any():
        return reach * float(one.sum())
    return float(np.minimum(np.asarray(distance_transform_edt(~other))[one], reach).sum())


def _surrounded(known: np.ndarray) -> np.ndarray:
    """Known with all eight neighbours: none at the rim."""
    return np.asarray(binary_erosion(known, np.ones((3, 3), bool)))


def _require_finite(p: np.ndarray) -> None:
    if not np.isfinite(p).all():
        raise BadData(f"{int((~np.isfinite(p)).sum())} judged pixels of the prediction are not finite")


def _same_shape(a: np.ndarray, b: np.ndarray, name: str) -> np.ndarray:
    if a.shape != np.shape(b):
        raise BadData(f"{name} has the shape {a.shape}, the truth {np.shape(b)}")
    return a
