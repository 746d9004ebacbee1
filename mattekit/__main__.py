"""``python -m mattekit`` is the command ``mattekit``."""

from mattekit.cli import main

if __name__ == "__main__":
    main()
