"""Scores of folders of predictions against truths: means, ranks and reports."""
