"use strict";
// Up to four frames side by side that zoom and pan together.
(() => {
  const { el, view, decisions } = ava;
  const MOST = 4;
  const look = { scale: 1, x: 0, y: 0 };
  const box = el("dialog", { cls: "compare", "aria-label": "Compare frames" });
  let stages = [];
  document.body.append(box);

  const pins = () => view.state.pins.split("-").filter(Boolean).map(Number).filter((id) => ava.frame(id));
  ava.pins = pins;
  const setPins = (ids) => {
    view.state.pins = ids.join("-");
    view.write();
    ava.grid.refill();
    ava.emit("pinned");
  };
  const paint = () => stages.forEach((one) => one.draw());

  const draw = () => {
    const frames = pins().map(ava.frame);
    stages = frames.map((frame) => ava.stage(frame, look, paint));
    const panels = frames.map((frame, at) => {
      const mine = decisions.mine(frame.frame_id);
      return el("figure", {}, stages[at].element,
        el("figcaption", {},
          el("span", {}, frame.rank ? el("strong", { text: `${frame.rank} ` }) : null, el("span", { cls: "timecode", text: frame.label }), mine.stars ? ` ${"★".repeat(mine.stars)}` : ""),
          ...["keep", "maybe", "reject"].map((verdict) => ava.button(verdict[0].toUpperCase() + verdict.slice(1), () => decisions.decide(frame.frame_id, { verdict: mine.verdict === verdict ? null : verdict }), { cls: `verdict ${verdict}`, "aria-pressed": String(mine.verdict === verdict), "aria-label": `${verdict} ${frame.label}` })),
          ava.button("Unpin", () => {
            setPins(pins().filter((id) => id !== frame.frame_id));
            if (pins().length) draw();
            else box.close();
          }, { "aria-label": `Unpin ${frame.label}` })));
    });
    box.replaceChildren(
      el("div", { cls: "tools", role: "toolbar", "aria-label": "Compare" }, el("h2", { text: `Compare ${frames.length}` }),
        ava.button("−", () => ava.compare.zoom(1 / 1.4), { cls: "icon", "aria-label": "Zoom out" }), ava.button("+", () => ava.compare.zoom(1.4), { cls: "icon", "aria-label": "Zoom in" }),
        ava.button("Fit / 100 %", () => stages[0].full(), { "aria-keyshortcuts": "v" }), ava.button("Close", () => box.close(), { cls: "close" })),
      el("div", { cls: "panels", "data-many": frames.length }, panels));
    paint();
  };

  ava.compare = {
    isOpen: () => box.open,
    close: () => box.close(),
    open() {
      if (!pins().length) return ava.say("Pin up to four frames with P, then compare them.");
      Object.assign(look, { scale: 1, x: 0, y: 0 });
      if (!box.open) box.showModal();
      return draw();
    },
    toggle(id) {
      const now = pins();
      if (now.includes(id)) setPins(now.filter((one) => one !== id));
      else if (now.length < MOST) setPins([...now, id]);
      else return ava.say("Four frames are pinned; unpin one first.");
      return ava.say(`${pins().length} pinned. C compares them.`);
    },
    full: () => stages[0].full(),
    zoom: (by) => stages[0].move({ scale: look.scale * by }),
    pan: (x, y) => stages[0].move({ x: look.x + x / look.scale, y: look.y + y / look.scale }),
  };
  addEventListener("resize", () => box.open && paint());
  box.addEventListener("close", () => ava.grid.reveal(true));
  ava.on("decided", () => box.open && draw());
})();
