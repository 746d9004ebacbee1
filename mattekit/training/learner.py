"""One optimiser step and the state it changes: weights, their average, and the optimiser's moments."""

from typing import Any, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from mattekit.errors import InputError
from mattekit.training import state
from mattekit.training.batch import Batch, portions
from mattekit.training.ema import Average
from mattekit.training.objective import Objective
from mattekit.training.optimiser import freeze, make_optimiser
from mattekit.training.recipe import Recipe
from mattekit.training.schedule import factor
from mattekit.training.state import LearnerState
from mattekit.training.task import Task


class Step(NamedTuple):
    """Result of a step: loss of the whole batch, norm of the gradient, last output of this process."""

    loss: float
    gradient: float
    output: Tensor
    portion: Batch


class Learner:
    """A network in training.

    Parameters
    ----------
    fabric : Fabric
    recipe : Recipe
    network : nn.Module
        With its first weights.
    task : Task
    steps_per_epoch : int
    """

    def __init__(self, fabric: Fabric, recipe: Recipe, network: nn.Module, task: Task, steps_per_epoch: int):
        if fabric.world_size > 1 and fabric.device.type == "cuda":  # elsewhere each process has statistics of its own
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        freeze(network, recipe.run.freeze, recipe.run.freeze_norm)
        self.fabric, self.recipe, self.task = fabric, recipe, task
        self.steps_per_epoch, self.steps = steps_per_epoch, steps_per_epoch * recipe.run.epochs
        self.objective = Objective(recipe.loss)
        optimiser = make_optimiser(network, recipe.optimiser)
        self.rates = [group["lr"] for group in optimiser.param_groups]
        self.raw = network
        self.network, self.optimiser = fabric.setup(network, optimiser)
        self.average = Average(network, recipe.run.ema) if recipe.run.ema else None
        self.step = 0

    @property
    def best_network(self) -> nn.Module:
        """The network to use: the averaged one, if there is one."""
        return self.average.network if self.average else self.raw

    def learn(self, batch: Batch) -> Step:
        """Take one optimiser step on this process's part of a batch.

        Returns
        -------
        Step
            If its loss or gradient is not finite, the weights are as they were.
        """
        rate = factor(self.recipe.schedule, self.step, steps_per_epoch=self.steps_per_epoch, steps=self.steps)
        for group, lr in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = lr * rate
        parts = list(portions(batch, self.recipe.run.accumulate))
        counts = self.fabric.all_reduce(sum(self.objective.count(part) for part in parts), reduce_op="sum")
        self.optimiser.zero_grad()
        loss = torch.zeros((), device=self.fabric.device)
        for i, part in enumerate(parts):
            with self._syncing(last=i + 1 == len(parts)):
                self._seed(i)
                output = self._forward(part)
                share = self.objective(output, part, counts)
                # Gradients are averaged over processes; the shares are meant to be summed.
                self.fabric.backward(share * self.fabric.world_size)
            loss += share.detach()
        value = float(self.fabric.all_reduce(loss, reduce_op="sum"))
        gradient = self._gradient()
        if np.isfinite(value) and (np.isfinite(gradient) or self._scaled):
            self.optimiser.step()
            self.step += 1
            if self.average:
                self.average.update()
        return Step(value, gradient, output.detach(), part)

    def _forward(self, part: Batch) -> Tensor:
        try:
            return self.network(self.task.input(part)).float()
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise InputError(
                "run.batch: a single sample on a device at a time, of which normalisation has no statistics. "
                "Take a larger batch, fewer devices, a lower run.accumulate, or run.freeze_norm=all."
            ) from error

    def finite(self, step: Step) -> bool:
        """Whether a step was taken; float16's scaled gradients may overflow, and are then left out by its scaler."""
        return bool(np.isfinite(step.loss)) and (bool(np.isfinite(step.gradient)) or self._scaled)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return {
            "step": self.step,
            "network": self.raw.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "precision": self.fabric.strategy.precision.state_dict(),
        }

    def load_state(self, saved: LearnerState, where: str) -> None:
        """Go on from what `state_dict` gave; the optimiser's settings are the recipe's.

        Raises InputError, beginning with `where`, if it is the state of another network or optimiser.
        """
        state.check_network(self.raw, saved.network, where)
        state.check_optimiser(self.optimiser, saved.optimiser, where)
        self.raw.load_state_dict(saved.network)
        ours = [{key: value for key, value in g.items() if key != "params"} for g in self.optimiser.param_groups]
        self.optimiser.load_state_dict(saved.optimiser.model_dump())
        for group, settings in zip(self.optimiser.param_groups, ours, strict=True):
            group.update(settings)
        if self.average and saved.average:
            state.check_network(self.average.network, saved.average.network, where)
            self.average.load_state_dict(saved.average.model_dump())
        if self._scaled and saved.precision:
            self.fabric.strategy.precision.load_state_dict(saved.precision)
        self.step = saved.step

    @property
    def _scaled(self) -> bool:
        return bool(self.fabric.strategy.precision.state_dict())

    def _syncing(self, *, last: bool) -> Any:
        """Gradients are exchanged after the last portion alone."""
        return self.fabric.no_backward_sync(self.network, enabled=not last and self.fabric.world_size > 1)

    def _seed(self, portion: int) -> None:
        # Dropout draws from PyTorch's global generator: seeded for each portion, it depends on nothing before.
        seed = [self.recipe.seed, self.step, portion, self.fabric.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1))

    def _gradient(self) -> float:
        """Norm of all gradients together, clipped if the recipe says so; as scaled, if float16 scales them."""
        clip = self.recipe.optimiser.clip
        if clip:
            norm = self.fabric.clip_gradients(self.network, self.optimiser, max_norm=clip, error_if_nonfinite=False)
        else:
            norm = nn.utils.get_total_norm([p.grad for p in self.raw.parameters() if p.grad is not None])
        return float(norm)
