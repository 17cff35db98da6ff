"""`python -m softcord.measure` is `softcord measure`."""

import sys

from softcord.app.measure import main

if __name__ == "__main__":
    sys.exit(main())
