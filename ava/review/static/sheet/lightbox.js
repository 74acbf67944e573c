"use strict";
// One frame as large as the window, with everything that is known of it.
(() => {
  const { el, view, decisions, data } = ava;
  const ON = "ava.overlays";
  const look = { scale: 1, x: 0, y: 0 };
  const drawn = new Set((ava.remembered(ON) ?? "").split(" ").filter((name) => name in ava.OVERLAYS));
  const box = el("dialog", { cls: "lightbox", "aria-label": "Frame in full" });
  const percent = el("span", { cls: "percent" });
  let stage = null, side = null, frame = null;
  document.body.append(box);

  const paint = () => {
    stage.draw();
    percent.textContent = `${stage.percent()} %`;
  };
  const overlay = () => {
    stage.layer.querySelector(".overlays")?.remove();
    stage.layer.append(ava.overlay(frame, drawn));
  };
  const toggle = (name) => {
    if (!drawn.delete(name)) drawn.add(name);
    ava.remember(ON, [...drawn].join(" "));
    for (const one of box.querySelectorAll("[data-overlay]")) one.setAttribute("aria-pressed", String(drawn.has(one.dataset.overlay)));
    overlay();
  };

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(frame.label);
      ava.lightbox.say(`${frame.label} copied.`);
    } catch {
      ava.lightbox.say(`Copying is not allowed here; the timecode is ${frame.label}.`);
    }
  };

  const verdicts = () => {
    const mine = decisions.mine(frame.frame_id);
    const verdict = (name, label, key) => ava.button(label, () => ava.act.verdict(name), { cls: `verdict ${name}`, "aria-pressed": String(mine.verdict === name), "aria-keyshortcuts": key });
    const stars = [1, 2, 3, 4, 5].map((many) => ava.button(many <= (mine.stars ?? 0) ? "★" : "☆", () => ava.act.stars(many), { cls: "star", "aria-label": `${many} star${many > 1 ? "s" : ""}`, "aria-pressed": String(mine.stars === many) }));
    const others = decisions.others(frame.frame_id).map((one) => el("li", { text: `${one.by || "Somebody"}: ${[one.verdict, one.stars ? `${one.stars} stars` : "", one.note].filter(Boolean).join(", ")}` }));
    return [
      el("div", { cls: "verdicts" }, verdict("keep", "Keep", "k"), verdict("maybe", "Maybe", "m"), verdict("reject", "Reject", "x")),
      el("div", { cls: "rate", role: "group", "aria-label": "Stars" }, stars, ava.button(mine.note ? "Edit note" : "Note", () => ava.note.open(frame.frame_id), { cls: "quiet" })),
      mine.note ? el("p", { cls: "own-note", text: mine.note }) : null,
      others.length ? el("ul", { cls: "others" }, others) : null,
    ];
  };

  const neighbours = () => {
    const inTime = ava.frames;
    const at = inTime.indexOf(frame);
    const near = inTime.slice(Math.max(0, at - 3), at + 4);
    return el("ul", { cls: "neighbours" }, near.map((one) =>
      el("li", {}, el("button", { type: "button", "aria-current": one === frame ? "true" : null, "aria-label": `${one.label}, ${one.alt}${one.shot === frame.shot ? ", same shot" : ""}`, onclick: () => show(one.frame_id) }, ava.thumb(one), el("small", { text: one.shot === frame.shot ? "same shot" : `shot ${one.shot}` })))));
  };

  const open = (id) => {
    show(id);
    if (!box.open) box.showModal();
    paint();
    box.querySelector(".close").focus();
  };

  const show = (id) => {
    frame = ava.frame(id);
    Object.assign(look, { scale: 1, x: 0, y: 0 });
    view.state.at = view.state.open = String(id);
    view.write();
    ava.emit("picked", {});
    stage = ava.stage(frame, look, () => paint());
    const focused = box.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    const toggles = Object.entries(ava.OVERLAYS).map(([name, one]) => ava.button(one.label, () => toggle(name), { "data-overlay": name, "aria-pressed": String(drawn.has(name)), "aria-keyshortcuts": one.key }));
    const top = el("div", { cls: "tools", role: "toolbar", "aria-label": "Picture" },
      ava.button("‹", () => step(-1), { cls: "icon", "aria-label": "Previous frame" }), ava.button("›", () => step(1), { cls: "icon", "aria-label": "Next frame" }),
      toggles, ava.button("Fit / 100 %", () => stage.full(), { "aria-keyshortcuts": "v" }), percent,
      ava.button("Close", close, { cls: "close" }));
    const still = frame.still || frame.picture;
    side = el("aside", { "aria-label": "About this frame" },
      el("h2", {}, frame.rank ? `${frame.rank} · ` : "", el("span", { cls: "timecode", text: frame.label })),
      el("p", { cls: "note", text: [frame.alt, frame.space, `shot ${frame.shot}`].filter(Boolean).join(" · ") }),
      el("div", { cls: "decide" }, verdicts()),
      el("p", { cls: "said", role: "status" }),
      el("p", { cls: "links" }, ava.button("Copy timecode", copy), el("a", { href: ava.url(still), target: "_blank", rel: "noopener", text: frame.still ? "Open still" : "Open picture" }), ava.button(ava.pins().includes(frame.frame_id) ? "Unpin" : "Pin", () => ava.act.pin(), { cls: "pin-button" })),
      frame.gate ? el("p", { cls: "watch", text: `Dropped: ${data.dropped.find((one) => one.gate === frame.gate)?.about ?? frame.gate}` }) : null,
      frame.watch_outs.length ? el("ul", { cls: "watch" }, frame.watch_outs.map((text) => el("li", { text }))) : null,
      frame.reasons.length ? el("ul", { cls: "reasons" }, frame.reasons.map((text) => el("li", { text }))) : null,
      ava.swatches(frame),
      el("h3", { text: "Before and after" }), neighbours(),
      el("h3", { text: frame.utility_percent === null ? "All numbers" : `All numbers (${frame.utility_percent} of 100 points)` }),
      ava.numbers(frame), ava.provenance(frame));
    side.tabIndex = 0;
    box.replaceChildren(el("div", { cls: "main" }, top, stage.element), side);
    overlay();
    if (box.open) {
      paint();
      (focused && [...box.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === focused) || box.querySelector(".close")).focus();
    }
  };

  const step = (by) => {
    const next = view.step(by, {});
    if (next) show(next.frame_id);
  };
  const close = () => box.close();
  box.addEventListener("close", () => {
    view.state.open = "";
    view.write();
    ava.grid.reveal(true);
  });
  addEventListener("resize", () => box.open && paint());
  ava.on("decided", () => {
    if (box.open) side.querySelector(".decide").replaceChildren(...verdicts().filter(Boolean));
  });
  ava.on("pinned", () => {
    const button = box.open && side.querySelector(".pin-button");
    if (button) button.textContent = ava.pins().includes(frame.frame_id) ? "Unpin" : "Pin";
  });

  ava.lightbox = {
    open, close, step, toggle,
    isOpen: () => box.open,
    full: () => stage.full(),
    zoom: (by) => stage.move({ scale: look.scale * by }),
    pan: (x, y) => stage.move({ x: look.x + x / look.scale, y: look.y + y / look.scale }),
    zoomed: () => look.scale > 1.001,
    say: (text) => (side.querySelector(".said").textContent = text),
  };
})();
