"""The look of pictures and pages: calm, dark or light as the reader's system is, in colours everyone can tell apart.

Values are blue and gradients vermilion (Okabe & Ito, "Color Universal Design", 2008), lighter where it is dark; words
and borders say the same as the colours do. Read next: `script.py`.
"""

LIGHT = """--paper: #fbfbfa; --card: #ffffff; --ink: #1c1d1f; --faint: #5d6066; --line: #c3c5c9; --group: #f1f1ee;
  --edge: #d9d9d4; --tint: #eef4f8; --value: #005f96; --gradient: #b04a00; --accent: #0072b2; --glow: #d55e0022;"""
DARK = """--paper: #15171a; --card: #1f2226; --ink: #e9e7e4; --faint: #a3a6ab; --line: #555a61; --group: #1a1c20;
  --edge: #33373d; --tint: #1d2933; --value: #7cc4f0; --gradient: #f5a35c; --accent: #56b4e9; --glow: #e69f0033;"""
SANS = 'system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif'
MONO = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'

PICTURE = f"""
.mg-graph {{ {LIGHT} }}
@media (prefers-color-scheme: dark) {{ .mg-graph {{ {DARK} }} }}
.mg-graph {{ background: var(--paper); }}
.mg-graph text {{ font: 12px {SANS}; fill: var(--ink); }}
.mg-graph .title {{ font-weight: 600; font-size: 13px; }}
.mg-graph .shape {{ text-anchor: end; fill: var(--faint); }}
.mg-graph .value, .mg-graph .gradient {{ font: 11.5px {MONO}; }}
.mg-graph .value {{ fill: var(--value); }}
.mg-graph .gradient {{ fill: var(--gradient); }}
.mg-graph .box rect {{ fill: var(--card); stroke: var(--line); stroke-width: 1.25; }}
.mg-graph .parameter rect {{ fill: var(--tint); stroke: var(--accent); stroke-width: 2; }}
.mg-graph .constant rect {{ stroke-dasharray: 5 4; }}
.mg-graph .group rect {{ fill: var(--group); stroke: var(--edge); }}
.mg-graph .group .title {{ font-size: 12px; fill: var(--faint); }}
.mg-graph .group .count {{ display: none; font-size: 11px; fill: var(--faint); }}
.mg-graph .group.folded rect {{ fill: var(--card); stroke: var(--faint); stroke-width: 1.25; }}
.mg-graph .group.folded .count {{ display: inline; }}
.mg-graph .line {{ fill: none; stroke: var(--line); stroke-width: 1.5; stroke-linejoin: round; }}
"""

PAGE = f"""
:root {{ color-scheme: light dark; {LIGHT} }}
@media (prefers-color-scheme: dark) {{ :root {{ {DARK} }} }}
{PICTURE}
* {{ box-sizing: border-box; }}
[hidden] {{ display: none !important; }}
html, body {{ height: 100%; }}
body {{ margin: 0; display: grid; grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr) 25rem;
  background: var(--paper);
  color: var(--ink); font: 1rem/1.5 {SANS}; }}
header {{ grid-column: 1 / -1; display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.1rem;
  padding: .75rem 1.25rem; border-bottom: 1px solid var(--edge); }}
h1 {{ font-size: 1.15rem; margin: 0; }}
h2 {{ font-size: 1.1rem; margin: 0 0 .1rem; overflow-wrap: anywhere; }}
h3 {{ font-size: .9rem; margin: 1.1rem 0 .25rem; color: var(--faint); font-weight: 600; }}
p {{ margin: .25rem 0; }}
.faint {{ color: var(--faint); font-size: .9rem; }}
.key {{ display: inline-flex; align-items: center; vertical-align: middle; gap: .4rem; font-size: .85rem;
  color: var(--faint); margin-right: .7rem; }}
.key::before {{ content: ""; width: .9rem; height: .7rem; border-radius: .2rem; border: 2px solid var(--accent);
  background: var(--tint); }}
.key.constant::before {{ border: 1.5px dashed var(--line); background: none; }}
.key.value::before {{ border: 0; background: var(--value); }}
.key.gradient::before {{ border: 0; background: var(--gradient); }}
#stage {{ position: relative; overflow: auto; padding: 1rem; scrollbar-width: thin; }}
#stage svg {{ display: block; margin: 0 auto; background: none; }}
aside {{ overflow: auto; border-left: 1px solid var(--edge); padding: 1rem 1.25rem; background: var(--card);
  scrollbar-width: thin; }}
footer {{ grid-column: 1 / -1; border-top: 1px solid var(--edge); padding: .6rem 1.25rem .75rem;
  background: var(--card); }}
#say {{ min-height: 1.5em; margin: 0 0 .4rem; overflow-wrap: anywhere; }}
.player {{ display: flex; align-items: center; gap: .5rem; flex-wrap: wrap; }}
.player input {{ flex: 1 1 12rem; min-width: 6rem; accent-color: var(--accent); height: 2rem; }}
button, select {{ font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
  border-radius: .45rem;
  padding: .35rem .8rem; min-height: 2.4rem; cursor: pointer; }}
button:hover:not(:disabled) {{ border-color: var(--accent); }}
button:disabled {{ opacity: .45; cursor: default; }}
button.main {{ background: var(--accent); border-color: var(--accent); color: #fff; min-width: 5.2rem;
  font-weight: 600; }}
@media (prefers-color-scheme: dark) {{ button.main {{ color: #10222e; }} }}
.zoom {{ margin-left: auto; display: flex; gap: .35rem; }}
.zoom button {{ min-height: 2rem; padding: .1rem .6rem; font-size: .9rem; }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
code, pre, td {{ font: .86rem/1.45 {MONO}; }}
code {{ overflow-wrap: anywhere; }}
pre {{ margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }}
.formula {{ border-left: 3px solid var(--gradient); padding: .1rem 0 .1rem .7rem; margin: .3rem 0; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: separate; border-spacing: 2px; margin: .2rem 0 .4rem -2px; }}
td {{ text-align: right; padding: .12rem .45rem; border-radius: .25rem; white-space: nowrap;
  font-variant-numeric: tabular-nums; }}
th {{ text-align: left; font-weight: normal; padding: .1rem .6rem .1rem 0; font-size: .9rem;
  overflow-wrap: anywhere; }}
th.chips {{ white-space: nowrap; }}
#leaves td {{ text-align: left; padding-left: 0; color: var(--gradient); }}
.chips a {{ display: inline-block; margin: .1rem .5rem .1rem 0; color: var(--accent); cursor: pointer;
  text-decoration: underline; }}
.mg-graph .box {{ cursor: pointer; }}
.mg-graph .box:focus {{ outline: none; }}
.mg-graph .box:focus-visible rect {{ stroke: var(--accent); stroke-width: 4; }}
.mg-graph .box.waiting text:not(.title):not(.shape) {{ visibility: hidden; }}
.mg-graph .box.waiting {{ opacity: .55; }}
.mg-graph .box.chosen rect {{ stroke: var(--ink); stroke-width: 2.5; }}
.mg-graph .box.active rect {{ stroke: var(--value); stroke-width: 3; stroke-dasharray: none; }}
.mg-graph .box.active.back rect {{ stroke: var(--gradient);
  fill: color-mix(in srgb, var(--gradient) 10%, var(--card)); }}
.mg-graph .line.active {{ stroke: var(--value); stroke-width: 3; }}
.mg-graph .line.active.back {{ stroke: var(--gradient); }}
@media (prefers-reduced-motion: no-preference) {{
  .mg-graph .box, .mg-graph .box rect {{ transition: opacity .2s, stroke .2s, fill .2s; }} }}
@media (max-width: 52rem) {{
  body {{ grid-template: auto minmax(12rem, 1fr) minmax(0, 30vh) auto / minmax(0, 1fr); }}
  header {{ padding: .5rem .9rem; }}
  header h1 {{ font-size: 1rem; }}
  header .faint, header .key {{ display: none; }}
  .zoom button {{ padding: .1rem .5rem; }}
  aside {{ border-left: 0; border-top: 1px solid var(--edge); padding: .75rem .9rem; }}
  footer {{ padding: .5rem .9rem .6rem; }}
  #stage {{ padding: .5rem; }}
  #say {{ font-size: .92rem; min-height: 3em; }}
  .player input {{ order: -1; flex-basis: 100%; }} }}
@media (forced-colors: active) {{ .mg-graph .box.active rect {{ stroke: Highlight; }} }}
"""
