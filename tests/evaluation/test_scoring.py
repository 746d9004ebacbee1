"""Groups of one truth go together, and what stops one item stops no other."""

from pathlib import Path

from mattekit.evaluation.items import Item
from mattekit.evaluation.scoring import Rules, by_truth, score_group


def test_every_truth_is_one_piece_of_work_and_every_item_one_result():
    items = [Item(f"{t}_{k}", "m", Path(f"{t}_{k}.png"), Path(f"{t}.png")) for k in range(3) for t in "ba"]
    seen = []

    def work(group):
        seen.append([item.name for item in group])
        return [ValueError(item.name) if item.name == "a_1" else {"sad": 0.0} for item in group]

    results = list(by_truth(work, items))
    assert seen == [["a_0", "a_1", "a_2"], ["b_0", "b_1", "b_2"]]
    assert {r.item.name for r in results} == {item.name for item in items}
    assert [r.item.name for r in results if r.error] == ["a_1"]


def test_a_group_that_fails_as_a_whole_fails_every_item_of_it():
    items = [Item(str(k), "m", Path(f"{k}.png"), Path("t.png")) for k in range(2)]

    def work(group):
        raise MemoryError

    assert [type(result.error) for result in by_truth(work, items)] == [MemoryError, MemoryError]


def test_a_truth_that_is_missing_fails_each_of_its_predictions(tmp_path):
    items = [Item(str(k), "m", tmp_path / f"{k}.png", tmp_path / "gone.png") for k in range(2)]
    outcomes = score_group(items, Rules(region="all"))
    assert [isinstance(outcome, FileNotFoundError) for outcome in outcomes] == [True, True]
