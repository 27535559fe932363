"""A recorded graph shown: the way back one rule at a time, as a picture, and as a page to step through.

`steps` walks backward as the engine does; `draw` lays the graph out as SVG and Graphviz DOT; `to_html` writes a page
that plays it. Read `formula`, `steps`, `groups`, `layers`, `layout`, `scene`, `labels`, `drawing`, `page`.
"""

from .drawing import Drawing, draw
from .page import Page, to_html
from .steps import Step, steps

__all__ = ["Drawing", "Page", "Step", "draw", "steps", "to_html"]
