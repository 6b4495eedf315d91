"""Every example runs as a stranger would run it: a fresh process in a folder of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.examples
EXAMPLES = Path(__file__).parents[2] / "examples"
SAYS = {
    "numpy_model": "numpy_model on lorenz63, forecast: fidelity",
    "jax_model": "jax_model on lorenz63, forecast: fidelity",
    "torch_model": "small torch model on lorenz63, climate",
    "notebook": "numpy_model on lorenz63, forecast: fidelity",
    "rollout_files": "full report: ",
    "add_a_system": "Lyapunov time",
    "add_a_world": "linear",
    "add_a_learner": "relaxation",
    "add_a_trial": "perfect",
    "add_a_measure": "early_error",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Examples share one store, so that the truth of each world is made once."""
    return tmp_path_factory.mktemp("examples")


def test_every_example_is_known():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SAYS)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.torch) if n == "torch_model" else n for n in SAYS]
)
def test_an_example_runs(name, folder):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
    told = done.stdout + done.stderr
    assert "failed" not in told, told
