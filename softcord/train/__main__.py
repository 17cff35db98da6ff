"""``python -m softcord.train``."""

import sys

from softcord.app.train import main

if __name__ == "__main__":
    sys.exit(main())
