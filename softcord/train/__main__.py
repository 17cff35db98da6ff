"""``python -m softcord.train``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
