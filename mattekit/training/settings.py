"""The tables of a recipe's TOML file: all settings with their types, defaults and bounds."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mattekit.errors import MattekitError
from mattekit.metrics import METRICS
from mattekit.networks import find, parse_arguments

MANY = 10**9  # limit of steps, epochs and samples


Decay = Annotated[float, Field(ge=0, lt=1)]


class Settings(BaseModel):
    """Base of all tables: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class Network(Settings):
    """[network]: a name of `networks.NETWORKS`, the source of its initial weights, and its arguments.

    pretrained : file of ImageNet weights for the encoder, or of a whole network to continue from, or the name of
        weights that come with mattekit; "" starts at random.
    """

    model_config = ConfigDict(extra="allow")  # the arguments, which `_known` checks

    name: str
    pretrained: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments for `networks.build` besides the name."""
        return dict(self.model_extra or {})

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("name"), str):
            return values
        own = {key: value for key, value in values.items() if key in cls.model_fields}
        texts = [f"{key}={_text(value)}" for key, value in values.items() if key not in own]
        try:
            find(own["name"])
            return own | parse_arguments(own["name"], texts)
        except MattekitError as error:
            raise ValueError(str(error)) from error


class Data(Settings):
    """[data]: the sources of samples.

    task : "matting", or "reconstruction" of small grey images.
    sources : folders and lists, as `samples.sources.spec` reads them; none is "synthetic", which needs no files.
    backgrounds : folders of images to compose over; without, backgrounds are generated.
    foregrounds : folder of re-estimated foregrounds, used in place of those of the same name; "" uses none.
    cache : folder for decoded foregrounds, 4 bytes a pixel, so that each is decoded once; "" keeps none. Samples of a
        pool are also kept there, or else in the run's own folder.
    validation : folders to validate on: of images, of trimaps, of alphas; or one with image, trimap and alpha in it,
        or several of trimaps.
    crop : side of a training patch in pixels.
    tries : limit of draws for a sample whose trimap lacks known foreground or known background.
    pool : number of samples that are made, up to the step "turn", kept in `cache` and reused, each time with another
        random turn; 0 makes each anew. It pays where samples take longer to make than to train on. Changed files
        start another pool.
    samples_per_epoch : length of an epoch without `steps_per_epoch`; 0 is one sample for each item of the sources.
    """

    task: Literal["matting", "reconstruction"] = "matting"
    sources: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    foregrounds: str = ""
    cache: str = ""
    validation: tuple[str, ...] = ()
    crop: int = Field(default=320, ge=32, le=4096)
    tries: int = Field(default=1, ge=1, le=1000)
    pool: int = Field(default=0, ge=0, le=MANY)
    samples_per_epoch: int = Field(default=0, ge=0, le=MANY)


class Step(Settings):
    """[[augment]]: one step of the augmentation, a name in `samples.augment.STEPS`, and its probability.

    All other keys are arguments of the step.
    """

    model_config = ConfigDict(extra="allow")

    step: str
    probability: float = Field(default=1.0, ge=0, le=1)

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the step's function besides the sample and the generator."""
        return dict(self.model_extra or {})


class Loss(Settings):
    """[loss]: "matting" is `alpha` times the alpha loss plus `composition` times the composition loss.

    The composition's errors of red, green and blue are summed. Samples of finished composites have no foreground, and
    the alpha loss with the sum of both weights. "alpha" is the first alone, "multiscale" LSA's, "regression" GCA's mean
    absolute error over unknown pixels, "reconstruction" that of images. "layers" is FBA's of alpha, foreground and
    background: a sum of mean absolute errors of alpha, its gradient, its Laplacian pyramid and its composition, and of
    the colours. "progressive" is MatteFormer's: those of alpha, composition and pyramid, at three resolutions.

    epsilon : of "multiscale": much smaller errors count by their square, larger ones by their absolute value.
    gradient, laplacian, colours : of "layers" (`laplacian` of "progressive", too): weights of these terms; `colours` of
        all errors of the foreground and the background together, and `exclusion` of the term among them that keeps
        edges out of one of the two.
    """

    name: Literal["matting", "alpha", "multiscale", "regression", "layers", "progressive", "reconstruction"] = "matting"
    alpha: float = Field(default=0.5, ge=0)
    composition: float = Field(default=0.5, ge=0)
    epsilon: float = Field(default=1e-3, gt=0)
    gradient: float = Field(default=0.0, ge=0)
    laplacian: float = Field(default=0.0, ge=0)
    colours: float = Field(default=0.0, ge=0)
    exclusion: float = Field(default=0.0, ge=0)


class Optimiser(Settings):
    """[optimiser]: its rule and rates.

    encoder_lr : learning rate of the encoder; if not given, `lr`.
    weight_decay : as PyTorch has it: part of the gradient for "adam", "radam" and "sgd", apart from it for "adamw".
    norm_weight_decay : of the parameters of normalisation layers; if not given, `weight_decay`.
    momentum : of "sgd".
    betas : of the others: decay of the means of the gradient and of its square.
    clip : limit of the norm of all gradients together; 0 does not clip.
    """

    name: Literal["adam", "adamw", "radam", "sgd"] = "adam"
    lr: float = Field(default=1e-3, gt=0)
    encoder_lr: float | None = Field(default=None, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    norm_weight_decay: float | None = Field(default=None, ge=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    clip: float = Field(default=0.0, ge=0)


class Schedule(Settings):
    """[schedule]: the factor on all learning rates.

    kind : "constant"; "steps" multiplies by `factor` after each of the epochs `at`; "halving" halves after every
        `every` epochs; "cosine" falls to `floor` at the end of the run.
    warmup_steps : optimiser steps over which the factor rises from 0, before and within all of these.
    """

    kind: Literal["constant", "steps", "halving", "cosine"] = "constant"
    at: tuple[int, ...] = Field(default=(), max_length=1000)
    factor: float = Field(default=0.1, gt=0, le=1)
    every: int = Field(default=20, ge=1, le=MANY)
    floor: float = Field(default=0.0, ge=0, le=1)
    warmup_steps: int = Field(default=0, ge=0, le=MANY)


class Run(Settings):
    """[run]: length, batches, precision, frozen parts, validation and checkpoints.

    steps_per_epoch : optimiser steps; 0 is one pass over the samples of an epoch.
    batch : samples of one optimiser step, over all devices together.
    accumulate : portions into which a device splits its part of a batch, to fit its memory.
    precision : of the computation; weights stay float32. "auto" is bf16 where the device computes it natively.
    freeze : parts of the network whose weights and statistics do not change: "encoder", "decoder", "refinement",
        or names of modules.
    freeze_norm : whose normalisation keeps its running statistics, scale and shift: "none", "encoder" or "all".
    ema : decay of a moving average of the weights, which is then validated and saved as best; 0 keeps none.
    validate_every : epochs between validations, if there is data for them; 0 is never.
    metric : the metric of `metrics.METRICS` whose best value marks the best checkpoint, or "loss".
    save_every : optimiser steps between checkpoints to resume from, besides those at the end of each epoch; 0 is none.
    log_every : optimiser steps between lines of the log.
    """

    epochs: int = Field(default=1, ge=1, le=MANY)
    steps_per_epoch: int = Field(default=0, ge=0, le=MANY)
    batch: int = Field(default=16, ge=1, le=65536)
    accumulate: int = Field(default=1, ge=1, le=65536)
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "fp32"
    freeze: tuple[str, ...] = Field(default=(), max_length=1000)
    freeze_norm: Literal["none", "encoder", "all"] = "none"
    ema: float = Field(default=0.0, ge=0, lt=1)
    validate_every: int = Field(default=1, ge=0, le=MANY)
    metric: str = "sad"
    save_every: int = Field(default=0, ge=0, le=MANY)
    log_every: int = Field(default=10, ge=1, le=MANY)

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in (*METRICS, "loss"):
            raise ValueError(f"wanted one of {', '.join(METRICS)}, loss")
        return metric


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
