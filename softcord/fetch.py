"""``python -m softcord.fetch``."""

import sys

from softcord.app.fetch import main

if __name__ == "__main__":
    sys.exit(main())
