"use strict";
// Decisions as a table for spreadsheets, as `ava decisions` writes and reads it: a row for each entry.
(() => {
  const COLUMNS = ["title", "content_id", "frame_id", "label", "verdict", "stars", "note", "by", "at", "canvas", "x0", "y0", "x1", "y1"];
  const EDGES = ["x0", "y0", "x1", "y1"];
  // A spreadsheet takes text that begins like this for a formula: a quote goes before it.
  const FORMULA = /^[=+\-@\t\r']/;

  const cell = (value) => {
    const text = String(value ?? "");
    const safe = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const plain = (text) => (text[0] === "'" && FORMULA.test(text.slice(1)) ? text.slice(1) : text);

  const cells = (text) => {
    const rows = [[]];
    const one = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/gy;
    while (one.lastIndex < text.length) {
      const found = one.exec(text);
      if (!found) throw new Error("a quote is not closed");
      rows.at(-1).push(found[1][0] === '"' ? found[1].slice(1, -1).replaceAll('""', '"') : found[1]);
      if (found[2] === ",") {
        if (one.lastIndex === text.length) rows.at(-1).push("");
      } else rows.push([]);
    }
    return rows.filter((row) => row.length > 1);
  };

  const entry = (row) => {
    const about = { frame_id: Number(row.frame_id), label: row.label ?? "" };
    const who = { by: row.by, at: row.at };
    if (row.canvas) return { ...about, canvas: row.canvas, box_xyxy: EDGES.map((edge) => Number(row[edge])), ...who };
    return { ...about, verdict: row.verdict || null, stars: row.stars ? Number(row.stars) : null, note: row.note ?? "", ...who };
  };

  ava.csv = {
    write(given) {
      const about = [given.title, given.content_id];
      const rows = [
        COLUMNS,
        ...given.decisions.map((one) => [...about, one.frame_id, one.label, one.verdict ?? "", one.stars ?? "", one.note, one.by, one.at, "", "", "", "", ""]),
        ...given.crops.map((one) => [...about, one.frame_id, one.label, "", "", "", one.by, one.at, one.canvas, ...one.box_xyxy]),
      ];
      return rows.map((row) => row.map(cell).join(",") + "\n").join("");
    },
    // The document that the rows about this film are; those about others are left alone.
    read(text) {
      const [names, ...rows] = cells(text.replace(/^\ufeff/, ""));
      const told = rows.map((row) => Object.fromEntries(names.map((name, at) => [name, plain(row[at] ?? "")])));
      const ours = told.filter((row) => row.content_id === ava.data.content_id);
      const { content_id, title } = ours[0] ?? told[0] ?? {};
      const entries = ours.map(entry);
      return { schema: "ava.decisions/2", title, content_id, decisions: entries.filter((one) => !one.canvas), crops: entries.filter((one) => one.canvas) };
    },
  };
})();
