"""Three lines in a notebook."""

from numpy_model import step

import gnomon

result = gnomon.test(step, world="lorenz63", trials=("forecast",), units=8, store="example-results")
print(result)
