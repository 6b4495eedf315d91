"""Lorenz-63 written down once more, as a user would: one Runge-Kutta step on whatever arrays come."""


def rates(x, y, z, rho):
    return 10.0 * (y - x), x * (rho - z) - y, x * y - 8.0 / 3.0 * z


def rk4(x, y, z, rho, h):
    a = rates(x, y, z, rho)
    b = rates(x + h / 2 * a[0], y + h / 2 * a[1], z + h / 2 * a[2], rho)
    c = rates(x + h / 2 * b[0], y + h / 2 * b[1], z + h / 2 * b[2], rho)
    d = rates(x + h * c[0], y + h * c[1], z + h * c[2], rho)
    return tuple(
        s + h / 6 * (p + 2 * q + 2 * r + t) for s, p, q, r, t in zip((x, y, z), a, b, c, d, strict=True)
    )
