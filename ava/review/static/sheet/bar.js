"use strict";
// Sections, filters, order, size, counts, and where decisions go out and come in.
(() => {
  const { el, view, decisions, data } = ava;
  const { state } = view;
  const app = document.getElementById("app"), below = document.getElementById("below");
  const ON = "ava.next_after";
  const nothing = el("p", { cls: "note", hidden: true, text: "No frame fits these filters." });
  const holder = el("div", { cls: "holder" }, ava.grid.element, nothing);
  const tabs = el("nav", { cls: "sections", "aria-label": "Sections" });
  const chips = el("div", { cls: "chips", role: "group", "aria-label": "In this section" });
  const filters = el("div", { cls: "filters", role: "group", "aria-label": "Filters and order" });
  const counts = el("p", { cls: "counts" });
  const sum = el("span", { cls: "sum" });
  const title = el("h2", { cls: "heading" });

  const number = (one) => (one.name === "canvases" ? data.canvases.length : ava.frames.filter(one.of).length);
  const buttons = view.SECTIONS.map((one) => {
    const tab = ava.button(one.label, () => view.set({ section: one.name, value: "", sort: "", down: "" }));
    tab.append(el("small", { text: number(one) }));
    tab.dataset.section = one.name;
    return tab;
  });
  tabs.append(...buttons);

  const people = [...new Set(ava.frames.flatMap((one) => one.people))];
  const scales = [...new Set(ava.frames.map((one) => one.scale).filter(Boolean))];
  const query = el("input", { type: "search", oninput: () => view.set({ q: query.value }) });
  const orders = [["", "As in section"], ["rank", "Rank"], ["time", "Time"], ["utility", "Utility"], ["stars", "Stars"], ["decision", "Decision"], ...data.columns.map((one) => [one.name, one.label])];
  const lists = {
    decision: ava.select("Decision", [["", "Any"], ["none", "Undecided"], ["keep", "Keep"], ["maybe", "Maybe"], ["reject", "Reject"]], state.decision, (value) => view.set({ decision: value })),
    stars: ava.select("Stars", [["", "Any"], ...[1, 2, 3, 4, 5].map((one) => [String(one), `${one} or more`])], state.stars, (value) => view.set({ stars: value })),
    who: ava.select("Character", [["", "Anyone"], ...people.map((one) => [one, one])], state.who, (value) => view.set({ who: value })),
    scale: ava.select("Scale", [["", "Any"], ...scales.map((one) => [one, one])], state.scale, (value) => view.set({ scale: value })),
    sort: ava.select("Sort by", orders, state.sort, (value) => view.set({ sort: value })),
    size: ava.select("Size", [["s", "Small"], ["m", "Medium"], ["l", "Large"]], state.size, (value) => view.set({ size: value })),
  };
  const turn = ava.button("⇅", () => view.set({ down: state.down ? "" : "1" }), { cls: "icon", "aria-label": "Turn the order round" });
  filters.append(el("label", { cls: "field search" }, el("span", { text: "Search" }), query), ...Object.values(lists).slice(0, 5), turn, lists.size);

  const name = el("input", { type: "text", value: decisions.reviewer(), autocomplete: "name", maxlength: 60, placeholder: "your name", onchange: () => decisions.rename(name.value.trim()) });
  const file = el("input", { type: "file", accept: ".json,.csv,application/json,text/csv", hidden: true, "aria-label": "Decisions to read, as JSON or CSV", onchange: async () => {
    if (file.files[0]) await ava.files.read(file.files[0]);
    file.value = "";
  } });
  const next = el("input", { type: "checkbox", id: "next-after", onchange: () => ava.remember(ON, next.checked ? "yes" : "no") });
  next.checked = ava.remembered(ON) !== "no";
  // On a narrow screen frames come first: filters and files are behind a button there.
  const drawer = ava.button("Filters and files", () => drawer.setAttribute("aria-expanded", String(bar.classList.toggle("opened"))), { cls: "drawer", "aria-expanded": "false" });
  const desk = el("div", { cls: "desk" },
    counts, drawer,
    el("label", { cls: "field" }, el("span", { text: "Reviewer" }), name),
    el("label", { cls: "check" }, next, "Next after a decision"),
    ava.button("Export decisions", ava.files.exportJson),
    ava.button("CSV", ava.files.exportCsv, { "aria-label": "Export decisions as CSV" }),
    ava.button("Import", () => file.click(), { "aria-label": "Import decisions" }), file,
    ava.button("Compare", () => ava.compare.open(), { cls: "compare-button", "aria-keyshortcuts": "c" }),
    ava.button("?", () => ava.help.open(), { cls: "icon", "aria-label": "Help on keys", "aria-keyshortcuts": "?" }));
  const status = el("p", { id: "status", role: "status", "aria-live": "polite" });

  const bar = el("div", { cls: "bar" }, tabs, filters, desk, status);

  app.append(bar, chips, el("div", { cls: "above" }, title, sum), holder);
  app.hidden = false;

  const count = () => {
    if (document.activeElement !== name) name.value = decisions.reviewer();
    const one = decisions.counts();
    counts.replaceChildren(...["keep", "maybe", "reject"].map((verdict) => el("span", { cls: `count ${verdict}` }, el("b", { text: one[verdict] }), ` ${{ keep: "kept", maybe: "maybe", reject: "rejected" }[verdict]}`)));
  };

  const draw = () => {
    for (const tab of buttons) {
      if (tab.dataset.section === view.section().name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    for (const [key, field] of Object.entries(lists)) field.querySelector("select").value = state[key];
    if (query.value !== state.q) query.value = state.q;
    turn.setAttribute("aria-pressed", String(Boolean(state.down)));
    const values = view.values();
    chips.hidden = values.length === 0;
    chips.replaceChildren(...[["", number(view.section())], ...values].map(([value, many]) => {
      const chip = ava.button(value ? value.replaceAll("_", " ") : "All", () => view.set({ value }), { "aria-pressed": String(state.value === value) });
      chip.append(el("small", { text: many }));
      return chip;
    }));
    const inCanvases = state.section === "canvases";
    title.textContent = view.section().label;
    const many = view.shown().length;
    sum.textContent = inCanvases ? "" : `${many} frame${many === 1 ? "" : "s"}`;
    below.hidden = !["best", "watch", "dropped"].includes(state.section);
    for (const part of below.children) {
      const of = part.getAttribute("aria-labelledby");
      part.hidden = state.section === "watch" ? of !== "watch-outs" : state.section === "dropped" ? of !== "dropped" : false;
    }
    if (inCanvases) holder.replaceChildren(ava.canvasView());
    else {
      if (holder.firstChild !== ava.grid.element) holder.replaceChildren(ava.grid.element, nothing);
      nothing.hidden = many > 0;
      ava.grid.measure();
      ava.grid.refill();
    }
    count();
  };

  ava.nextAfter = () => next.checked;
  ava.setName = (given) => {
    name.value = given;
    name.readOnly = true;
  };
  ava.drawBar = draw;
  ava.on("view", draw);
  ava.on("decided", count);
})();
