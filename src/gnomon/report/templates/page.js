"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const dialog = byId("drawer");
  const tip = byId("tip");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let store = null; // the unpacked data
  let shown = null; // {cell, seed, opener}
  let views = []; // live charts, to be finalised
  let watcher = null; // draws the drawer's figures as they come into sight

  // ---------------------------------------------------------------- data

  async function unpack(id) {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  let loading = null;
  function load() {
    loading ??= (async () => {
      store = JSON.parse(await unpack("data"));
    })();
    return loading;
  }

  let drawing = null;
  function loadVega() {
    drawing ??= (async () => {
      const script = document.createElement("script");
      script.textContent = await unpack("vega"); // runs only because the policy knows its hash
      document.head.append(script);
      if (!window.vegaEmbed) throw new Error("the figure library did not start");
    })();
    return drawing;
  }

  // ---------------------------------------------------------------- figures: the twin of report/charts.py

  const fill = (node, slots) => {
    if (typeof node === "string") return Object.hasOwn(slots, node) ? slots[node] : node;
    if (Array.isArray(node)) return node.map((n) => fill(n, slots));
    if (node && typeof node === "object") {
      return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, fill(v, slots)]));
    }
    return node;
  };

  const usable = (v, log) => v !== null && v !== undefined && (!log || v > 0);

  // ---------------------------------------------------------------- figures of the sphere: the twin of report/panels.py

  const SPHERE = ["map", "section", "portrait", "composite", "disc", "tracks", "taylor"];
  const onCanvas = (kind) => ["raster", "points", "map", "section", "composite", "disc", "tracks"].includes(kind);

  function gridRows(figure) {
    const [xs, ys] = figure.edges.map((n) => store.arrays[n]);
    const disc = figure.k === "disc";
    const table = figure.k === "portrait";
    const turn = disc ? Math.PI / 180 : 1;
    const over = disc ? 0.25 / 3 : 0.25;
    const out = [];
    figure.images.forEach(([wide, low, high, at, marked], k) => {
      const marks = new Set(marked === null ? [] : store.arrays[marked]);
      store.arrays[at].forEach((g, n) => {
        if (g === null) return;
        const i = n % wide;
        const j = Math.floor(n / wide);
        const row = { k, v: low === null ? g : low + (g / 1000) * (high - low) };
        if (table) {
          Object.assign(row, { x: figure.v.$columns_order[i], y: figure.v.$rows_order[j] });
          if (marks.has(n)) row.m = 1;
        } else {
          const [x0, x1, y0, y1] = [xs[i], xs[i + 1], ys[j], ys[j + 1]];
          Object.assign(row, { x: x0 * turn, X: (x1 + over * (x1 - x0)) * turn, y: y0, Y: y1 + over * (y1 - y0) });
          if (marks.has(n)) {
            const a = (x0 + x1) / 2;
            const b = figure.log.includes("y") ? Math.sqrt(y0 * y1) : (y0 + y1) / 2;
            Object.assign(row, disc ? { m: 1, a: b * Math.sin(a * turn), b: b * Math.cos(a * turn) } : { m: 1, a, b });
          }
        }
        out.push(row);
      });
    });
    return out;
  }

  function trackRows(figure) {
    const out = [];
    let p = 0;
    for (const [k, s, , ...at] of [...figure.series].sort((a, b) => a[0] - b[0])) {
      const [xs, ys] = at.slice(0, 2).map((n) => store.arrays[n]);
      let f = 1;
      xs.forEach((x, i) => {
        if (x === null || ys[i] === null) {
          p += 1;
          f = 1;
          return;
        }
        out.push({ k, s, p, i, x, y: ys[i], f });
        f = 0;
      });
      p += 1;
    }
    return out;
  }

  function taylorRows(figure) {
    const out = [];
    for (const [, s, r, x, y, names] of [...figure.series].sort((a, b) => b[0] - a[0])) {
      store.arrays[x].forEach((d, i) => {
        const c = store.arrays[y][i];
        if (d === null || c === null) return;
        out.push({ s, r, n: names[i] ?? "", d, c, x: d * c, y: d * Math.sqrt(Math.max(0, 1 - c * c)) });
      });
    }
    return out;
  }

  function coastRows([west, east], [south, north]) {
    const rows = [];
    let p = 0;
    for (const turn of [-360, 0, 360]) {
      for (const line of store.coast) {
        const xs = line.filter((_, i) => i % 2 === 0).map((x) => x / 10 + turn);
        const ys = line.filter((_, i) => i % 2 === 1).map((y) => y / 10);
        if (Math.max(...xs) <= west || Math.min(...xs) >= east || Math.max(...ys) <= south || Math.min(...ys) >= north) continue;
        xs.forEach((x, i) => rows.push({ p, i, x, y: ys[i] }));
        p += 1;
      }
    }
    return rows;
  }

  function panelSize(kind, [count, across, up, tall, many], wide) {
    const columns = count < 2 || wide < 520 || (kind === "portrait" && many > 8) ? 1 : 2;
    const axis = kind === "section" || kind === "composite" ? 70 : 50;
    let width = Math.max(150, Math.floor((wide - 26 - axis * columns - 18 * (columns - 1)) / columns));
    let height = width;
    if (kind === "map" || kind === "tracks") height = Math.floor(width * Math.min(Math.max(up / across, 0.35), 1));
    else if (kind === "section") height = Math.floor(width * 0.62);
    else if (kind === "portrait") [width, height] = [Math.min(Math.max(150, width - 90), 64 * many), 26 * tall];
    else if (kind === "taylor") {
      width = Math.min(width, across > up ? 560 : 380);
      height = Math.floor((width * up) / across);
    } else height = width = Math.min(width, 300);
    return { $width: width, $height: height, $columns: columns, $radius: Math.floor(width / 2), $bar: Math.min(300, width) };
  }

  function sphereChart(figure, width) {
    const scheme = dark.matches ? "dark" : "light";
    const rows = { tracks: trackRows, taylor: taylorRows }[figure.k] ?? gridRows;
    return fill(store.templates[figure.t], {
      ...figure.v, ...store.theme[scheme], ...figure.s[scheme], ...panelSize(figure.k, figure.shape, width), $rows: rows(figure),
      $coast: figure.k === "map" || figure.k === "tracks" ? coastRows(figure.v.$x_domain, figure.v.$y_domain) : [],
    });
  }

  function rowsOf(figure) {
    const out = [];
    if (figure.k === "raster") {
      for (const [label, role, wide, low, high, at] of figure.images) {
        const grey = store.arrays[at];
        const tall = wide ? grey.length / wide : 0;
        const [x0, x1, y0, y1] = figure.extent ?? [0, wide, 0, tall];
        const dx = (x1 - x0) / Math.max(wide, 1);
        const dy = (y1 - y0) / Math.max(tall, 1);
        grey.forEach((g, k) => {
          if (g === null) return;
          const i = k % wide;
          const j = Math.floor(k / wide);
          out.push({ s: label, r: role, x: x0 + i * dx, X: x0 + (i + 1.12) * dx, y: y0 + j * dy, Y: y0 + (j + 1.12) * dy,
            v: low + (g / 255) * (high - low) });
        });
      }
      return out;
    }
    const logX = figure.log.includes("x");
    const logY = figure.log.includes("y");
    for (const [label, role, ...at] of figure.series) {
      const [xs, ys, lows, highs] = at.map((n) => (n === null ? null : store.arrays[n]));
      xs.forEach((x, i) => {
        if (!usable(x, logX) || !usable(ys[i], logY)) return;
        const row = { s: label, r: role, i, x, y: ys[i] };
        if (lows && highs && usable(lows[i], logY) && usable(highs[i], logY)) Object.assign(row, { lo: lows[i], hi: highs[i] });
        out.push(row);
      });
    }
    return out;
  }

  function chartOf(figure, width) {
    if (SPHERE.includes(figure.k)) return sphereChart(figure, width);
    const scheme = dark.matches ? "dark" : "light";
    const named = figure.k === "raster" ? figure.images : figure.series;
    const counts = {};
    const colours = named.map(([, role]) => {
      const tones = store.roles[scheme][role];
      counts[role] = (counts[role] ?? -1) + 1;
      return tones[counts[role] % tones.length];
    });
    const panels = Math.max(1, named.length);
    const sideBySide = figure.k === "points" || figure.k === "raster";
    const columns = Math.min(panels, 2);
    const aside = 70 + 14 * ([figure.v.$y_label].flat().length - 1); // numbers and lines of text beside the axis
    const inner = Math.max(120, sideBySide ? Math.floor((width - 70 - 20 * (columns - 1)) / columns) : width - aside);
    const height = sideBySide ? Math.min(inner, 280) : Math.round(Math.min(250, Math.max(190, inner * 0.68)));
    return fill(store.templates[figure.t], {
      ...figure.v, ...store.theme[scheme], $rows: rowsOf(figure), $colours: colours, $width: inner, $height: height, $columns: columns,
    });
  }

  async function draw(place, number) {
    const figure = store.figures[number];
    const several = figure.k === "points" && figure.series.length > 1;
    place.classList.toggle("broad", figure.k === "raster" || several || SPHERE.includes(figure.k));
    const spec = chartOf(figure, place.clientWidth);
    const result = await window.vegaEmbed(place, spec, {
      ast: true, renderer: onCanvas(figure.k) ? "canvas" : "svg", downloadFileName: figure.n,
      actions: { export: true, source: false, compiled: false, editor: false },
    });
    place.setAttribute("aria-label", [figure.v.$title].flat().join(" "));
    place.dataset.drawn = "yes";
    place.spec = spec; // for tests and for the curious
    return result;
  }

  function reserve(place, number) {
    const figure = store.figures[number];
    if (!SPHERE.includes(figure.k)) return;
    place.classList.add("broad");
    const { $height, $columns } = panelSize(figure.k, figure.shape, dialog.clientWidth - 56);
    const apart = /:\d+d/.test(figure.t) ? 1 : 0;
    const tiers = Math.ceil((figure.shape[0] - apart) / $columns) + apart;
    place.style.minHeight = `${60 + tiers * ($height + 70)}px`;
  }

  async function drawInSight(places) {
    const numbers = new Map(places);
    places.forEach(([place, number]) => reserve(place, number));
    await loadVega();
    let queue = Promise.resolve();
    const mine = new IntersectionObserver((entries) => {
      for (const { target } of entries.filter((e) => e.isIntersecting)) {
        mine.unobserve(target);
        queue = queue.then(async () => {
          if (!target.isConnected) return;
          const view = await draw(target, numbers.get(target));
          target.style.minHeight = "";
          if (target.isConnected) views.push(view);
          else view.finalize();
        });
      }
    }, { root: dialog, rootMargin: "700px 0px" });
    if (!places.every(([place]) => place.isConnected)) return;
    watcher = mine;
    places.forEach(([place]) => mine.observe(place));
  }

  // ---------------------------------------------------------------- the drawer

  const el = (tag, props = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    node.append(...children.filter((c) => c !== null));
    return node;
  };

  const lines = ([first, ...rest]) => [first, ...rest.filter(Boolean).map((line) => el("small", {}, line))];

  function measureTable(rows) {
    const body = el("tbody");
    for (const row of rows) {
      const remark = row.at(-1);
      const cells = row.slice(0, -1).map((cell, i) => (i === 0 ? el("th", { scope: "row" }, ...lines(cell)) : el("td", {}, ...lines(cell))));
      body.append(el("tr", remark ? { class: "told" } : {}, ...cells));
      if (remark) body.append(el("tr", { class: "remark" }, el("td", { colspan: String(cells.length) }, remark)));
    }
    const head = el("thead", {}, el("tr", {}, ...store.head.map((h) => el("th", { scope: "col" }, h))));
    const table = el("table", { class: "measures" }, el("caption", { class: "sr" }, "every measure in this cell"), head, body);
    return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "measures, scrolls sideways" }, table);
  }

  function neighbours(cell) {
    const same = store.cells.map((c, i) => i).filter((i) => store.cells[i].world === cell.world && store.cells[i].trial === cell.trial);
    const drawn = same.filter((i) => document.querySelector(`button[data-cell="${i}"]`));
    const order = drawn.length ? drawn : same;
    const position = (i) => [...document.querySelectorAll("button[data-cell]")].findIndex((b) => b.dataset.cell === String(i));
    return order.sort((a, b) => position(a) - position(b));
  }

  function clearCharts() {
    watcher?.disconnect();
    watcher = null;
    views.forEach((v) => v.finalize());
    views = [];
  }

  async function show(number, seed = 0) {
    await load();
    const cell = store.cells[number];
    const chosen = cell.seeds[seed];
    clearCharts();
    shown = { ...(shown ?? {}), number, seed };
    const order = neighbours(cell);
    const at = order.indexOf(number);
    const step = (by) => show(order[(at + by + order.length) % order.length], 0);
    const tools = el("div", { class: "d-tools" },
      el("button", { type: "button", "aria-label": "previous learner in this cell", title: "previous learner", onclick: () => step(-1) }, "‹"),
      el("button", { type: "button", "aria-label": "next learner in this cell", title: "next learner", onclick: () => step(1) }, "›"),
      el("button", { type: "button", "aria-label": "close", title: "close (Esc)", autofocus: "", onclick: () => dialog.close() }, "✕"));
    const head = el("div", { class: "d-head" },
      el("div", {}, el("p", {}, `${cell.trial} on ${cell.world} (rung ${cell.rung})${cell.question ? `: ${cell.question}` : ""}`),
        el("h2", { id: "drawer-title" }, cell.learner)), tools);
    const body = el("div", { class: "d-body" });
    if (cell.seeds.length > 1) {
      body.append(el("div", { class: "seeds" }, "seed",
        ...cell.seeds.map((s, i) => el("button", { type: "button", "aria-pressed": String(i === seed), onclick: () => show(number, i) }, String(s.seed)))));
    }
    if (chosen.outcome) body.append(el("p", { class: "outcome" }, chosen.outcome));
    if (chosen.rows.length) body.append(measureTable(chosen.rows));
    const limits = store.worlds[cell.world]?.limits ?? [];
    if (limits.length) {
      body.append(el("aside", { class: "limits" }, el("h3", {}, `What ${cell.world} cannot tell`), el("ul", {}, ...limits.map((l) => el("li", {}, l)))));
    }
    const places = chosen.figures.map((n) => [el("figure", { class: "fig", role: "img" }), n]);
    if (places.length) body.append(el("div", { class: "figs" }, ...places.map(([p]) => p)));
    else body.append(el("p", { class: "lead" }, chosen.rows.length ? "This cell has no figures." : "Nothing was measured."));
    body.append(el("p", { class: "foot" }, `★ headline measure, shown in the ladder. Case ${chosen.id}.`));
    dialog.replaceChildren(head, body);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    history.replaceState(null, "", `#cell-${number}`);
    await drawInSight(places);
  }

  dialog.addEventListener("close", () => {
    clearCharts();
    const opener = shown ? document.querySelector(`button[data-cell="${shown.number}"]`) : null;
    shown = null;
    dialog.replaceChildren();
    history.replaceState(null, "", location.pathname + location.search);
    opener?.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: 0, ArrowRight: 1 }[event.key];
    if (by !== undefined && !event.target.closest(".wide")) dialog.querySelectorAll(".d-tools button")[by].click();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-cell]");
    if (button) show(Number(button.dataset.cell));
  });
  dark.addEventListener("change", () => {
    if (shown) show(shown.number, shown.seed);
  });

  // ---------------------------------------------------------------- the interval on hover and focus

  function showTip(target) {
    tip.textContent = target.dataset.tip;
    tip.hidden = false;
    const box = target.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), document.documentElement.clientWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${(above > 4 ? above : box.bottom + 8) + window.scrollY}px`;
  }
  const hideTip = () => { tip.hidden = true; };
  for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(enter, (event) => {
      const target = event.target.closest?.("[data-tip]");
      if (target) showTip(target);
    });
    document.addEventListener(leave, hideTip);
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

  // ---------------------------------------------------------------- figures on the page itself, and links to a cell

  const placed = [...document.querySelectorAll("figure[data-figure]")];
  if (placed.length) {
    const seen = new IntersectionObserver(async (entries) => {
      for (const entry of entries.filter((e) => e.isIntersecting)) {
        seen.unobserve(entry.target);
        await load();
        await loadVega();
        await draw(entry.target, Number(entry.target.dataset.figure));
      }
    });
    placed.forEach((p) => seen.observe(p));
  }
  const linked = /^#cell-(\d+)$/.exec(location.hash);
  if (linked) load().then(() => { if (store.cells[linked[1]]) show(Number(linked[1])); });
})();
