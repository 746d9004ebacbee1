"""Means, groups, worst images and average ranks, from the scores of single images."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mattekit.metrics import ALL_METRICS
from mattekit.pairing import natural

Scores = Mapping[str, Mapping[str, float | None]]  # image name -> metric -> value; None: undefined


def summarise(
    scores: Mapping[str, Scores], metrics: Sequence[str], *, group_by: str | None = None, worst: int | None = None
) -> dict[str, Any]:
    """Summarise scores of one or several methods for a report.

    Parameters
    ----------
    scores : method -> image -> metric -> value
    metrics : names of metrics; the first one decides which images are worst
    group_by : regular expression; its first capture group (or the whole match) in an image's name names its group
    worst : how many images to list

    Returns
    -------
    dict
        For one method: "mean" (metric -> value, over the images where it is defined, None if there are none),
        "images" (name and values), "groups", "worst" where asked for. For several: "methods", a list of such
        dictionaries with "method" and "rank" (the average over images of the place among the methods, ties sharing
        the average of their places, as alphamatting.com prints it), and "compared", the images all methods have;
        means and ranks are over those alone.
    """
    common = sorted(set.intersection(*(set(images) for images in scores.values())), key=natural)
    methods = {}
    for method, images in scores.items():
        entry = {"method": method, "mean": mean(images, common, metrics)}
        entry["images"] = [{"name": name, **images[name]} for name in sorted(images, key=natural)]
        if worst:
            entry["worst"] = worst_images(images, metrics[0])[:worst]
        methods[method] = entry
    groups = group(common, group_by) if group_by else {}
    for method, images in scores.items():
        if group_by:
            methods[method]["groups"] = [
                {"group": name, "count": len(names), "mean": mean(images, names, metrics)}
                for name, names in groups.items()
            ]
    if len(scores) == 1:
        (only,) = methods.values()
        return {key: value for key, value in only.items() if key != "method"}
    for name, ranking in ranks(scores, common, metrics).items():
        methods[name]["rank"] = ranking
    for i, names in enumerate(groups.values()):
        for name, ranking in ranks(scores, names, metrics).items():
            methods[name]["groups"][i]["rank"] = ranking
    return {"methods": list(methods.values()), "compared": common}


def mean(images: Scores, names: Iterable[str], metrics: Sequence[str]) -> dict[str, float | None]:
    """Return the unweighted mean of each metric over the images where it is defined; None if it is nowhere."""
    columns = {m: [images[name][m] for name in names if images[name][m] is not None] for m in metrics}
    return {m: math.fsum(values) / len(values) if values else None for m, values in columns.items()}


def group(names: Iterable[str], pattern: str) -> dict[str, list[str]]:
    """Group names by the first capture group of `pattern`, or its whole match; "(other)" where it does not match."""
    groups: dict[str, list[str]] = {}
    for name in names:
        match = re.search(pattern, name)
        key = match and match.group(1 if match.re.groups else 0)
        groups.setdefault(key or "(other)", []).append(name)
    return dict(sorted(groups.items(), key=lambda item: (item[0] == "(other)", natural(item[0]))))


def worst_images(images: Scores, metric: str) -> list[str]:
    """Return names from the worst value on; those of undefined values are left out."""
    costs = {name: ALL_METRICS[metric].cost(v[metric]) for name, v in images.items() if v[metric] is not None}
    return sorted(costs, key=lambda name: (-costs[name], natural(name)))


def ranks(
    scores: Mapping[str, Scores], names: Iterable[str], metrics: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """Return, per method and metric, the average place over images: 1 for the best value; ties share the average."""
    places: dict[str, dict[str, list[float]]] = {method: {m: [] for m in metrics} for method in scores}
    for name in names:
        for metric in metrics:
            values = [images[name][metric] for images in scores.values()]
            if None in values:
                continue
            costs = list(map(ALL_METRICS[metric].cost, values))
            for method, cost in zip(scores, costs, strict=True):
                better, equal = sum(c < cost for c in costs), costs.count(cost)
                places[method][metric].append(better + (equal + 1) / 2)
    return {
        method: {m: math.fsum(p) / len(p) if p else None for m, p in columns.items()}
        for method, columns in places.items()
    }
