"""A PyTorch module: trained here for a moment, then tested like any other function. Needs the extra `torch`.

make example-torch

The module takes a whole batch of states at once, which is what `batched` says. Its weights are part of its identity:
train it further and it is another model.
"""

import numpy as np
import torch

import gnomon

DT = 0.025


class Residual(torch.nn.Module):
    """The change over one step, learned."""

    def __init__(self, width: int = 32):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, 3))
        self.register_buffer("scale", torch.tensor([8.0, 9.0, 8.6]))

    def forward(self, state: torch.Tensor, forcing: dict[str, torch.Tensor]) -> torch.Tensor:
        """States [batch, 3] and the knob [batch] -> the states one step later."""
        knob = (forcing["rho"] - 28.0)[:, None] / 2.0
        return state + DT * self.scale * 10.0 * self.net(torch.cat([state / self.scale, knob], dim=1))


def rates(state: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Lorenz's equations, only to make training data."""
    x, y, z = state.T
    return np.stack([10.0 * (y - x), x * (rho - z) - y, x * y - 8.0 / 3.0 * z], axis=1)


def training_data(lanes: int = 64, steps: int = 400) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """States, knob values and the states one step later."""
    rng = np.random.default_rng(0)
    rho = rng.uniform(26.0, 30.0, lanes)
    state = rng.normal(size=(lanes, 3)) * [8.0, 9.0, 8.6] + [0.0, 0.0, 24.0]
    seen = []
    for _ in range(steps):
        seen.append(state)
        for _ in range(4):
            half = state + DT / 8 * rates(state, rho)
            state = state + DT / 4 * rates(half, rho)
    before, after = np.stack(seen[100:-1]), np.stack(seen[101:])
    knobs = np.broadcast_to(rho, before.shape[:2])
    tensors = (before.reshape(-1, 3), knobs.reshape(-1), after.reshape(-1, 3))
    x, k, y = (torch.as_tensor(a.copy(), dtype=torch.float32) for a in tensors)
    return x, k, y


def train(rounds: int = 400) -> Residual:
    """A quick fit on one-step error: what this field's models are usually trained on."""
    torch.manual_seed(0)
    model, (x, k, y) = Residual(), training_data()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(rounds):
        rows = torch.randint(len(x), (512,))
        loss = (((model(x[rows], {"rho": k[rows]}) - y[rows]) / (DT * model.scale)) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


if __name__ == "__main__":
    declare = {"framework": "torch", "batched": True, "dt": DT, "trained_on": {"rho": (26.0, 30.0)}}
    print(
        gnomon.test(
            train(),
            world="lorenz63",
            trials=("forecast", "climate"),
            declare=declare,
            name="small torch model",
            units=8,
            store="example-results",
        )
    )
