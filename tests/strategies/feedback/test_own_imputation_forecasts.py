"""OwnImputation in a forecast: as in the small task of `conformance.missing_value_runs`, number for number."""

import torch

from conformance.forecast_runs import Pieces
from conformance.missing_value_runs import CHANNELS, MARKED, O, T, impute, marked, pieces
from conformance.training import DROPOUT, assert_same, fit
from unrolled import compose
from unrolled.strategies import OwnImputation, TruncatedBPTT
from unrolled.tasks import Forecasting

CONTEXT = 3
GIVEN = {**MARKED, "horizon": T - CONTEXT + 1, "context": CONTEXT, "channels": CHANNELS}


def forecasting(**given):
    torch.manual_seed(0)
    return compose(Forecasting, OwnImputation, TruncatedBPTT)(**GIVEN | given)


def test_it_learns_the_same():
    cut = {**DROPOUT, "k1": 3, "k2": 3}
    torch.manual_seed(1)
    run = fit(forecasting(**cut), Pieces(pieces()))
    assert_same(run, impute(OwnImputation, TruncatedBPTT, **cut)[0])


def test_it_forecasts_the_same_and_reads_no_later_value():
    task, small = forecasting().eval(), marked(OwnImputation).eval()
    for batch in pieces():
        context, ahead = batch.inputs[:, :CONTEXT], batch.inputs[:, CONTEXT:]
        found = task.run_free(context, GIVEN["horizon"], ahead)
        moved = ahead.clone()
        moved[..., : 3 * O] += 1  # values, marks and times since; what is known in advance stays
        assert torch.equal(task.run_free(context, GIVEN["horizon"], moved), found)
        state = small.initial_state(len(context))
        hidden, state = small.unroll(context, state)
        for step in range(GIVEN["horizon"]):
            own = small.expected(hidden[:, -1])
            torch.testing.assert_close(found[:, step], own, rtol=0, atol=1e-6)
            if step + 1 < GIVEN["horizon"]:
                hidden, state = small.unroll(small.replace_inputs(ahead[:, step], own)[:, None], state)
