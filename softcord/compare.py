"""``python -m softcord.compare``."""

import sys

from softcord.app.compare import main

if __name__ == "__main__":
    sys.exit(main())
