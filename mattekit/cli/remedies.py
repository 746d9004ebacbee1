"""Remedies for errors and notes, in terms of options: below the command line they carry only the key."""

REMEDIES: dict[str, str] = {
    "activation": "If the graph lacks its sigmoid: mattekit weights adopt FILE --activation sigmoid",
    "adopt": "State it: mattekit weights adopt FILE --inputs image,trimap --mean 0.485,0.456,0.406",
    "alphas": "Give the folder of its alpha with --alphas.",
    "backgrounds": "Give more backgrounds, a smaller --per-foreground, or --preset custom, which draws them at random.",
    "class": "Choose with --class, by numbers or names; commas between several.",
    "convert": "Convert a checkpoint with: mattekit weights convert FILE -o OUT.safetensors",
    "data": "Give the data with --data.",
    "depth": "Or change --depth.",
    "device": "Run it again with --skip-existing, or on another --device.",
    "devices": "Change --devices, or choose another --device.",
    "exact-trimap": "`mattekit trimap --fix` makes them exact.",
    "fit": "Add --fit to resize it.",
    "index-trimap": "`mattekit trimap --fix` makes 0, 128 and 255 of them.",
    "jobs": "Use fewer --jobs, or a smaller image.",
    "launcher": "Give the processes on each computer with --devices, and the computers with --num-nodes.",
    "layer": "Choose with --layer.",
    "mask": "Use `mattekit predict IMAGE --mask FILE`, or --band 0 to take it as it is.",
    "max-pixels": "Raise the limit with --max-pixels.",
    "network": "If it has mattekit's own names, give --network; for an ImageNet encoder, --backbone.",
    "no-background": "Try a smaller --dilate or --band, or --low 0.05 if the alpha is noisy.",
    "no-foreground": "Try a smaller --erode or --band, or --high 0.95 if the alpha is noisy.",
    "no-unknown": "Try a larger --erode and --dilate.",
    "onnxruntime": 'onnxruntime reads more than OpenCV: pip install "mattekit[onnx]".',
    "output": "Name another output with -o.",
    "own-weights": "Give a file of them (mattekit guide models), or make it: mattekit train --arch NAME -o RUN",
    "recursive": "Add --recursive to look into them.",
    "refinement": "Name one with -m.",
    "resume": "Add --resume to go on with it, or name a new folder with -o.",
    "screen": "Name its colour with --screen, or mask what is no screen with --garbage.",
    "scribbled-image": "If there is a photo, name it with --image.",
    "sources": "Make a trimap of a photo with --mask, --segment, --box, --points, --clean-plate, --screen or --source.",
    "short-background": "Choose with --short-background repeat or stop.",
    "single-file": "Leave out --single-file.",
    "strict": "Add --strict to count them as failures.",
    "tile": "Choose their side with --tile, or what they share with --overlap.",
    "trimap": "Give a trimap with --trimap.",
    "trimaps": "Give the folder of its trimaps with --trimaps.",
    "unknown-value": "With --unknown-value any they count as unknown.",
    "workers": "Use fewer --workers.",
}


def remedy_of(problem: object) -> str:
    """Return the sentence that helps against an error or a log record; "" if it carries no known key."""
    return REMEDIES.get(getattr(problem, "remedy", ""), "")
