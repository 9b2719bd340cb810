"""How the documentation is built: `sphinx-build -n -W docs build/docs`."""

import re
from pathlib import Path

_CODE = (Path(__file__).parents[1] / "src" / "bailee" / "__init__.py").read_text(encoding="utf-8")

project = "Bailee"
author = "the Bailee authors"
release = version = re.findall(r'^__version__ = "(.+)"$', _CODE, re.MULTILINE)[0]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

html_theme = "furo"
html_title = f"Bailee {release}"
html_copy_source = False
html_show_sphinx = False
