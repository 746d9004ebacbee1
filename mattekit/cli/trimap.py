"""`mattekit trimap`: make trimaps of photos, alphas or scribbles, draw them as the papers do, check and fix them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mattekit.cli import batch, console, options, propagate, targets, trimap_options, trimap_source, video_output
from mattekit.frames import is_many

FORMATS = (".png", ".tif", ".tiff", ".webp", ".bmp")  # without loss


def trimap(
    source: Annotated[Path, typer.Argument(help="Photo, alpha, mask, scribbles or trimap; folder; or -.")],
    output: options.Output = None,
    mask: trimap_source.Mask = None,
    segment: trimap_source.Segment = None,
    classes: trimap_source.Class = None,
    box: trimap_source.Box = None,
    points: trimap_source.Points = None,
    clean_plate: trimap_source.CleanPlate = None,
    screen: trimap_source.Screen = None,
    by: trimap_source.Source = None,
    fit: trimap_source.Fit = False,
    erode: trimap_options.Erode = None,
    dilate: trimap_options.Dilate = None,
    band: trimap_options.Band = None,
    low: trimap_options.Low = None,
    high: trimap_options.High = None,
    shape: trimap_options.Shape = None,
    remove_strays: trimap_options.RemoveStrays = None,
    scribbles: trimap_options.Scribbles = False,
    image: trimap_options.Image = None,
    random: trimap_options.Random = False,
    rule: trimap_options.Rule = None,
    seed: trimap_options.Seed = None,
    check: trimap_options.Check = False,
    fix: trimap_options.Fix = False,
    propagating: trimap_options.Propagate = False,
    keys: trimap_options.Keys = None,
    recursive: options.Recursive = False,
    frames: options.Frames = None,
    jobs: options.Jobs = 1,
    skip_existing: options.SkipExisting = False,
    fail_fast: options.FailFast = False,
    shard: options.Shard = None,
    max_pixels: options.MaxPixels = options.MAX_MEGAPIXELS,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    json: options.Json = False,
) -> None:
    """Make a trimap (0 background, 128 unknown, 255 foreground) of a photo and a source, an alpha, or scribbles.

    Writes STEM_trimap.png beside SOURCE, or -o; a folder needs -o OUT/. A cut-out with transparency gives its alpha.
    """
    console.setup(quiet=quiet, verbose=verbose)
    source = options.framed(source, frames)
    mode = _mode(scribbles=scribbles, random=random, check=check, fix=fix, propagate=propagating)
    sources = dict(
        mask=mask, segment=segment, box=box, points=points, clean_plate=clean_plate, screen=screen, source=by
    )
    spec = trimap_source.chosen(band=band if any(sources.values()) else None, fit=fit, classes=classes, **sources)
    if spec:
        mode, band = trimap_source.alone(mode, spec), None
    given = {
        "erode": erode, "dilate": dilate, "band": trimap_options.percent(band), "low": low, "high": high,
        "shape": shape, "remove_strays": remove_strays, "image": image, "rule": rule, "seed": seed,
    }  # fmt: skip
    how = dict(jobs=jobs, skip_existing=skip_existing, fail_fast=fail_fast, shard=shard, json=json)
    if keys and not propagating:
        raise typer.BadParameter("--keys needs --propagate.")
    settings = _settings(mode, {name: value for name, value in given.items() if value is not None})
    settings |= {"max_megapixels": max_pixels, **({"spec": spec} if spec else {})}
    if propagating:
        propagate.run(source, keys, output, max_pixels, **how)
        return
    if check and output is not None:
        raise typer.BadParameter("--check writes nothing; leave out -o.")
    from mattekit.jobs.trimap import WORK
    from mattekit.jobs.trimap_source import make_sourced

    work = make_sourced if spec else WORK[mode]
    verdicts = _Verdicts(fail_fast) if check else None
    if is_many(source):
        videos = None if check else video_output.wanted(source, output, ["trimap"], {"depth": "auto"})
        items, problems = _folder_jobs(source, videos or output, check, recursive, settings)
        video_output.run_folder(
            videos, items, work, problems=problems, jobs=jobs, skip_existing=skip_existing, fail_fast=fail_fast,
            shard=shard, json=json, label="trimaps", show=verdicts,
        )  # fmt: skip
    else:
        item = _single_job(source, output, check, settings)
        if json and "-" in map(str, item.outputs):
            raise typer.BadParameter("--json and -o - both want stdout.")
        with trimap_source.photographs_as_usage_errors():
            batch.run_one(item, work, skip_existing=skip_existing, shard=shard, json=json, show=verdicts)
    if verdicts and verdicts.bad:
        console.status(f"{verdicts.bad} bad; --fix snaps wrong values, --fix --remove-strays PX also removes islands")
        raise typer.Exit(3)


WIDTHS = {"erode", "dilate", "band", "low", "high", "shape"}
APPLIES = {
    "make": WIDTHS | {"remove_strays"},
    "a source": set(),
    "scribbles": {"image", "remove_strays"},
    "random": {"rule", "seed"},
    "fix": {"remove_strays"},
    "check": {"image"},
    "propagate": set(),
}


def _mode(**wanted: bool) -> str:
    """Return the mode that was asked for; "make" if none was."""
    modes = [mode for mode, on in wanted.items() if on]
    if len(modes) > 1:
        raise typer.BadParameter(f"--{modes[0]} and --{modes[1]} exclude each other.")
    return modes[0] if modes else "make"


def _settings(mode: str, given: dict[str, Any]) -> dict[str, Any]:
    """Refuse options that would have no effect; add the defaults that depend on the mode."""
    for name in given:
        if name not in APPLIES[mode]:
            wanted = [f"--{other}" for other in APPLIES if other != "make" and name in APPLIES[other]]
            with_ = mode if " " in mode else f"--{mode}"
            reason = f"does not apply with {with_}" if mode != "make" else f"needs {' or '.join(wanted)}"
            raise typer.BadParameter(f"--{name.replace('_', '-')} {reason}.")
    if "band" in given and given.keys() & {"erode", "dilate"}:
        raise typer.BadParameter("--band and --erode/--dilate exclude each other.")
    if given.get("low", 0.0) >= given.get("high", 1.0):
        raise typer.BadParameter("--low must be smaller than --high.")
    from mattekit.imaging.trimap_check import STRAY

    return {"remove_strays": STRAY, **given} if mode == "make" else given


def _single_job(source: Path, output: Path | None, check: bool, settings: dict) -> Any:
    if settings.get("image") and is_many(settings["image"]):
        raise typer.BadParameter(f"--image {settings['image']} is a folder, but {source} is a file.")
    if settings.get("spec"):
        trimap_source.require_single(source, settings["spec"])
    stem = "stdin" if str(source) == "-" else source.stem
    if check:
        if source == settings.get("image") == Path("-"):
            raise typer.BadParameter("the trimap and the image cannot both come from stdin.")
        return _job(stem, source, None, **settings)
    target = targets.of_file(source, output, {"trimap": ".png"})["trimap"]
    if str(target) != "-" and target.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"-o {target}: a trimap keeps its levels in {', '.join(FORMATS)} only.")
    return _job(stem, source, target, **settings)


def _job(name: str, source: Path, target: Path | None, **settings: Any) -> Any:
    from mattekit.jobs.trimap import TrimapJob
    from mattekit.jobs.trimap_source import SourcedJob

    if "spec" in settings:
        return SourcedJob(name=name, image=source, targets={"trimap": target}, **settings)
    return TrimapJob(name=name, source=source, targets={"trimap": target} if target else {}, **settings)


def _folder_jobs(
    source: Path, output: Path | None, check: bool, recursive: bool, settings: dict
) -> tuple[list, list[str]]:
    from mattekit.pairing import pair

    if not check:
        output = targets.folder(output)
    image = settings.pop("image", None)
    if image and not is_many(image):
        raise typer.BadParameter(f"--image {image}: wanted a folder, as {source} is one.")
    if image and check:
        return _checks_with_images(image, source, recursive, settings)
    if spec := settings.pop("spec", None):
        pairing = trimap_source.paired(source, trimap_source.folders(spec), recursive, output)
        made = [(name, files["image"], spec.of(files)) for name, files in pairing.groups.items()]
        where = {name: targets.in_folder(output, name, {"trimap": ".png"})["trimap"] for name, *_ in made}
        return [_job(name, path, where[name], spec=own, **settings) for name, path, own in made], pairing.problems
    pairing = pair({"source": source} | ({"image": image} if image else {}), recursive=recursive, leave_out=output)
    jobs = []
    for name, files in pairing.groups.items():
        target = None if check else targets.in_folder(output, name, {"trimap": ".png"})["trimap"]
        jobs.append(_job(name, files["source"], target, image=files.get("image"), **settings))
    return jobs, pairing.problems


def _checks_with_images(image: Path, source: Path, recursive: bool, settings: dict) -> tuple[list, list[str]]:
    """Jobs of the images with their trimaps; every file without a partner is a problem."""
    from mattekit.pairing import Problem, pair

    pairing = pair({"image": image, "trimap": source}, recursive=recursive)
    unused = [Problem(name, f"{source}: no image for trimap {name}.") for name in pairing.unused["trimap"]]
    jobs = [
        _job(name, files["trimap"], None, image=files["image"], **settings) for name, files in pairing.groups.items()
    ]
    return jobs, [*pairing.problems, *unused]


class _Verdicts:
    """Prints a line per checked trimap and counts the bad ones."""

    def __init__(self, fail_fast: bool) -> None:
        self.fail_fast = fail_fast
        self.bad = 0

    def __call__(self, name: str, report: dict, json: bool) -> None:
        self.bad += not report["ok"]
        if json:
            console.json_line({"name": name, **report})
        else:
            console.data(f"{name}: {_line(report)}")
        if not report["ok"]:
            console.error(f"{name}: {'; '.join(report['problems'])}")
        if self.fail_fast and self.bad:
            raise typer.Exit(3)


def _line(report: dict) -> str:
    levels = list(report["levels"])
    values = ", ".join(map(str, levels)) if len(levels) <= 5 else f"{len(levels)} from {levels[0]} to {levels[-1]}"
    shares = ", ".join(f"{name} {share:.1%}" for name, share in report["shares"].items())
    verdict = "ok" if report["ok"] else f"bad: {'; '.join(report['problems'])}"
    notes = f"; note: {'; '.join(report['notes'])}" if report["notes"] else ""
    return f"{verdict} ({report['width']}x{report['height']}, levels {values}, {shares}){notes}"
