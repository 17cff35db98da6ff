"""``python -m softcord.compare``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["compare", *sys.argv[1:]]))
