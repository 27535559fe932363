"""How Sphinx builds these pages: `python -m sphinx -W --keep-going docs docs/_build/html`, no network needed."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from _ext import gallery  # noqa: E402

import minigrad  # noqa: E402

project = "minigrad"
author = "the authors of minigrad"
version = release = minigrad.__version__
copyright = "MIT licence"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    *[f"_ext.{name}" for name in ("derivation", "docstrings", "gallery", "mathml", "modules", "offline", "public")],
    *[f"_ext.{name}" for name in ("readme", "rules", "run", "surface")],
]
exclude_patterns = ["_build", "README.md", "images"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False
html_math_renderer = "mathml"

autodoc_typehints = "none"  # arrays are Any on purpose: which kind they are is for NumPy's dispatch to decide
add_module_names = False
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 90
toc_object_entries_show_parents = "hide"

gallery.copy_examples()
sphinx_gallery_conf = gallery.settings()

html_theme = "furo"
html_title = "minigrad"
html_static_path = ["_static"]
html_css_files = ["minigrad.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
