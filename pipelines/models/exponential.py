"""The exponential function, with the same bits on every machine.

`numpy.exp` picks another algorithm for each CPU feature level, so its last bit
differs between machines. This one uses nothing but + - * /, rounding to integers
and the bits of a float64, which IEEE 754 defines exactly: equal bits everywhere,
for one value or a million, in any order.

Source: the argument reduction and the polynomial of `e_exp.c` in FDLIBM 5.3 (Sun
    Microsystems, 1993).
"""

from __future__ import annotations

import numpy as np

from pipelines.columns.buffers import Floats, Int64s

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
# Adding 1.5 * 2**52 rounds to an integer, ties to even, and leaves it in the low bits.
_ROUNDER = 6755399441055744.0
_ROUNDER_BITS = 0x4338000000000000
_EXP_RANGE = (-746.0, 710.0)  # beyond these exp is exactly 0 and infinity


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
    """Return exp(high - low) for |high - low| <= ln(2) / 2: 1 - ((low - x c / (2 - c)) - high)."""
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


def _power_of_two(exponent: Int64s) -> Floats:
    """Return 2**exponent from -1022 to 1023, written straight into the exponent's bits."""
    bits = exponent + 1023
    bits <<= 52
    return bits.view(np.float64)


def _horner(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    """Evaluate the polynomial with `coefficients` from the constant upwards."""
    result = x * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        result += coefficient
        result *= x
    result += coefficients[0]
    return result
