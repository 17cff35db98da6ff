"""``python -m softcord.prepare``."""

import sys

from softcord.app.prepare import main

if __name__ == "__main__":
    sys.exit(main())
