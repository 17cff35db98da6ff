"""``python -m softcord.evaluate``."""

import sys

from softcord.app.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
