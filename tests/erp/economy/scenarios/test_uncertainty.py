"""Spread and correlation of series, and draws that keep them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.economy.scenarios.uncertainty import SeriesTooShort, Uncertainty, draws, measured

YEARS = range(2015, 2025)
SERIES = {
    "brent": dict(zip(YEARS, (52.3, 43.6, 54.1, 71.3, 64.3, 42.0, 70.9, 100.9, 82.5, 80.5), strict=True)),
    "cpi": dict(zip(YEARS, (13.6, 8.5, 7.1, 5.3, 5.4, 7.5, 8.4, 20.3, 9.8, 8.6), strict=True)),
}
LEVELS = {"brent": True, "cpi": False}
PATHS = {"brent": [60.0, 60.0, 60.0], "cpi": [8.0, 7.0, 6.0]}


def test_prices_stray_by_their_logarithm_and_percentages_by_their_mean() -> None:
    found = measured(7, SERIES, LEVELS)
    changes = np.diff(np.log(list(SERIES["brent"].values())))
    rates = list(SERIES["cpi"].values())[1:]
    assert found.years == tuple(range(2016, 2025))
    assert found.spread == pytest.approx((changes.std(ddof=1), np.std(rates, ddof=1)), abs=1e-6)
    assert found.correlation[0][1] == pytest.approx(np.corrcoef(changes, rates)[0, 1], abs=1e-6)


def test_the_same_seed_draws_the_same_paths_also_after_being_kept() -> None:
    kept = measured(7, SERIES, LEVELS)
    again = Uncertainty.of(kept.document)
    assert again == kept
    for name, drawn in draws(kept, PATHS, 100).items():
        assert np.array_equal(drawn, draws(again, PATHS, 100)[name])
    other = draws(measured(8, SERIES, LEVELS), PATHS, 100)
    assert not np.array_equal(other["brent"], draws(kept, PATHS, 100)["brent"])


def test_draws_have_the_spread_and_the_correlation_of_the_series() -> None:
    kept = measured(7, SERIES, LEVELS)
    drawn = draws(kept, PATHS, 20_000)
    shocks = np.log(drawn["brent"][:, 0] / 60), drawn["cpi"][:, 0] - 8
    assert [each.std() for each in shocks] == pytest.approx(list(kept.spread), rel=0.03)
    assert np.corrcoef(*shocks)[0, 1] == pytest.approx(kept.correlation[0][1], abs=0.03)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**31), price=st.floats(1, 200), rate=st.floats(-5, 30))
def test_mirrored_draws_centre_on_the_path_and_prices_stay_above_zero(seed: int, price: float, rate: float) -> None:
    drawn = draws(measured(seed, SERIES, LEVELS), {"brent": [price] * 3, "cpi": [rate] * 3}, 50)
    assert (drawn["brent"] > 0).all()
    assert np.log(drawn["brent"]).mean(axis=0) == pytest.approx([np.log(price)] * 3)
    assert drawn["cpi"].mean(axis=0) == pytest.approx([rate] * 3)


def test_too_few_common_years_are_refused() -> None:
    short = SERIES | {"cpi": {2023: 9.8, 2024: 8.6}}
    with pytest.raises(SeriesTooShort):
        measured(7, short, LEVELS)
    with pytest.raises(SeriesTooShort):
        measured(7, {}, {})


def test_a_driver_that_is_not_drawn_is_not_there() -> None:
    assert set(draws(measured(7, SERIES, LEVELS), {"brent": PATHS["brent"]}, 10)) == {"brent"}


def test_the_same_fan_comes_on_any_machine() -> None:
    """Whatever signs a library gives eigenvectors: three numbers that nothing but another generator may change."""
    found = draws(measured(7, SERIES, LEVELS), PATHS, 10)
    assert [found["brent"][0, 0], found["brent"][3, 2], found["cpi"][4, 1]] == pytest.approx(
        [60.83377289069953, 12.218747449877164, 2.9629911648215037]
    )
