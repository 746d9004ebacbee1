import logging

from mattekit.baselines.by_pymatting import quiet_stdout


def test_what_is_printed_in_the_block_is_logged_instead(capsys, caplog):
    """A picture may be on standard output, so nothing else may be."""
    with caplog.at_level(logging.INFO, "mattekit"), quiet_stdout():
        print("PERFORMANCE WARNING:\n    shift = 0")
    assert capsys.readouterr().out == ""
    assert caplog.messages == ["PERFORMANCE WARNING: shift = 0"]
