"use strict";
// The keyboard, the note, and help.
(() => {
  const { el, view, decisions } = ava;
  const KEYS = [
    ["← → ↑ ↓", "go through the frames; J and L are back and on"], ["K", "keep"], ["X", "reject"], ["M", "maybe"], ["1 to 5", "stars"], ["0", "clear what you decided"], ["N", "write a note"], ["Z", "undo"],
    ["Enter", "look closer; Esc goes back"], ["V", "in a large view: whole picture or 100 %"], ["+ −", "zoom; Shift and arrows move the picture"],
    ["G F A T R", "draw thirds, faces, attention, title space, crops"], ["P", "pin for comparing, up to four"], ["C", "compare what is pinned"], ["/", "search"], ["?", "this help"],
  ];

  const words = el("textarea", { rows: 4, id: "note-text" });
  const note = el("dialog", { cls: "small", "aria-labelledby": "note-label" });
  let noted = null;
  const saveNote = () => {
    if (words.value.trim() !== decisions.mine(noted).note) decisions.decide(noted, { note: words.value.trim() });
    note.close();
  };
  note.append(el("label", { id: "note-label", for: "note-text", text: "Note" }), words,
    el("p", { cls: "links" }, ava.button("Save", saveNote, { cls: "first" }), ava.button("Cancel", () => note.close())));
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      saveNote();
    }
  });
  const help = el("dialog", { cls: "small", "aria-labelledby": "help-heading" },
    el("h2", { id: "help-heading", text: "Keys" }),
    el("dl", { cls: "keys" }, KEYS.flatMap(([key, text]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text })])),
    el("p", { cls: "note", text: "Decisions stay in this browser. Export gives a decisions.json for the team and for ava; the address of the page holds what you look at." }),
    ava.button("Close", () => help.close(), { cls: "first" }));
  document.body.append(note, help);
  ava.note = { open(id) {
    noted = id;
    words.value = decisions.mine(id).note;
    note.showModal();
    words.focus();
  } };
  ava.help = { open: () => help.showModal() };
  note.addEventListener("close", () => ava.lightbox.isOpen() || ava.grid.reveal(true));

  const SAID = { keep: "Kept", maybe: "Maybe", reject: "Rejected" };
  const current = () => view.current()?.frame_id;
  const onwards = () => {
    if (!ava.nextAfter()) return;
    if (ava.lightbox.isOpen()) ava.lightbox.step(1);
    else if (view.state.section !== "canvases") view.step(1, { focus: true });
  };
  ava.act = {
    verdict(name) {
      const id = current();
      if (id === undefined) return;
      decisions.decide(id, { verdict: name });
      ava.say(`${SAID[name]}: ${ava.frame(id).label}`);
      onwards();
    },
    stars(many) {
      const id = current();
      if (id === undefined) return;
      decisions.decide(id, { stars: many });
      ava.say(`${many} stars: ${ava.frame(id).label}`);
    },
    clear() {
      const id = current();
      if (id === undefined || !decisions.decided(id)) return;
      decisions.clear(id);
      ava.say(`Cleared: ${ava.frame(id).label}`);
    },
    undo() {
      const id = decisions.undo();
      if (id === null) return ava.say("There is nothing to undo.");
      if (ava.lightbox.isOpen()) ava.lightbox.open(id);
      else if (view.state.section !== "canvases") view.pick(id, { focus: true });
      return ava.say(`Undone: ${ava.frame(id).label}`);
    },
    pin() {
      const id = current();
      if (id !== undefined) ava.compare.toggle(id);
    },
  };

  const large = (event, key) => {
    const many = ava.compare.isOpen() ? ava.compare : ava.lightbox;
    const pans = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
    if (event.shiftKey && pans[key]) return many.pan(...pans[key]), true;
    if (key === "v") return many.full(), true;
    if (key === "+" || key === "=") return many.zoom(1.4), true;
    if (key === "-") return many.zoom(1 / 1.4), true;
    if (many === ava.compare) {
      if (key === "c") many.close();
      return key !== " " && (key.length === 1 || key.startsWith("Arrow")); // nothing behind it is decided
    }
    const overlay = Object.entries(ava.OVERLAYS).find(([, one]) => one.key === key);
    if (overlay) return ava.lightbox.toggle(overlay[0]), true;
    const by = { ArrowLeft: -1, ArrowUp: -1, j: -1, ArrowRight: 1, ArrowDown: 1, l: 1 }[key];
    if (by) return ava.lightbox.step(by), true;
    return false;
  };

  const inGrid = (key) => {
    const across = ava.grid.across();
    const by = { ArrowLeft: -1, j: -1, ArrowRight: 1, l: 1, ArrowUp: -across, ArrowDown: across, Home: -1e6, End: 1e6 }[key];
    if (by) return view.step(by, { focus: true }), true;
    if (key === "Enter" && current() !== undefined) return ava.lightbox.open(current()), true;
    return false;
  };

  const everywhere = (key) => {
    const verdict = { k: "keep", x: "reject", m: "maybe" }[key];
    if (verdict) ava.act.verdict(verdict);
    else if (/^[1-5]$/.test(key)) ava.act.stars(Number(key));
    else if (key === "0") ava.act.clear();
    else if (key === "z") ava.act.undo();
    else if (key === "n" && current() !== undefined) ava.note.open(current());
    else if (key === "p") ava.act.pin();
    else if (key === "c") ava.compare.open();
    else if (key === "?") ava.help.open();
    else if (key === "/" && !ava.lightbox.isOpen()) document.querySelector(".search input").focus();
    else return false;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const on = event.target, key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (on.matches("input:not([type=checkbox]), textarea, select")) {
      if (key === "Escape" && on.type === "search") ava.grid.reveal(true);
      return;
    }
    if (note.open || help.open) return;
    const inLarge = ava.compare.isOpen() || ava.lightbox.isOpen();
    const outside = on !== document.body && on.id !== "app" && !on.closest(".grid");
    const arrow = key.startsWith("Arrow") || ["Enter", "Home", "End"].includes(key);
    const inSide = inLarge && arrow && !event.shiftKey && on.closest("aside, .neighbours");
    if (inSide) return;
    let done = inLarge ? large(event, key) : false;
    if (!done && !inLarge && view.state.section !== "canvases" && !(arrow && outside)) done = inGrid(key);
    if (!done) done = everywhere(key);
    if (done) event.preventDefault();
  });

  ava.drawBar();
  if (view.state.open && ava.frame(view.state.open)) ava.lightbox.open(Number(view.state.open));
})();
