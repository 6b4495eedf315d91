"""Write swin_reference.npz: the features of timm's Swin encoder, small plans on fixed weights and pictures.

timm (Wightman, doi:10.5281/zenodo.4414861) and PyTorch are oracles, not dependencies: run it with a Python that has
both, `python tests/oracles/make_swin_reference.py`. Neither weights nor pictures are stored: both sides draw them by
`swin_cases`, each weight from a generator seeded with its name.
"""

import sys
from pathlib import Path

import numpy as np
import timm
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.oracles.swin_cases import CASES, picture, weight


def features(case: str) -> list[np.ndarray]:
    """Each stage's map in double precision, finest first, the last one normed."""
    width, depths, heads, window, rows, columns = CASES[case]
    model = timm.create_model(
        "swin_tiny_patch4_window7_224", pretrained=False, num_classes=0, img_size=(rows, columns),
        embed_dim=width, depths=depths, num_heads=heads, window_size=window,
    ).eval().double()  # fmt: skip
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(torch.from_numpy(weight(name, tuple(value.shape))))
        image = torch.from_numpy(picture(case).transpose(2, 0, 1))[None]
        maps = model.forward_intermediates(image, output_fmt="NCHW", intermediates_only=True)
        return [m[0].numpy().transpose(1, 2, 0) for m in maps[:-1]] + [
            model.forward_features(image)[0].numpy()
        ]


def main() -> int:
    """One array for each case and stage, in single precision."""
    path = Path(__file__).with_name("swin_reference.npz")
    said = {
        f"{case} {stage}": found.astype(np.float32)
        for case in CASES
        for stage, found in enumerate(features(case))
    }
    versions = {"timm": timm.__version__, "torch": torch.__version__}
    np.savez_compressed(path, **said, **{name: np.asarray(version) for name, version in versions.items()})
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
