"""Train a tiny network for some steps on foregrounds that mattekit draws, and matte a photo with it."""

from pathlib import Path

import mattekit
from mattekit.training.job import TrainingJob
from mattekit.training.loop import train
from mattekit.training.recipe import read

HERE = Path(__file__).parent

short = ["run.epochs=1", "run.steps_per_epoch=10", "run.batch=4", "run.log_every=5", "run.metric=loss"]
recipe = read("indexnet", ["network.width=0.25", "data.crop=64", *short])
result = train(TrainingJob(recipe, Path("tiny"), device="cpu"))
print(f"{result['step']} steps, mean loss {result['best']:.3f}")

alpha = mattekit.predict(HERE / "images/puff.jpg", HERE / "trimaps/puff.png", "tiny/last.safetensors")
mattekit.write_image("puff_alpha.png", alpha)
