"""``python -m softcord.check``."""

import sys

from softcord.app.check import main

if __name__ == "__main__":
    sys.exit(main())
