"""Small files in the layouts of NYU Depth v2 and KITTI."""

import importlib

import numpy as np


def nyu_arrays(n=2):
    """As MATLAB has them: [y, x, colour, picture] and [y, x, picture]."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (480, 640, 3, n), dtype=np.uint8)
    depths = rng.uniform(0.7, 9.9, (480, 640, n)).astype(np.float32)
    raw = np.where(rng.random(depths.shape) < 0.2, 0, depths).astype(np.float32)
    return {"images": images, "depths": depths, "rawDepths": raw}


def write_labelled(path, held, **options):
    """MATLAB 7.3 keeps the columns of an array together, so HDF5 shows its axes in reverse."""
    with importlib.import_module("h5py").File(path, "w", userblock_size=512) as file:
        for name, array in held.items():
            file.create_dataset(name, data=array.T, **options)
    return path


def write_kitti_picture(root, drive, camera, name, pixels):
    """Of the raw data; a drive's name begins with its date."""
    return _written(root / drive[:10] / drive / camera / "data" / name, pixels)


def write_kitti_depth(root, drive, camera, number, counts, *, part="val"):
    """Annotated lidar depth in 256ths of a metre, 0 where there is none."""
    folder = root / part / drive / "proj_depth" / "groundtruth" / camera
    return _written(folder / f"{number}.png", np.asarray(counts, np.uint16))


def _written(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    importlib.import_module("PIL.Image").fromarray(pixels).save(path)
    return path
