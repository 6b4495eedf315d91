"""Add a learner: relaxation to the mean at a learned rate. Run it: the contract is checked, then it is compared.

In the package the two classes would be a file in src/gnomon/learners/ and one line of the registry; here the learner's
own name, "add_a_learner:Relaxation", is enough.
"""

import time as clock
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.spec.cards import SimulatorCard


class RelaxationSimulator(AbstractSimulator[Obs]):
    """Every variable moves towards its mean by a fixed fraction a step."""

    card: SimulatorCard = eqx.field(static=True)
    mean: dict[str, Float[Array, "..."]]
    memory: dict[str, Float[Array, ""]]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """The present observation."""
        return {name: jnp.asarray(x[-1]) for name, x in history.items()}

    def advance(self, state: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """One step towards the mean."""
        return {n: self.mean[n] + self.memory[n] * (x - self.mean[n]) for n, x in state.items()}

    def observe(self, state: Obs) -> Obs:
        """The state is an observation."""
        return state


class Relaxation(AbstractLearner):
    """Damped persistence: the least-squares fraction of the departure from the mean that survives one step.

    Attributes:
        shrinkages: factors on the fitted memory, of which the best over a short free run on validation data is taken.
        horizon: of that free run, in steps.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False

    shrinkages: tuple[float, ...] = (1.0, 0.98, 0.9)
    horizon: int = 20

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """A mean and a memory for every variable."""
        began = clock.perf_counter()
        train = {n: np.asarray(x, float)[data.train] for n, x in data.obs.items()}
        mean = {n: x.mean(axis=(0, 1)) for n, x in train.items()}
        fitted = {n: _memory(x - mean[n]) for n, x in train.items()}
        errors = {s: self._error(data, mean, {n: s * m for n, m in fitted.items()}) for s in self.shrinkages}
        best = min(errors, key=lambda s: errors[s])
        card = SimulatorCard(
            name="relaxation",
            dt=data.card.dt,
            context=1,
            variables=tuple(v.name for v in data.card.variables),
            knobs=tuple(k.name for k in data.card.knobs),
            trained_on={
                k: (float(x[data.train].min()), float(x[data.train].max())) for k, x in data.forcing.items()
            },
        )
        simulator = RelaxationSimulator(
            card=card,
            mean={n: jnp.asarray(m) for n, m in mean.items()},
            memory={n: jnp.asarray(best * m) for n, m in fitted.items()},
        )
        log = {
            "chosen": {"shrinkage": best},
            "tried": len(errors),
            "budget": len(self.shrinkages),
            "validation": {"squared error": errors[best]},
            "space": {"shrinkage": list(self.shrinkages)},
            "seconds": clock.perf_counter() - began,
        }
        return Fit(simulator, log)

    def _error(self, data: Data, mean: dict[str, np.ndarray], memory: dict[str, float]) -> float:
        """Mean squared error, in standard deviations, of free runs from the start of each validation trajectory."""
        total = 0.0
        for v in data.card.variables:
            x = np.asarray(data.obs[v.name], float)[data.validation][:, : self.horizon + 1]
            decay = memory[v.name] ** np.arange(1, x.shape[1])
            departure = (x[:, 0] - mean[v.name])[:, None] * decay.reshape(1, -1, *[1] * (x.ndim - 2))
            total += float(np.mean(((mean[v.name] + departure - x[:, 1:]) / v.scale) ** 2))
        return total / len(data.card.variables)


def _memory(departure: np.ndarray) -> float:
    before, after = departure[:, :-1], departure[:, 1:]
    return float(np.sum(before * after) / np.sum(before**2))


if __name__ == "__main__":
    import gnomon
    from gnomon.engine.bench import Bench
    from gnomon.spec.study import DataPlan, Ref, Study, TrialRef
    from gnomon.store.results import Store
    from gnomon.testing.learners import check_learner

    study = Study(
        name="add-a-learner",
        question="Does relaxation beat persistence?",
        worlds=(Ref(kind="lorenz63"),),
        learners=(Ref(kind="add_a_learner:Relaxation", label="relaxation"), Ref(kind="persistence")),
        trials=(TrialRef(kind="forecast", args={"units": 20, "horizon": 10.0}),),
        data=DataPlan(trajectories=8, validation=4, steps=300),
    )
    store = Store("example-results")
    with jax.enable_x64(True):
        case = next(study.cases())
        bench = Bench(store)
        check_learner(
            Relaxation(), bench.world(case.world), bench.data(case), saved=False, key=jax.random.PRNGKey(0)
        )
    print(gnomon.run(study, store=store, trust=True))
