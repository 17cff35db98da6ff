"""Where there is no network: a program that tries to use one fails there."""

import subprocess

# A user namespace gives the right to make a network namespace, which has not even a loopback that is up.
ALONE = ("unshare", "--map-root-user", "--net")


def may_be_alone() -> bool:
    """Say whether this machine allows it."""
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
