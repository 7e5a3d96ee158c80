"""References of the averaging seam, in plain torch.  Nothing of unrolled is used here."""

import copy
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from conformance.references.loops import Batches, Optimizer, Plain, nll, update


def exponential(model: Plain, optimizer: Optimizer, batches: Batches, *, average_decay: float) -> None:
    """torch's own; at the end the model holds the average."""
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(average_decay))
    for inputs, targets, _ in batches:
        update(optimizer, nll(model(inputs, model.start(len(inputs)))[0], targets))
        averaged.update_parameters(model)
    model.load_state_dict(averaged.module.state_dict())


@torch.no_grad()
def mean_loss(model: Plain, batches: Batches) -> float:
    """Over all targets; the state flows on from batch to batch."""
    state, total, count = None, 0.0, 0
    for inputs, targets, _ in batches:
        logits, state = model(inputs, state or model.start(len(inputs)))
        total += float(F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="sum"))
        count += int((targets != -100).sum())
    return total / count


def triggered(model: Plain, optimizer: Optimizer, batches: Batches, *, non_monotone: int, validation: Any) -> None:
    """Merity et al. 2018, algorithm 1; at the end the model holds the mean of the stored weights."""
    logs: list[float] = []
    stored: list[dict[str, Tensor]] = []
    for k, (inputs, targets, _) in enumerate(batches, 1):
        update(optimizer, nll(model(inputs, model.start(len(inputs)))[0], targets))
        if stored:
            stored.append(copy.deepcopy(model.state_dict()))
        elif k % 4 == 3:  # of epochs of four batches
            loss, t = mean_loss(model, validation()), len(logs)
            if t > non_monotone and loss > min(logs[: t - non_monotone]):
                stored.append(copy.deepcopy(model.state_dict()))
            logs.append(loss)
    assert 1 < len(stored) < 8, "it should start on the way"
    model.load_state_dict({name: sum(w[name] for w in stored) / len(stored) for name in stored[0]})
