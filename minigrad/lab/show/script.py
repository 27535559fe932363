"""What the page does: it plays the steps, folds groups, and shows the details of a box.

The picture itself is there already, drawn by `drawing.svg_of` with every group open; the script moves its boxes.
Read next: `minigrad/lab/exercises.py`.
"""

SCRIPT = r"""
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const {members, steps, sizes} = data, levels = new Map(data.levels.map(l => [l.id, l])), root = data.levels[0];
const svg = document.querySelector("#stage > svg"), stage = $("stage");
const shapes = new Map([...svg.querySelectorAll(".box")].map(g => [g.dataset.id, g]));
const paths = [...svg.querySelectorAll(".line")];
const home = new Map();  // of every box the level it stands in
for (const level of data.levels) for (const [id] of level.boxes) home.set(id, level);
const around = id => {
  const found = [];
  for (let l = home.get(id); l; l = home.get(l.id)) found.unshift(l);
  return found;
};
const seen = id => { const folded = around(id).find(l => l.folded); return folded ? folded.id : id; };
const isGroup = id => levels.has(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let now = 0, chosen = null, timer = null, zoom = 1, focused = null, left = 0, wide = 0;

// Places: the same sums as in layout.py and scene.py

function rows(level) {
  const tall = Array(level.layers).fill(null), out = [];
  for (const [id, layer] of level.boxes) tall[layer] = Math.max(tall[layer] ?? 0, height(id));
  let y = level === root ? 0 : sizes.head;
  tall.forEach((h, i) => {
    out.push([y, h ?? 0]);
    const last = i + 1 === tall.length, border = h === null || tall[i + 1] === null;
    y += (h ?? 0) + (last ? 0 : border ? sizes.space / 2 : sizes.space);
  });
  return [out, y + (level === root ? 0 : sizes.pad)];
}
function height(id) {
  const level = levels.get(id);
  return !level ? sizes.height : level.folded ? sizes.folded : rows(level)[1];
}
function across(level, layer, x) {  // what is folded leaves room beside it
  return level.boxes.reduce((sum, [id, there, middle]) => {
    const inner = levels.get(id);
    if (!inner || there !== layer || middle === x) return sum;
    const [l, r] = spread(id);
    return sum + (x < middle ? l + inner.width / 2 : r - inner.width / 2);
  }, x);
}
const spreads = new Map();
function spread(id) {
  const level = levels.get(id);
  if (!level || level.folded) return [-sizes.width / 2, sizes.width / 2];
  if (!spreads.has(id)) {
    let most = Math.min(level.width, 7 * level.label.slice(0, 40).length + 40) / 2, least = -most;
    for (const [inner, layer, middle] of level.boxes) {
      const x = across(level, layer, middle) - level.width / 2, [l, r] = spread(inner);
      least = Math.min(least, x + l - sizes.pad); most = Math.max(most, x + r + sizes.pad);
    }
    spreads.set(id, [least, most]);
  }
  return spreads.get(id);
}
const places = new Map(), origins = new Map();
function put(level, x, y) {
  const [lines] = rows(level);
  origins.set(level.id, [x, y, lines]);
  for (const [id, layer, middle] of level.boxes) {
    const inner = levels.get(id), h = height(id), [top, tall] = lines[layer];
    const [l, r] = spread(id), at = x + across(level, layer, middle);
    const source = !inner && members[id].kind !== "operation";
    const above = y + top + (tall - h) / (source ? 1 : 2);  // a source stands low, near its user
    places.set(id, [at + l, above, r - l, h]);
    if (inner && !inner.folded) put(inner, at - inner.width / 2, above);
  }
}
function curve(points) {
  let [x, y] = points[0], text = `M${x} ${y}`;
  for (const [a, b] of points.slice(1)) {
    const m = (y + b) / 2;
    if (a !== x || b !== y) text += a === x ? `V${b}` : `C${x} ${m} ${a} ${m} ${a} ${b}`;
    [x, y] = [a, b];
  }
  return `${text}M${x - 4} ${y - 7}L${x} ${y}L${x + 4} ${y - 7}`;
}
function title(text, level, width) {
  const room = Math.floor(width / 7.6) - 3, label = level.label;
  text.textContent = label.length <= room ? label : label.slice(0, room - 1) + "…";
  text.setAttribute("y", level.folded ? 17 : 19);
}
function arrange() {
  places.clear(); origins.clear(); spreads.clear(); put(root, 0, 0);
  for (const [id, g] of shapes) {
    const place = places.get(id);
    g.toggleAttribute("hidden", !place);
    g.style.display = place ? "" : "none";
    if (!place) continue;
    const [x, y, w, h] = place, rect = g.querySelector("rect"), level = levels.get(id);
    g.setAttribute("transform", `translate(${x} ${y})`);
    rect.setAttribute("width", w); rect.setAttribute("height", h);
    if (level) { g.classList.toggle("folded", level.folded); title(g.querySelector(".title"), level, w); }
  }
  const drawn = new Set();
  data.lines.forEach((line, i) => {
    const a = seen(line.from), b = seen(line.to), path = paths[i];
    let d = "";
    if (a !== b) {
      const [x, y, w, h] = places.get(a), [p, q, r] = places.get(b), points = [[x + w / 2, y + h]];
      for (const [level, layer, at] of line.way) if (origins.has(level)) {
        const [from, top, lines] = origins.get(level), [row, tall] = lines[layer];
        const here = from + across(levels.get(level), layer, at);
        points.push([here, top + row], [here, top + row + tall]);
      }
      d = curve([...points, [p + r / 2, q]]);
    }
    path.style.display = d ? "" : "none";
    path.setAttribute("d", d || "M0 0"); path.dataset.a = a; path.dataset.b = b;
    path.classList.toggle("double", drawn.has(d)); drawn.add(d);
  });
  const all = [...places.values()], start = Math.min(...all.map(p => p[0])) - 16;
  const tall = rows(root)[1] + 24;
  wide = Math.max(...all.map(p => p[0] + p[2])) + 16 - start;
  left = start;
  svg.setAttribute("viewBox", `${start} -12 ${wide} ${tall}`);
  svg.setAttribute("width", wide * zoom); svg.setAttribute("height", tall * zoom);
  $("folds").textContent = data.levels.some(l => l !== root && !l.folded) ? "Fold all" : "Unfold all";
}
function setZoom(z) { zoom = Math.min(2.5, Math.max(0.15, z)); arrange(); follow(); }
function fit() { arrange(); setZoom(Math.min(1, (stage.clientWidth - 32) / wide)); }

// Details, written with textContent alone: names and code are the user's

function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(options))
    key === "text" ? node.textContent = value : node.setAttribute(key, value);
  node.append(...children);
  return node;
}
const size = shape => shape.length ? shape.join("×") : "scalar";
function numbers(title, t, colour) {
  if (!t) return [];
  const body = el("table", {"aria-label": title});
  for (const row of t.rows) {
    const line = el("tr");
    for (const text of row) {
      const share = t.top ? Math.min(1, Math.abs(Number(text.replace("−", "-"))) / t.top) : 0;
      const cell = el("td", {text});
      cell.style.background = `color-mix(in srgb, var(--${colour}) ${Math.round(6 + 26 * (share || 0))}%, transparent)`;
      line.append(cell);
    }
    body.append(line);
  }
  const cut = t.of[0] > t.rows.length || t.of[1] > (t.rows[0] || []).length;
  const found = [el("h3", {text: title}), el("div", {class: "wide"}, body)];
  const text = cut && `the first ${t.rows.length}×${t.rows[0].length} of ${t.of.join("×")} numbers`;
  return cut ? [...found, el("p", {class: "faint", text})] : found;
}
function chip(id) {
  const link = el("a", {role: "button", tabindex: "0", text: nameOf(id)});
  link.onclick = () => choose(id);
  link.onkeydown = e => { if (e.key === "Enter") choose(id); };
  return link;
}
const nameOf = id => isGroup(id) ? levels.get(id).label : members[id].name;
const came = id => steps.slice(0, now).filter(s => s.target === id && s.kind !== "forward");
const forwards = steps.filter(s => s.kind === "forward").map(s => s.node);
const computed = id => members[id].kind !== "operation" || forwards.slice(0, now).includes(id);
function show(id) {
  const box = $("details"), m = members[id];
  box.replaceChildren();
  if (isGroup(id)) {
    const level = levels.get(id), button = el("button", {type: "button", text: level.folded ? "Unfold" : "Fold"});
    button.onclick = () => fold(id);
    box.append(el("h2", {text: level.label}), el("p", {class: "faint", text: level.operations}), button);
    return;
  }
  const what = m.kind === "operation" ? m.op : m.kind, where = m.module ? ` in ${m.module}` : "";
  const facts = `${what}${where} · ${m.dtype} · ${size(m.shape)}`;
  box.append(el("h2", {text: m.name}), el("p", {class: "faint", text: facts}));
  if (m.line) box.append(el("pre", {text: m.line}));
  const last = steps[now - 1];
  if (last && last.kind === "rule" && last.target === id) {
    const from = el("p", {class: "chips"}, "from ", chip(last.node));
    const formula = `∂loss/∂${last.argument} = ${last.formula || "a function of its own"}`;
    box.append(el("h3", {text: "The rule"}), from, el("pre", {class: "formula", text: formula}));
    const whole = el("summary", {text: "Its whole text"});
    if (last.rule) box.append(el("details", {}, whole, el("pre", {text: last.rule})));
    box.append(...numbers("Local derivative", last.local, "value"));
    box.append(...numbers("Contribution", last.contribution, "gradient"));
  }
  if (m.operands) {
    box.append(el("h3", {text: "Computed as"}));
    const call = el("table");
    for (const [name, other, whole] of m.operands) {
      const text = whole.length > 44 ? whole.slice(0, 43) + "…" : whole;
      const head = el("th", {class: "chips"}, `${name} = `, ...(other ? [chip(other)] : []));
      call.append(el("tr", {}, head, el("td", {text})));
    }
    const text = `${m.op}(${[...m.operands.map(o => o[0]), ...m.options].join(", ")})`;
    box.append(el("code", {text}), el("div", {class: "wide"}, call));
  }
  if (computed(id)) box.append(...numbers("Value", m.value, "value"));
  const arrived = came(id);
  if (arrived.length) {
    const end = arrived.at(-1);
    const of = end.expected > 1 ? ` (${end.arrived} of ${end.expected} contributions)` : "";
    box.append(...numbers(`Gradient${of}`, end.total || end.contribution, "gradient"));
  }
}

// Steps

const words = text => text.startsWith("rms") ? `an array of ${text}` : text;
function sentence() {
  if (!now) return "Before the first step. Play, or press →.";
  const s = steps[now - 1], place = `${now} of ${steps.length}`;
  if (s.kind === "forward") {
    const m = members[s.node], said = words(m.brief), value = (said === m.brief ? " = " : ", ") + said;
    return `${place}, forward: ${m.op} gives ${m.name}${m.brief ? value : ""}.`;
  }
  if (s.kind === "seed") return `${place}, backward begins: ∂loss/∂loss = ${s.brief}.`;
  const sum = s.expected > 1 ? `; the sum is ${words(s.brief)}, ${s.arrived} of ${s.expected}` : "";
  return `${place}, backward: ${members[s.node].name} hands ${words(s.gives)} to ${members[s.target].name}${sum}.`;
}
function paint() {
  const s = steps[now - 1], back = !!s && s.kind !== "forward", gone = steps.slice(0, now);
  const ready = new Set(gone.filter(x => x.kind === "forward").map(x => x.node)), sums = new Map();
  for (const x of gone) if (x.target) sums.set(x.target, x.brief);
  const on = new Set(s ? [s.node, s.target].filter(Boolean).map(seen) : []);
  for (const [id, g] of shapes) {
    const group = isGroup(id), m = members[id];
    g.classList.toggle("active", on.has(id));
    g.classList.toggle("back", back && on.has(id));
    g.classList.toggle("chosen", id === chosen);
    g.setAttribute("aria-selected", id === chosen);
    if (group) {
      const {label, operations, folded} = levels.get(id);
      g.setAttribute("aria-label", `Group ${label}, ${operations}, ${folded ? "folded" : "open"}`);
      continue;
    }
    const waiting = m.kind === "operation" && !ready.has(id), sum = sums.get(id) || "";
    g.classList.toggle("waiting", waiting);
    g.querySelector(".gradient").textContent = sum && `∂ ${sum}`;
    const numbers = (waiting ? "" : `, value ${m.brief}`) + (sum && `, gradient ${sum}`);
    g.setAttribute("aria-label", `${m.name}, ${m.op || m.kind}, ${size(m.shape)}${numbers}`);
  }
  const [a, b] = !s ? [] : s.kind === "rule" ? [s.target, s.node].map(seen) : [null, s.node && seen(s.node)];
  for (const path of paths) {
    const lit = !!s && path.dataset.b === b && (s.kind === "forward" || path.dataset.a === a);
    path.classList.toggle("active", lit); path.classList.toggle("back", lit && back);
    if (lit) path.parentNode.append(path);  // above the others
  }
  $("slider").value = now; $("slider").setAttribute("aria-valuetext", sentence());
  $("say").textContent = sentence();
  $("back").disabled = !now; $("step").disabled = now === steps.length;
  const body = $("leaves");
  body.replaceChildren();
  for (const [id, m] of Object.entries(members)) if (m.kind === "parameter") {
    const sum = el("td", {"data-leaf": m.name, text: sums.get(id) || "nothing yet"});
    body.append(el("tr", {}, el("th", {scope: "row", text: m.name}), sum));
  }
  if (chosen) show(chosen);
}
function go(step) {
  now = Math.min(steps.length, Math.max(0, step));
  const s = steps[now - 1];
  chosen = s ? s.target || s.node : chosen;
  paint(); follow();
  if (now === steps.length) pause();
}
function follow() {
  const place = chosen && places.get(seen(chosen));
  if (!place) return;
  const [x, y, w, h] = place.map(v => v * zoom);
  const edge = svg.getBoundingClientRect().left - stage.getBoundingClientRect().left + stage.scrollLeft - left * zoom;
  stage.scrollTo({
    top: y + h / 2 - stage.clientHeight / 2, left: edge + x + w / 2 - stage.clientWidth / 2,
    behavior: calm.matches || timer ? "auto" : "smooth",
  });
}
function pause() {
  clearInterval(timer); timer = null;
  $("play").textContent = "Play"; $("say").setAttribute("aria-live", "polite");
}
function play() {
  if (timer) return pause();
  if (now === steps.length) go(0);
  $("say").setAttribute("aria-live", "off");  // it would speak without end
  $("play").textContent = "Pause";
  const beat = () => go(now + 1);
  timer = setInterval(beat, 900 / Number($("speed").value)); beat();
}
function choose(id) {
  chosen = id; roam(id); paint();
}
function fold(id) {
  const level = levels.get(id);
  level.folded = !level.folded;
  arrange(); choose(id); follow();
}

// Hands: pointer, keys, screen readers

svg.setAttribute("role", "listbox");
const order = [];
function walk(level) {
  for (const [id] of level.boxes) { order.push(id); if (levels.has(id)) walk(levels.get(id)); }
}
walk(root);
function roam(id) {
  const to = shapes.get(seen(id));
  if (focused) focused.setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0"); focused = to;
  return to;
}
for (const [id, g] of shapes) {
  g.setAttribute("role", "option"); g.setAttribute("tabindex", "-1");
  g.onclick = () => {
    const again = chosen === id;
    choose(id);
    if (isGroup(id) && (levels.get(id).folded || again)) fold(id);
  };
}
roam(order[0]);
$("folds").hidden = data.levels.length === 1;
$("folds").onclick = () => {
  const to = data.levels.some(l => l !== root && !l.folded);
  for (const level of data.levels) if (level !== root) level.folded = to;
  fit(); paint();
};
$("slider").max = steps.length;
$("slider").oninput = e => { pause(); go(Number(e.target.value)); };
$("back").onclick = () => { pause(); go(now - 1); };
$("step").onclick = () => { pause(); go(now + 1); };
$("play").onclick = play;
$("speed").onchange = () => { if (timer) { pause(); play(); } };
$("in").onclick = () => setZoom(zoom * 1.25);
$("out").onclick = () => setZoom(zoom / 1.25);
$("fit").onclick = fit;
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const tag = e.target.tagName, inGraph = svg.contains(e.target);
  if (tag === "SELECT" || (tag === "SUMMARY" && (e.key === " " || e.key === "Enter"))) return;
  const jump = {ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: steps.length}[e.key];
  if (jump !== undefined) { pause(); go(jump); }
  else if (e.key === " " && tag !== "BUTTON") play();
  else if (inGraph && e.key === "Enter" && isGroup(e.target.dataset.id)) fold(e.target.dataset.id);
  else if (inGraph && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
    const there = order.filter(id => places.has(id)), by = e.key === "ArrowDown" ? 1 : -1;
    const next = there[there.indexOf(e.target.dataset.id) + by];
    if (next) { choose(next); shapes.get(next).focus(); follow(); }
  } else return;
  e.preventDefault();
});
function open_at() {
  const at = /^#(?:step=(\d+)|(end))$/.exec(location.hash);
  go(!at ? 0 : at[2] ? steps.length : Number(at[1]));
}
addEventListener("hashchange", () => { pause(); open_at(); });
addEventListener("resize", follow);
fit(); setZoom(Math.max(zoom, stage.clientWidth < 600 ? 0.8 : 0.6)); open_at();
"""
