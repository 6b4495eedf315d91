"""PyTorch modules as models (needs the extra `torch`; `make example-torch`)."""

import numpy as np
import pytest

from gnomon.adapters.callable import CallableRunner
from gnomon.adapters.loading import model_of
from gnomon.core.watch import Watch

pytestmark = pytest.mark.torch

DECLARED = {"framework": "torch", "batched": True}


@pytest.fixture
def parts():
    torch = pytest.importorskip("torch")

    class Wrapped(torch.nn.Module):
        def __init__(self, net, rate=0.01):
            super().__init__()
            self.net, self.rate = net, rate

        def forward(self, state, forcing):
            if (
                forcing["rho"].shape != state.shape[:1]
            ):  # no assert: pytest rewrites those, and hides them from us
                raise ValueError(forcing["rho"].shape)
            return state + self.rate * self.net(state)

    def make(activation=torch.nn.Tanh, seed=0, **options):
        torch.manual_seed(seed)
        return Wrapped(
            torch.nn.Sequential(torch.nn.Linear(3, 8), activation(), torch.nn.Linear(8, 3)), **options
        )

    return torch, make


def test_identity_is_of_weights_layers_and_numbers(parts):
    torch, make = parts
    first = model_of(make(), declared=DECLARED)
    assert first.reusable
    assert model_of(make(), declared=DECLARED).identity == first.identity
    others = [make(torch.nn.ReLU), make(seed=1), make(rate=0.02)]
    assert len({model_of(m, declared=DECLARED).identity for m in others} | {first.identity}) == 4


def test_a_module_runs_in_batches_and_in_evaluation(parts, world, experiment, starts):
    torch, make = parts
    module = make(torch.nn.Dropout)
    model = model_of(module, declared=DECLARED)
    runs = [
        CallableRunner(model, world.card).run(experiment, starts, seed=1, watch=Watch()) for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0].obs["x"], runs[1].obs["x"])
    assert runs[0].obs["x"].shape == (4, 2, 40)
    assert model_of(module, declared=DECLARED).identity == model.identity
