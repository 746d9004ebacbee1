"""From folders of predictions and truths to scores, means, ranks and reports."""
