import numpy as np
import pandas as pd
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.forecasting.imputation import Before, forward, last_seen, linear, since

HOLES = st.lists(st.one_of(st.floats(-9, 9), st.just(float("nan"))), min_size=3, max_size=12)


@given(history=HOLES, window=HOLES, context=st.integers(1, 12))
def test_fills_equal_those_of_pandas_on_the_whole_series(history, window, context):
    whole = pd.Series([*history, *window])
    n, context = len(history), min(context, len(window))
    read = whole[:n].ffill()
    gone = [k for k in range(n) if not np.isnan(history[k])]
    before = Before(
        torch.tensor([[read.iloc[-1] if gone else 7.0]], dtype=torch.float64),
        torch.tensor([[n - 1 - gone[-1] if gone else n]]),
        torch.tensor([[bool(gone)]]),
    )
    values = torch.tensor(window, dtype=torch.float64)[None, :, None]
    filled = whole.ffill().fillna(7.0)
    np.testing.assert_array_equal(forward(values, before)[0, :, 0], filled[n:])
    known = whole.notna()
    steps = [t - max((k for k in range(t + 1) if known[k]), default=-1) for t in range(len(whole))]
    np.testing.assert_array_equal(since(values, before)[0, :, 0], steps[n:])
    inside = whole[: n + context].interpolate("linear", limit_area="inside").reindex(whole.index)
    expected = whole.where(known, inside).fillna(filled)
    np.testing.assert_allclose(linear(values, before, context)[0, :, 0], expected[n:], rtol=1e-12, atol=1e-12)


def test_rows_and_columns_are_filled_apart():
    nan = float("nan")
    values = torch.tensor([[[1.0, nan], [nan, 2.0]], [[nan, 3.0], [4.0, nan]]])
    before = Before(torch.tensor([[10.0, 20.0], [30.0, 40.0]]), torch.ones(2, 2), torch.ones(2, 2, dtype=torch.bool))
    assert forward(values, before).tolist() == [[[1, 20], [1, 2]], [[30, 3], [4, 3]]]
    assert last_seen(values).tolist() == [[[0, -1], [0, 1]], [[-1, 0], [1, 0]]]
    assert since(values, before).tolist() == [[[0, 2], [1, 0]], [[2, 0], [0, 1]]]
