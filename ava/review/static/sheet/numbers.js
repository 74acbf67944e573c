"use strict";
// All numbers of a frame in their families, with sentence and standing; reasons; provenance.
(() => {
  const { el, data } = ava;
  const STANDS = { more: "better than", less: "better than", neither: "higher than" };

  const row = (column, at, frame, part) => {
    const value = frame.values[at];
    const percent = column.words.length || value === null ? null : part ? part[2] : ava.standing(at, value);
    const stands = part ? `${part[3]} than` : STANDS[column.better];
    return el("tr", {},
      el("th", { scope: "row" }, `${column.name.replaceAll("_", " ")}: `, el("span", { cls: "value", text: ava.spoken(column, value) }), el("small", { text: column.about })),
      el("td", {}, percent === null ? null : el("span", { cls: "meter", "aria-hidden": "true" }, el("span", { style: { width: `${percent}%` } })), percent === null ? null : el("small", { text: `${stands} ${percent} %` })),
      el("td", { text: part ? part[1].toFixed(1) : "" }));
  };

  ava.numbers = (frame) => {
    const parts = new Map(frame.parts.map((part) => [part[0], part]));
    return data.families.flatMap(([family, heading], nth) => {
      const mine = data.columns.map((column, at) => [column, at]).filter(([column]) => column.family === family);
      mine.sort(([, one], [, other]) => (parts.get(other)?.[1] ?? -1) - (parts.get(one)?.[1] ?? -1));
      if (!mine.length) return [];
      return [el("details", { cls: "family", open: nth === 0 },
        el("summary", { text: heading }),
        el("table", {},
          el("thead", {}, el("tr", {}, ["Score", "In this title", "Points"].map((text) => el("th", { scope: "col", text })))),
          el("tbody", {}, mine.map(([column, at]) => row(column, at, frame, parts.get(at))))))];
    });
  };

  ava.provenance = (frame) =>
    el("details", { cls: "provenance" }, el("summary", { text: "Provenance" }),
      el("dl", {}, [["Frame id", frame.frame_id], ["From the first frame", frame.clock], ["Shot", frame.shot], ...data.provenance].flatMap(([label, value]) => [el("dt", { text: label }), el("dd", { text: value })])));
})();
