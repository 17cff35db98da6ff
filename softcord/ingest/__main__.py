"""``python -m softcord.ingest``."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["ingest", *sys.argv[1:]]))
