"""``python -m softcord.fetch``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["fetch", *sys.argv[1:]]))
