"""Exact intervals for rates, and the power of not having seen something.

Everything here is about a binomial experiment: n opportunities, k of them hits.
"""

from __future__ import annotations

import math

CONFIDENCE = 0.95


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X >= k) for X ~ Binomial(n, p), summed from the smaller side so that no digits cancel."""
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    if p <= 0.0:
        return 0.0
    if p >= 1.0:
        return 1.0
    return regularised_beta(p, k, n - k + 1)


def regularised_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b), the regularised incomplete beta function, by its continued fraction.

    Source: Abramowitz and Stegun, 26.5.8, evaluated by Lentz's method.
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    # The fraction converges fast only left of the mean: use the symmetry for the other side.
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - regularised_beta(1.0 - x, b, a)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
        - math.log(a)
    )
    tiny = 1e-300
    fraction = c = 1.0
    d = 0.0
    # A few times sqrt(max(a, b)) steps are needed.
    for step in range(20 + 10 * int(math.sqrt(max(a, b)) + 1)):
        half = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            numerator = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        d = 1.0 + numerator * d
        d = 1.0 / (d if abs(d) > tiny else tiny)
        c = 1.0 + numerator / (c if abs(c) > tiny else tiny)
        change = c * d
        fraction *= change
        if step > 0 and abs(change - 1.0) < 1e-14:
            break
    return min(1.0, math.exp(log_front) * (fraction - 1.0))


def _bisect(k: int, n: int, probability: float) -> float:
    """The p for which binomial_tail(k, n, p) is `probability`; the tail grows with p."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if binomial_tail(k, n, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def interval(hits: int, opportunities: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact (Clopper-Pearson) two-sided interval of the rate hits / opportunities.

    The lower end also holds when sampling stopped at the last hit (inverse sampling).
    With no opportunities nothing is known: (0, 1).
    """
    if hits < 0 or hits > opportunities:
        raise ValueError(f"{hits} hits of {opportunities} opportunities")
    if opportunities == 0:
        return (0.0, 1.0)
    side = (1.0 - confidence) / 2
    low = 0.0 if hits == 0 else _bisect(hits, opportunities, side)
    high = 1.0 if hits == opportunities else _bisect(hits + 1, opportunities, 1.0 - side)
    return (low, high)


def miss_chance(rate: float, opportunities: int) -> float:
    """The chance that `opportunities` show nothing of something that happens at `rate`."""
    if rate >= 1.0:
        return 0.0 if opportunities else 1.0
    return math.exp(opportunities * math.log1p(-rate))


def opportunities_needed(rate: float, miss: float) -> int:
    """The smallest n with (1 - rate)^n < miss."""
    if rate <= 0.0:
        raise ValueError("a rate of zero can never be excluded")
    if rate >= 1.0:
        return 1
    needed = max(1, math.ceil(math.log(miss) / math.log1p(-rate)))
    while miss_chance(rate, needed) >= miss:
        needed += 1
    return needed


def poisson_low(hits: int, confidence: float = CONFIDENCE) -> float:
    """The lower end of the exact interval of a Poisson variable's mean, `hits` of which were seen.

    Opportunities that are needed by it, log(1/miss) * n / poisson_low(hits), are never fewer than those by the lower
    end of `interval(hits, n)`: so it can stand in for that where there is no room for more than a table.
    """
    if hits <= 0:
        return 0.0
    side = (1.0 - confidence) / 2
    low, high = 0.0, float(hits)
    for _ in range(200):
        mean = (low + high) / 2
        term = below = math.exp(-mean)
        for k in range(1, hits):
            term *= mean / k
            below += term
        if 1.0 - below < side:
            low = mean
        else:
            high = mean
    return low
