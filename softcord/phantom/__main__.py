"""``python -m softcord.phantom``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["phantom", *sys.argv[1:]]))
