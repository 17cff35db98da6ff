"""How Sphinx builds the pages that stage.py lays out."""

import os
import sys
from pathlib import Path

import softcord

project = "softcord"
author = "The softcord developers"
release = version = softcord.__version__
copyright = f"{author}, MIT licence"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"softcord {release}"
html_show_sourcelink = False
highlight_language = "none"  # most blocks are commands with comments, or what they print

# Anchors as the hosts of Git repositories make them: the same links work in both places.
myst_heading_anchors = 4

# Notebooks lie here without results: each is run from top to bottom, and a cell that fails ends the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # seconds, for a cell
nb_merge_streams = True
# `!softcord` in a cell is the one that builds the pages.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["TTY_COMPATIBLE"] = "0"  # no bars that are drawn again and again: a page shows each of them

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
