"""``python -m softcord.ingest``."""

import sys

from softcord.app.ingest import main

if __name__ == "__main__":
    sys.exit(main())
