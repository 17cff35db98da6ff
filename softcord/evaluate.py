"""``python -m softcord.evaluate``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
