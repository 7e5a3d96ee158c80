"""Windows as patches, column by column."""

import torch

from conformance.forecast_windows import CHANNELS, COLUMNS, WIDTH, C, H, windows
from unrolled.functional.forecasting.channels import Channels
from unrolled.functional.forecasting.patches import fold


def test_a_window_becomes_patches_with_its_horizon_at_the_last():
    batch = windows(3)
    found = fold(batch, C, 2, Channels(**CHANNELS))
    assert found.inputs.shape == (3, C // 2, 2 * WIDTH)
    for row in range(3):
        for patch in range(C // 2):
            steps = [batch.inputs[row, 2 * patch], batch.inputs[row, 2 * patch + 1]]
            assert torch.equal(found.inputs[row, patch], torch.cat(steps))
        known = [float(batch.inputs[row, C - 1 + h, column]) for h in range(H) for column in COLUMNS["known"]]
        asked = [batch.targets[row, C - 1 + h, o] for h in range(H) for o in range(2)]
        assert found.ahead[row].tolist() == known
        torch.testing.assert_close(found.targets[row, -1], torch.stack(asked), rtol=0, atol=0, equal_nan=True)
    assert found.targets[:, :-1].isnan().all()
    assert found.resets.tolist() == [[True, False]] * 3 and torch.equal(found.rows, batch.rows)


def test_one_step_a_patch_is_the_context_itself():
    batch = windows(2)
    found = fold(batch, C, 1, Channels(**CHANNELS))
    assert torch.equal(found.inputs, batch.inputs[:, :C]) and torch.equal(found.resets, batch.resets[:, :C])
