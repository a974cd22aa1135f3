"""Quantiles of the distributions of chains, bit-identical on every processor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from stemgmd_tools.numerics import elementary

_MIDDLE: Final = (
    (2.509080928730122672e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
     1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.387132872796366608e0),
    (5.226495278852854561e3, 2.8729085735721942674e4, 3.930789580009271061e4, 2.1213794301586595867e4,
     5.3941960214247511077e3, 6.871870074920579083e2, 4.2313330701600911252e1, 1.0),
)  # fmt: skip
_OUTER: Final = (
    (7.745450142783414076e-4, 2.2723844989269184583e-2, 2.417807251774506117e-1, 1.2704582524523683826e0,
     3.6478483247632046050e0, 5.7694972214606914055e0, 4.6303378461565452959e0, 1.4234371107496835773e0),
    (1.0507500716444168432e-9, 5.475938084995344946e-4, 1.5198666563616457197e-2, 1.4810397642748007459e-1,
     6.8976733498510000455e-1, 1.6763848301838038494e0, 2.0531916266377588219e0, 1.0),
)  # fmt: skip
_FAR: Final = (
    (2.0103343992922881327e-7, 2.7115555687434875782e-5, 1.2426609473880784386e-3, 2.6532189526576123093e-2,
     2.9656057182850489123e-1, 1.7848265399172913358e0, 5.4637849111641143699e0, 6.6579046435011037772e0),
    (2.0442631033899397856e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     1.4875361290850614853e-2, 1.3692988092273580531e-1, 5.9983220655588793769e-1, 1.0),
)  # fmt: skip
"""Numerators and denominators, highest power first."""


def normal(u: float) -> float:
    """Return the quantile ``u``, above 0 and below 1, of the normal distribution of mean 0 and deviation 1.

    M. J. Wichura, *Algorithm AS 241: the percentage points of the normal distribution*, Applied Statistics 37, 1988.
    """
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _quotient(_MIDDLE, 0.180625 - q * q)
    r = math.sqrt(-elementary.log(u if q < 0.0 else 1.0 - u))
    return math.copysign(_quotient(_OUTER, r - 1.6) if r <= 5.0 else _quotient(_FAR, r - 5.0), q)


def log_uniform(low: float, high: float, u: float) -> float:
    """Return the quantile ``u`` between two positive bounds whose logarithm is uniform."""
    start, stop = _log(low), _log(high)
    return elementary.exp(start + u * (stop - start))


_log: Final = lru_cache(maxsize=256)(elementary.log)


def _quotient(polynomials: Sequence[Sequence[float]], x: float) -> float:
    above, below = polynomials
    top = bottom = 0.0
    for a, b in zip(above, below, strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom
