"""The parser of the verbs that take the field's flags: what is wrong is said in one line."""

import argparse
import sys
from typing import NoReturn

from softcord.app.exit import USAGE


class Words(argparse.ArgumentParser):
    """Parse flags such as SCT's users know."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        print(f"{self.prog}: {message}. {self.prog} -h lists the arguments.", file=sys.stderr)
        sys.exit(USAGE)
