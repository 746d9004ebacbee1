"""The page of a training run, and its curves."""

import re

import pytest

from mattekit.report import curves, run


def record(kind, step, **values):
    return {"kind": kind, "step": step, "epoch": step / 10, **values}


RECORDS = [
    *(record("train", step, loss=1 / step, lr=0.01, waiting=0.25, seconds=36.0 * step) for step in range(1, 101)),
    *(record("validation", step, sad=sad, mse=None) for step, sad in ((50, 7.0), (75, 5.5), (100, 6.25))),
]


def written(folder, **given):
    (folder / "pictures").mkdir()
    names = ["000050.png", "000100.png"]
    run.write(
        folder / "report.html", RECORDS, recipe='name = "<b>&mine</b>"\n',
        pictures=[folder / "pictures" / name for name in names], **given,
    )  # fmt: skip
    return (folder / "report.html").read_text()


def test_it_has_curves_validations_pictures_and_the_recipe(tmp_path):
    text = written(tmp_path, origin="lr = 1  # section 6.3")
    titles = re.findall(r"<figcaption>(.+?) <span", text)
    assert titles == ["Loss", "Learning rate", "Validation: SAD"]
    assert "100 steps in 1.00 hours; 25&nbsp;% of the time spent waiting" in text
    rows = re.findall(r"<tr><th scope=\"row\">(\d+)</th><td>(.+?)</td></tr>", text)
    assert rows == [("50", "7"), ("75", "<b>5.5</b>"), ("100", "6.25")]
    assert re.findall(r'src="(.+?)"', text) == ["pictures/000100.png", "pictures/000050.png"]  # the latest first
    assert "name = &#34;&lt;b&gt;&amp;mine&lt;/b&gt;&#34;" in text and "# section 6.3" in text
    assert "script" not in text.replace("JavaScript", "")


def test_a_run_without_a_record_has_a_page_too(tmp_path):
    run.write(tmp_path / "report.html", [], recipe="")
    assert "0 steps." in (tmp_path / "report.html").read_text()


def test_a_curve_goes_from_edge_to_edge_with_the_highest_value_on_top():
    found = curves.curve("Loss", [(0, 3.0), (50, 5.0), (100, 1.0), (120, float("nan"))])
    numbers = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", found.path)]
    assert [x for x, _ in numbers] == [curves.LEFT, (curves.LEFT + curves.WIDTH) / 2, curves.WIDTH]
    (_, middle), (_, top), (_, bottom) = numbers
    assert top < middle < bottom and middle == pytest.approx((top + bottom) / 2)
    assert [label for _, label in found.up] == ["1", "5"] and found.last == "1"
    assert curves.curve("none", [(1, float("inf"))]) is None


def test_many_points_are_averaged():
    points = [(float(i), float(i % 2)) for i in range(10_000)]
    found = curves.thinned(points)
    assert len(found) <= curves.MOST and found[0] == (12.0, 0.48)
    assert sum(x for x, _ in found) / len(found) == pytest.approx(4999.5)
