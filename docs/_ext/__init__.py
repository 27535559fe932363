"""What these pages need beyond Sphinx: each file is one extension, and small.

`mathml` sets formulas; `run`, `derivation`, `rules`, `modules` and `gallery` put into the pages what is computed while
they are built; `docstrings` and `public` make the reference; `offline` refuses pages that need the network.
"""
