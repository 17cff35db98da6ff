"""``python -m softcord.compare``; the function of that name is :func:`softcord.api.compare.compare`."""

import sys

from softcord.app.main import main

if __name__ == "__main__":
    sys.exit(main(["compare", *sys.argv[1:]]))
