"""``python -m softcord``: the same as the command ``softcord``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main())
