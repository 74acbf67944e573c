"use strict";
// The grid: only the rows that can be seen are in the page.
(() => {
  const { el, view, decisions } = ava;
  const GAP = 16, AROUND = 2;
  const SIZES = { s: { width: 168, text: 30 }, m: { width: 264, text: 62 }, l: { width: 420, text: 112 } };
  const MARKS = { keep: "Keep", maybe: "Maybe", reject: "Reject" };
  const list = el("ul", { cls: "grid", "aria-label": "Frames" });
  const cells = new Map();
  let across = 1, tall = 0, tallPicture = 0;
  const aspects = ava.frames.map(ava.aspect).sort((one, other) => one - other);
  const aspect = Math.max(1.2, aspects[Math.floor(aspects.length / 2)] ?? 1.78);

  const said = (frame) => {
    const mine = decisions.mine(frame.frame_id);
    const parts = [frame.rank ? `Candidate ${frame.rank}` : "Frame", frame.label, frame.alt];
    if (frame.gate) parts.push(`dropped: ${frame.gate.replaceAll("_", " ")}`);
    if (mine.verdict) parts.push(MARKS[mine.verdict]);
    if (mine.stars) parts.push(`${mine.stars} stars`);
    if (mine.note) parts.push(`note: ${mine.note}`);
    return parts.join(", ");
  };

  ava.swatches = (frame) => el("span", { cls: "palette", "aria-hidden": "true" }, frame.palette.map(([color, share]) => el("span", { style: { background: color, "flex-grow": share } })));

  const fill = (cell, frame) => {
    const mine = decisions.mine(frame.frame_id), others = decisions.others(frame.frame_id);
    const card = cell.firstChild;
    card.dataset.verdict = mine.verdict ?? "";
    card.setAttribute("aria-label", said(frame));
    const pinned = ava.pins().includes(frame.frame_id);
    card.lastChild.replaceChildren(
      el("span", { cls: "line" },
        frame.rank ? el("strong", { cls: "rank", text: frame.rank }) : null,
        el("span", { cls: "timecode", text: frame.label }),
        mine.stars ? el("span", { cls: "stars", text: "★".repeat(mine.stars) }) : null,
        frame.utility_percent === null ? null : el("span", { cls: "utility", text: frame.utility_percent })),
      ava.swatches(frame),
      el("span", { cls: "about", text: mine.note ? `“${mine.note}”` : frame.watch_outs[0] ?? frame.reasons[0] ?? (frame.gate ? `Dropped: ${frame.gate.replaceAll("_", " ")}` : frame.alt) }),
    );
    card.querySelector(".tags").replaceChildren(
      ...(mine.verdict ? [el("span", { cls: `tag ${mine.verdict}`, text: MARKS[mine.verdict] })] : []),
      ...(pinned ? [el("span", { cls: "tag", text: "Pinned" })] : []),
      ...others.map((one) => el("span", { cls: `tag other ${one.verdict ?? ""}`, text: `${one.by || "somebody"}: ${one.verdict ?? `${one.stars ?? ""}★`}` })));
  };

  const make = (frame) => {
    const card = el("button", { type: "button", cls: "card", "data-id": frame.frame_id },
      el("span", { cls: "shown" }, ava.thumb(frame), el("span", { cls: "tags" })), el("span", { cls: "caption" }));
    card.addEventListener("click", () => {
      const again = Number(view.state.at) === frame.frame_id && card.dataset.chosen === "yes";
      view.pick(frame.frame_id);
      card.dataset.chosen = "yes";
      if (again) ava.lightbox.open(frame.frame_id);
    });
    const cell = el("li", {}, card);
    fill(cell, frame);
    return cell;
  };

  const draw = () => {
    if (!list.isConnected) return;
    const shown = view.shown();
    const top = -list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / tall) - AROUND) * across;
    const end = (Math.ceil((top + innerHeight) / tall) + AROUND) * across;
    const at = shown.findIndex((one) => one.frame_id === Number(view.state.at));
    const wanted = new Set();
    shown.forEach((frame, index) => {
      if ((index < first || index >= end) && index !== at) return;
      wanted.add(frame.frame_id);
      let cell = cells.get(frame.frame_id);
      if (!cell) {
        cell = make(frame);
        cells.set(frame.frame_id, cell);
      }
      const column = index % across, row = Math.floor(index / across);
      cell.style.transform = `translate(calc(${column} * (var(--wide) + ${GAP}px)), ${row * tall}px)`;
      cell.setAttribute("aria-posinset", index + 1);
      cell.setAttribute("aria-setsize", shown.length);
      cell.dataset.index = index;
      cell.firstChild.tabIndex = index === at ? 0 : -1;
      if (index === at) cell.firstChild.setAttribute("aria-current", "true");
      else cell.firstChild.removeAttribute("aria-current");
    });
    for (const [id, cell] of cells)
      if (!wanted.has(id)) {
        cell.remove();
        cells.delete(id);
      }
    const ordered = [...cells.values()].sort((one, other) => one.dataset.index - other.dataset.index);
    ordered.forEach((cell, index) => {
      if (list.children[index] !== cell) list.insertBefore(cell, list.children[index] ?? null);
    });
  };

  const measure = () => {
    const size = SIZES[view.state.size] ?? SIZES.m;
    const width = list.clientWidth;
    if (!width) return;
    across = Math.max(1, Math.floor((width + GAP) / (size.width + GAP)));
    const wide = (width - GAP * (across - 1)) / across;
    tallPicture = Math.round(wide / aspect);
    tall = tallPicture + size.text + GAP;
    list.style.setProperty("--wide", `${wide}px`);
    list.style.setProperty("--tall", `${tallPicture}px`);
    list.dataset.size = view.state.size;
    list.style.height = `${Math.ceil(view.shown().length / across) * tall}px`;
    draw();
  };

  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };

  const reveal = (focus) => {
    const at = view.shown().findIndex((one) => one.frame_id === Number(view.state.at));
    if (at < 0 || !list.isConnected) return;
    const box = list.getBoundingClientRect(), head = document.querySelector(".bar")?.getBoundingClientRect().bottom ?? 0;
    const y = box.top + Math.floor(at / across) * tall;
    if (y < head) scrollBy(0, y - head - GAP);
    else if (y + tall > innerHeight) scrollBy(0, y + tall - innerHeight);
    draw();
    if (focus) cells.get(Number(view.state.at))?.firstChild.focus({ preventScroll: true });
  };

  ava.grid = {
    element: list, measure, reveal, draw,
    across: () => across,
    refill() {
      for (const [id, cell] of cells) fill(cell, ava.frame(id));
    },
  };
  addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(measure).observe(list);
  ava.on("picked", (why) => (why.focus ? reveal(true) : draw()));
  ava.on("decided", () => ava.grid.refill());
})();
