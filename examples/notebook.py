"""Three lines in a notebook."""

import gnomon
from numpy_model import step

result = gnomon.test(step, world="lorenz63", trials=("forecast",), units=8, store="results/examples")
print(result)
