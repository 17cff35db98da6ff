"""``python -m softcord.check``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["check", *sys.argv[1:]]))
