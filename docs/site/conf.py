"""How Sphinx builds the pages that stage.py lays out."""

import softcord

project = "softcord"
author = "The softcord developers"
release = version = softcord.__version__
copyright = f"{author}, MIT licence"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"softcord {release}"
html_show_sourcelink = False
highlight_language = "none"  # most blocks are commands with comments, or what they print

# Anchors as the hosts of Git repositories make them: the same links work in both places.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
