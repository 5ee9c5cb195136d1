"""Statistics against values that others computed."""

import math

import pytest
from faultline import stats

# Clopper-Pearson, 95 %: R's binom.test(k, n)$conf.int.
KNOWN = [
    (0, 10, 0.0, 0.3084971),
    (10, 10, 0.6915029, 1.0),
    (5, 10, 0.1870860, 0.8129140),
    (1, 20, 0.001265089, 0.2487328),
    (50, 1000, 0.03733540, 0.06539049),
    (1, 1, 0.025, 1.0),
    (0, 1, 0.0, 0.975),
]


@pytest.mark.parametrize("hits,opportunities,low,high", KNOWN)
def test_interval_has_the_known_values(hits: int, opportunities: int, low: float, high: float) -> None:
    assert stats.interval(hits, opportunities) == pytest.approx((low, high), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    "k,n,p", [(3, 10, 0.2), (1, 5, 0.9), (50, 100, 0.4), (199, 200, 0.99), (2, 3000, 1e-4)]
)
def test_tail_is_the_sum_of_its_terms(k: int, n: int, p: float) -> None:
    summed = math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, min(n, k + 60) + 1))
    assert stats.binomial_tail(k, n, p) == pytest.approx(summed, rel=1e-9)


def test_interval_of_nothing_and_of_impossible_counts() -> None:
    assert stats.interval(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError):
        stats.interval(2, 1)
    with pytest.raises(ValueError):
        stats.interval(-1, 1)


def test_interval_of_large_counts_is_narrow_and_exact_at_the_rule_of_three() -> None:
    low, high = stats.interval(500_000, 1_000_000)
    assert 0.499 < low < 0.5 < high < 0.501
    assert stats.interval(0, 1_000_000)[1] == pytest.approx(-math.log(0.025) / 1e6, rel=1e-5)


def test_interval_covers_as_often_as_it_says() -> None:
    """Summed over all outcomes, the chance that the interval holds the true rate is at least 95 %."""
    for rate in (0.02, 0.3, 0.7):
        covered = sum(
            math.comb(25, k) * rate**k * (1 - rate) ** (25 - k)
            for k in range(26)
            if stats.interval(k, 25)[0] <= rate <= stats.interval(k, 25)[1]
        )
        assert covered >= 0.95


@pytest.mark.parametrize("rate", [0.9, 0.69150289, 0.5, 0.01, 1e-6])
@pytest.mark.parametrize("miss", [1e-3, 1e-6, 1e-9])
def test_opportunities_needed_is_the_smallest_number_that_is_enough(rate: float, miss: float) -> None:
    needed = stats.opportunities_needed(rate, miss)
    assert stats.miss_chance(rate, needed) < miss <= stats.miss_chance(rate, needed - 1)


def test_certain_and_impossible_rates() -> None:
    assert stats.opportunities_needed(1.0, 1e-6) == 1
    assert stats.miss_chance(1.0, 1) == 0.0 and stats.miss_chance(1.0, 0) == 1.0
    with pytest.raises(ValueError):
        stats.opportunities_needed(0.0, 1e-6)


def test_the_lower_end_of_a_poisson_mean() -> None:
    """R's poisson.test(k)$conf.int."""
    for hits, low in ((1, 0.02531781), (5, 1.623486), (10, 4.795389), (100, 81.36399)):
        assert stats.poisson_low(hits) == pytest.approx(low, rel=1e-6)
    assert stats.poisson_low(0) == 0.0
