"""Work on files: pairing, targets, parallel runs, and one module per kind of job."""
