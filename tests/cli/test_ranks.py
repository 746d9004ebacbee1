"""Several ranks together do what one process does, to the byte; what a killed one leaves, another run finishes."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mattekit.cli import app

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")


def run(*words, code=0, rank=None):
    """The command line, as a launcher's rank (index, count) starts it."""
    environment = {"RANK": str(rank[0]), "WORLD_SIZE": str(rank[1])} if rank else {}
    result = CliRunner().invoke(app, list(map(str, words)), env=environment)
    assert code in (result.exit_code, None), (result.output, result.stderr, result.exception)
    return result


def torchrun(*words, options=()):
    """Start a command line as two ranks under torchrun."""
    environment = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    command = [*TORCHRUN, *options, *map(str, words)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def scene(folder, name, seed, size):
    """A soft disc as truth, an image and a trimap of it, and a prediction with errors."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    alpha = np.clip((size[0] / 3 - np.hypot(y - size[0] / 2, x - size[1] / 2)) / 4, 0, 1)
    trimap = np.where(alpha == 1, 255, np.where(alpha == 0, 0, 128))
    trimap[cv2.dilate(np.uint8(trimap == 128), np.ones((5, 5))) > 0] = 128
    made = {
        "truth": alpha * 255,
        "trimaps": trimap,
        "images": rng.integers(0, 90, (*size, 3)) + 160 * alpha[..., None],
        "predictions": np.clip(alpha * 255 + rng.integers(-40, 40, size), 0, 255),
    }
    for kind, pixels in made.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(folder / kind / f"{name}.png"), pixels.astype(np.uint8))


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate("abcde"):
        scene(tmp_path, name, i, (32, 40))
    return tmp_path


@pytest.mark.parametrize("command", ["predict", "predict by a network", "refine", "foreground", "trimap"])
def test_shards_by_hand_make_the_whole_and_each_says_whose_it_is(folder, weights_file, command):
    images, out = folder / "images", folder / "out"
    words = {
        "predict": [images, folder / "trimaps", "-m", "shared"],
        "predict by a network": [images, folder / "trimaps", "-m", weights_file],
        "refine": [images, folder / "trimaps", "-m", weights_file, "--steps", 2],
        "foreground": [images, folder / "truth"],
        "trimap": [folder / "truth"],
    }[command]
    command = command.partition(" ")[0]
    run(command, *words, "-o", folder / "whole")
    said = run(command, *words, "-o", out, "--shard", "1/2").stderr
    assert "rank 1 of 2: 3 " in said and sorted(contents(out)) == ["a.png", "c.png", "e.png"]
    run(command, *words, "-o", out, "--shard", "2/2")
    assert contents(out) == contents(folder / "whole") and len(contents(out)) == 5


def test_ranks_but_the_first_are_quiet_except_for_errors(folder):
    (folder / "truth" / "b.png").write_bytes(b"no image")
    words = ["trimap", folder / "truth", "-o", folder / "out", "-v"]
    assert "rank 1 of 2: 3 trimaps done" in run(*words, rank=(0, 2)).stderr
    found = run(*words, rank=(1, 2), code=3).stderr
    assert found.startswith("error: b: ") and len(found.splitlines()) == 1


def test_what_cannot_be_started_is_told_by_one_rank_alone_and_in_json_by_name(folder):
    for name in ("a", "d"):
        (folder / "trimaps" / f"{name}.png").unlink()
    words = ["predict", folder / "images", folder / "trimaps", "-m", "shared", "-o", folder / "out", "--json"]
    whole = [json.loads(line) for line in run(*words, code=3).stdout.splitlines()]
    shares = [[json.loads(line) for line in run(*words, rank=(i, 2), code=3).stdout.splitlines()] for i in range(2)]
    assert [[row["name"] for row in share] for share in shares] == [["a", "b", "e"], ["d", "c"]]
    assert sorted(row["name"] for row in whole) == list("abcde")
    assert {row["name"]: "no trimap named" in row.get("error", "") for row in whole} == {
        "a": True, "b": False, "c": False, "d": True, "e": False,
    }  # fmt: skip


def test_a_single_item_is_for_the_first_rank_and_not_for_shards(folder):
    words = ["trimap", folder / "truth" / "a.png", "-o", folder / "one.png"]
    run(*words, rank=(1, 2))
    assert not (folder / "one.png").exists()
    run(*words, rank=(0, 2))
    assert (folder / "one.png").exists()
    assert "--shard shares out the items of a folder" in run(*words, "--shard", "2/2", code=2).stderr
    assert "wanted I/N" in run("trimap", folder / "truth", "-o", folder / "x", "--shard", "0/2", code=2).stderr


# Scores


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_the_last_rank_joins_the_scores_to_the_very_report_of_one_process(folder, suffix):
    (folder / "predictions" / "c.png").unlink()
    (folder / "predictions" / "d.png").write_bytes(b"no image")
    words = ["eval", folder / "predictions", folder / "truth", "--trimaps", folder / "trimaps", "--worst", 2]
    run(*words, "-o", folder / f"whole.{suffix}", code=3)
    report, codes = folder / f"ranks.{suffix}", []
    for index in (2, 0, 1):
        assert not report.exists()
        codes.append(run(*words, "-o", report, rank=(index, 3), code=None).exit_code)
    assert report.read_bytes() == (folder / f"whole.{suffix}").read_bytes()
    assert codes == [3, 3, 3]  # a missing file, a bad one, and who joins them answers for all
    assert [p.name for p in folder.glob("ranks*")] == [report.name]


def test_parts_of_other_files_or_rules_are_not_joined(folder):
    words = ["eval", folder / "predictions", folder / "truth", "-o", folder / "r.json"]
    run(*words, "--metrics", "sad", rank=(0, 2))
    said = run(*words, "--metrics", "mad", "--shard", "2/2").stderr
    assert "rank 2 of 2: 1 of 2 parts are written" in said and not (folder / "r.json").exists()
    scene(folder, "a", 9, (32, 41))
    run(*words, "--metrics", "mad", rank=(0, 2))
    assert not (folder / "r.json").exists()
    run(*words, "--metrics", "mad", rank=(1, 2))
    assert len(json.loads((folder / "r.json").read_text())["images"]) == 5


def test_a_share_of_the_scores_is_never_printed_as_a_report(folder):
    words = ["eval", folder / "predictions", folder / "truth", "--shard", "1/2"]
    assert "rank 1 of 2 has but a share of the scores" in run(*words, code=2).stderr
    assert len(run(*words, "--json").stdout.splitlines()) == 3
    one = ["eval", folder / "predictions/a.png", folder / "truth/a.png"]
    assert run(*one, rank=(1, 2)).stdout == "" and "sad" in run(*one, rank=(0, 2)).stdout.lower()


# Data sets


@pytest.fixture
def composing(folder):
    rng = np.random.default_rng(3)
    (folder / "bg").mkdir()
    for i in range(4):
        cv2.imwrite(str(folder / "bg" / f"{i}.png"), rng.integers(0, 255, (40, 50, 3), np.uint8))
    roles = {"--foregrounds": "images", "--alphas": "truth", "--backgrounds": "bg"}
    named = [word for role, name in roles.items() for word in (role, folder / name)]
    return ["composite", "--preset", "custom", *named, "--per-foreground", 3]


def test_two_ranks_compose_the_data_set_of_one(folder, composing):
    run(*composing, "-o", folder / "whole")
    assert "the manifest is written when" in run(*composing, "-o", folder / "out", "--shard", "1/2").stderr
    assert not (folder / "out" / "manifest.jsonl").exists()
    assert len(list((folder / "out" / "alpha").iterdir())) == 3  # no foreground is read by two ranks
    run(*composing, "-o", folder / "out", "--shard", "2/2")
    assert contents(folder / "out") == contents(folder / "whole")


def test_what_one_rank_cannot_compose_does_not_keep_the_others_from_the_manifest(folder, composing):
    (folder / "bg" / "1.png").write_bytes(b"no image")
    run(*composing, "-o", folder / "whole", code=3)
    for index in range(2):
        run(*composing, "-o", folder / "out", rank=(index, 2), code=None)
    assert contents(folder / "out") == contents(folder / "whole")


# Real processes under torchrun


@posix
def test_torchrun_starts_ranks_and_one_with_a_bad_item_leaves_last(folder):
    """Torchrun ends all ranks when one reports a failure; here the first begins long after the second has failed."""
    (folder / "images" / "b.png").write_bytes(b"no image")
    words = ["predict", folder / "images", folder / "trimaps", "-m", "shared"]
    run(*words, "-o", folder / "whole", code=3)
    script = folder / "rank.sh"
    script.write_text(
        f"if [ $RANK = 0 ]; then until grep -q error {folder}/1.log; do sleep 0.1; done; sleep 5; fi\n"
        f'exec {sys.executable} -m mattekit "$@" 2> {folder}/$RANK.log\n'
    )
    started = torchrun("--no-python", "sh", script, *words, "-o", folder / "out")
    started.communicate(timeout=120)
    assert started.returncode != 0
    assert contents(folder / "out") == contents(folder / "whole") and len(contents(folder / "out")) == 4
    assert "rank 1 of 2: 3 images done" in (folder / "0.log").read_text()
    assert (folder / "1.log").read_text().startswith("error: b: ")


@posix
def test_what_a_killed_rank_leaves_is_done_by_another_run(folder):
    """Both ranks tell their process number; the second is killed once it has made something."""
    for i in range(16):
        scene(folder, f"f{i:02}", i, (150, 200))
    words = ["predict", folder / "images", folder / "trimaps", "-m", "shared"]
    run(*words, "-o", folder / "whole")
    names = sorted(contents(folder / "whole"))
    script = folder / "rank.sh"
    script.write_text(f'echo $$ > {folder}/pid.$RANK\nexec {sys.executable} -m mattekit "$@"\n')
    started = torchrun("--no-python", "sh", script, *words, "-o", folder / "out")
    deadline = time.monotonic() + 120
    while not (folder / "out" / names[1]).exists():
        assert time.monotonic() < deadline and started.poll() is None
        time.sleep(0.005)
    os.kill(int((folder / "pid.1").read_text()), signal.SIGKILL)
    started.communicate(timeout=60)
    assert started.returncode != 0
    done = {p: p.stat().st_mtime_ns for p in (folder / "out").glob("[!.]*")}
    assert 0 < len(done) < len(names), "the ranks were not stopped in the middle"
    run(*words, "-o", folder / "out", "--skip-existing")
    assert contents(folder / "out") == contents(folder / "whole")
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in done.items())
