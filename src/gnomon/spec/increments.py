"""Increments: what a model adds in one short step from a true state, beside what the truth adds; names, plain data."""

DECLARED = "increments"  # under this key a trial declares the label of the experiment
# Of such runs, beside [unit, 1, 1, column, column] triangles: columns of terms and last the error of the tendency. A
# triangle has the same sums of products as all rows of its unit, and no square is taken of how alike columns are.
TRIANGLE, COARSE = "triangle", "triangle of twice the step"
ROWS, SPAN = (
    "rows",
    "span",
)  # [unit, 1] of the triangle, and the time over which the error of the tendency was taken
