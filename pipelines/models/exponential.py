"""exp and log whose every bit is the same on every machine.

`numpy.exp` and `numpy.log` pick another algorithm for each CPU feature level,
so their last bit differs between machines. These two use nothing but + - * /,
rounding to integers and the bits of a float64, which IEEE 754 defines exactly:
equal bits everywhere, for one value or a million, in any order.

Source: the argument reductions and polynomials of `e_exp.c` and `e_log.c` in
    FDLIBM 5.3 (Sun Microsystems, 1993).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# ln 2 in two parts: the first has 21 zero bits at its end, so that k * _LN2_HIGH is
# exact for every exponent k that a float64 can have.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_LOG2_E = 1.44269504088896338700
_EXP_POLYNOMIAL = (
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
)
_LOG_POLYNOMIAL = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
# Adding 1.5 * 2**52 rounds to an integer, ties to even, and leaves it in the low bits.
_ROUNDER = 6755399441055744.0
_ROUNDER_BITS = 0x4338000000000000
_EXP_RANGE = (-746.0, 710.0)  # beyond these exp is exactly 0 and infinity
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_FRACTION_BITS = 0x000FFFFFFFFFFFFF
_TWO_54 = 18014398509481984.0  # lifts a subnormal number into the normal range


def exp(x: Floats) -> Floats:
    """Raise e to each value, with a relative error of at most 2.2e-16.

    Args:
        x: float64 values, of any shape but a bare number's.

    Returns:
        A new array of the shape of `x`: 0 below -745.13, infinity above 709.78,
        NaN where `x` is NaN.

    >>> exp(np.array([0.0, 1.0, -800.0, 800.0])).tolist()
    [1.0, 2.718281828459045, 0.0, inf]
    """
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        bounded = np.maximum(x, _EXP_RANGE[0])
        np.minimum(bounded, _EXP_RANGE[1], out=bounded)
        whole = bounded * _LOG2_E
        whole += _ROUNDER
        exponent = whole.view(np.int64) - _ROUNDER_BITS
        whole -= _ROUNDER
        bounded -= whole * _LN2_HIGH
        whole *= _LN2_LOW
        result = _exp_of_reduced(bounded, whole)
        # In two steps, because 2**1024 is no float64 though 1.5 * 2**1023 is one.
        first = exponent >> 1
        result *= _power_of_two(first)
        result *= _power_of_two(exponent - first)
    return result


def _exp_of_reduced(high: Floats, low: Floats) -> Floats:
    """exp(high - low) for |high - low| <= ln(2) / 2: 1 - ((low - x c / (2 - c)) - high)."""
    x = high - low
    square = x * x
    c = _horner(square, _EXP_POLYNOMIAL)
    c *= square
    np.subtract(x, c, out=c)
    x *= c
    np.subtract(2.0, c, out=c)
    x /= c
    np.subtract(low, x, out=x)
    x -= high
    np.subtract(1.0, x, out=x)
    return x


def _power_of_two(exponent: NDArray[np.int64]) -> Floats:
    """2**exponent from -1022 to 1023, written straight into the exponent's bits."""
    bits = exponent + 1023
    bits <<= 52
    return bits.view(np.float64)


def log(x: Floats) -> Floats:
    """Take the natural logarithm, with a relative error of at most 2.2e-16.

    Args:
        x: float64 values, of any shape but a bare number's.

    Returns:
        A new array of the shape of `x`: -infinity for 0, NaN below 0 and for NaN.

    >>> log(np.array([1.0, 10.0, 0.0])).tolist()
    [0.0, 2.302585092994046, -inf]
    """
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        tiny = x < 2.2250738585072014e-308
        bits = np.where(tiny, x * _TWO_54, x).view(np.int64)
        # Taken from sqrt(1/2), not from 1, so that the fraction lies around 1.
        offset = bits - _SQRT_HALF_BITS
        exponent = (offset >> 52).astype(np.float64) - np.where(tiny, 54.0, 0.0)
        fraction = ((offset & _FRACTION_BITS) + _SQRT_HALF_BITS).view(np.float64)
        result = _log_of_reduced(fraction - 1.0, exponent)
    result[x == 0.0] = -np.inf
    result[x == np.inf] = np.inf
    result[~(x >= 0.0)] = np.nan
    return result


def _log_of_reduced(f: Floats, exponent: Floats) -> Floats:
    """log((1 + f) * 2**exponent) for 1 + f between sqrt(1/2) and sqrt(2)."""
    s = f / (2.0 + f)
    square = s * s
    rest = square * _horner(square, _LOG_POLYNOMIAL)
    half = 0.5 * f * f
    correction = s * (half + rest) + exponent * _LN2_LOW
    result: Floats = exponent * _LN2_HIGH - ((half - correction) - f)
    return result


def _horner(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    """The polynomial with `coefficients` from the constant upwards."""
    result = x * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        result += coefficient
        result *= x
    result += coefficients[0]
    return result
