"""``python -m softcord.phantom``."""

import sys

from softcord.app.phantom import main

if __name__ == "__main__":
    sys.exit(main())
