"""`python -m softcord.measure` is `softcord measure`."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["measure", *sys.argv[1:]]))
