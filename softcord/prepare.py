"""``python -m softcord.prepare``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["prepare", *sys.argv[1:]]))
