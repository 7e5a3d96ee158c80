import torch

from unrolled.data import InfluenceBalancing


def test_a_stream_of_nothing_whose_target_is_one():
    data = InfluenceBalancing(length=7, batches=3, eval_batches=2)
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        batches = list(loader)
        for inputs, targets, _ in batches:
            assert inputs.shape == targets.shape == (1, 7, 1) and not inputs.any() and (targets == 1).all()
        fresh = torch.cat([batch.resets for batch in batches], 1)
        assert fresh.nonzero().tolist() == [[0, 0]]  # the very first step of an epoch alone


def test_a_state_at_zero_costs_what_is_told():
    ((_, targets, _),) = InfluenceBalancing(eval_batches=1).test_dataloader()
    assert float((targets - 0).square().mean()) == InfluenceBalancing().baselines()["state at zero"]
