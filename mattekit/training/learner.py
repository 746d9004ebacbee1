"""One optimiser step and the state it changes: weights, their moving average, and the optimiser's state."""

import copy
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from mattekit.errors import InputError
from mattekit.training import state
from mattekit.training.losses import Batch, Objective, portions
from mattekit.training.optimiser import freeze, make_optimiser, schedule_factor
from mattekit.training.recipe import Recipe
from mattekit.training.state import LearnerState
from mattekit.training.task import Task


class Average:
    """Exponential moving average of a network's weights and running statistics (Polyak and Juditsky, 1992).

    Parameters
    ----------
    network : nn.Module
        It is copied. Its tensors are read at every update, so they must keep their storage.
    decay : float
        Weight of the old average in an update; less at first, (1 + n) / (10 + n) after n steps, so that random
        first weights are forgotten.

    Attributes
    ----------
    network : nn.Module
        The copy with averaged weights, in eval mode.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.count = decay, 0
        pairs = list(zip(self.network.state_dict().values(), network.state_dict().values(), strict=True))
        self._means = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counts = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self) -> None:
        """Add the weights after a step to the average."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        self.count += 1
        for mean, value in self._means:
            mean.lerp_(value, 1 - decay)
        for mean, value in self._counts:
            mean.copy_(value)

    def state_dict(self) -> dict:
        """Return the state for `load_state_dict`."""
        return {"network": self.network.state_dict(), "count": self.count}

    def load_state_dict(self, state: dict) -> None:
        """Restore what `state_dict` returned."""
        self.network.load_state_dict(state["network"])
        self.count = state["count"]


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
        With its initial weights.
    task : Task
    steps_per_epoch : int
    """

    def __init__(self, fabric: Fabric, recipe: Recipe, network: nn.Module, task: Task, steps_per_epoch: int):
        if fabric.world_size > 1 and fabric.device.type == "cuda":  # elsewhere each process keeps its own statistics
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        freeze(network, recipe.run.freeze, recipe.run.freeze_norm)
        self.fabric, self.recipe, self.task = fabric, recipe, task
        self.steps_per_epoch, self.steps = steps_per_epoch, steps_per_epoch * recipe.run.epochs
        self.objective = Objective(recipe.loss)
        optimiser = make_optimiser(network, recipe.optimiser)
        self.rates = [group["lr"] for group in optimiser.param_groups]
        self.module = network
        self.network, self.optimiser = fabric.setup(network, optimiser)
        self.average = Average(network, recipe.run.ema) if recipe.run.ema else None
        self.step = 0

    @property
    def best_network(self) -> nn.Module:
        """The averaged network, if there is one, else the network itself."""
        return self.average.network if self.average else self.module

    def train_step(self, batch: Batch) -> Step:
        """Take one optimiser step on this process's part of a batch.

        Returns
        -------
        Step
            If its loss or gradient is not finite, the weights are unchanged.
        """
        rate = schedule_factor(self.recipe.schedule, self.step, steps_per_epoch=self.steps_per_epoch, steps=self.steps)
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
                portion_loss = self.objective(output, part, counts)
                # Gradients are averaged over processes, but shares must be summed.
                self.fabric.backward(portion_loss * self.fabric.world_size)
            loss += portion_loss.detach()
        value = float(self.fabric.all_reduce(loss, reduce_op="sum"))
        gradient = self._gradient_norm()
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
                "run.batch: a single sample on a device at a time, too few for the statistics of normalisation. "
                "Take a larger batch, fewer devices, a lower run.accumulate, or run.freeze_norm=all."
            ) from error

    def finite(self, step: Step) -> bool:
        """Whether a step was taken; scaled float16 gradients may overflow, and then the scaler skips the step."""
        return bool(np.isfinite(step.loss)) and (bool(np.isfinite(step.gradient)) or self._scaled)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return {
            "step": self.step,
            "network": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "precision": self.fabric.strategy.precision.state_dict(),
        }

    def load_state(self, saved: LearnerState, where: str) -> None:
        """Restore what `state_dict` returned; the optimiser's settings stay the recipe's.

        Raises InputError, beginning with `where`, if the state is another network's or optimiser's.
        """
        state.check_network(self.module, saved.network, where)
        state.check_optimiser(self.optimiser, saved.optimiser, where)
        self.module.load_state_dict(saved.network)
        own = [{key: value for key, value in g.items() if key != "params"} for g in self.optimiser.param_groups]
        self.optimiser.load_state_dict(saved.optimiser.model_dump())
        for group, settings in zip(self.optimiser.param_groups, own, strict=True):
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
        """Return a context that exchanges gradients between processes after the last portion alone."""
        return self.fabric.no_backward_sync(self.network, enabled=not last and self.fabric.world_size > 1)

    def _seed(self, portion: int) -> None:
        # Dropout uses PyTorch's global generator, seeded for each portion so that a resumed run repeats it.
        seed = [self.recipe.seed, self.step, portion, self.fabric.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1))

    def _gradient_norm(self) -> float:
        """Clip the gradients if the recipe says so; return their norm before that, scaled if float16 scales it."""
        clip = self.recipe.optimiser.clip
        if clip:
            norm = self.fabric.clip_gradients(self.network, self.optimiser, max_norm=clip, error_if_nonfinite=False)
        else:
            norm = nn.utils.get_total_norm([p.grad for p in self.module.parameters() if p.grad is not None])
        return float(norm)
