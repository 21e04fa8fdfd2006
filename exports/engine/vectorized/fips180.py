"""The numbers of SHA-256 (FIPS 180-4, 4.2.2 and 5.3.3), computed as the standard defines them."""

from __future__ import annotations

from math import isqrt


def _cube_root(number: int) -> int:
    """Return the whole part of a cube root."""
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


_PRIMES = [n for n in range(2, 312) if all(n % each for each in range(2, isqrt(n) + 1))]
# The first 32 bits behind the point of their roots.
CONSTANTS = tuple(_cube_root(prime << 96) & 0xFFFFFFFF for prime in _PRIMES)
START = tuple(isqrt(prime << 64) & 0xFFFFFFFF for prime in _PRIMES[:8])
