"use strict";
// Decisions as files: out as JSON and CSV, in as JSON.
(() => {
  const { data, decisions } = ava;
  const HEADINGS = ["title", "content_id", "frame_id", "label", "verdict", "stars", "note", "by", "at"];
  const about = { title: data.title, content_id: data.content_id };

  const save = (name, kind, text) => {
    const address = URL.createObjectURL(new Blob([text], { type: kind }));
    const link = ava.el("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  // A spreadsheet takes a cell that begins like this for a formula.
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const standing = () =>
    ava.frames.flatMap((frame) => {
      const mine = decisions.mine(frame.frame_id);
      return [...(decisions.decided(frame.frame_id) ? [mine] : []), ...decisions.others(frame.frame_id)];
    });

  const problem = (document_) => {
    if (!["ava.decisions/1", "ava.decisions/2"].includes(document_?.schema)) return "This is no decisions.json.";
    if (document_.content_id !== data.content_id) return `These are decisions about another film, ${document_.title}.`;
    const fine = (one) => Number.isInteger(one.frame_id) && Number.isFinite(Date.parse(one.at)) && typeof one.by === "string";
    if (![...(document_.decisions ?? []), ...(document_.crops ?? [])].every(fine)) return "An entry of this file is damaged; nothing was read.";
    return "";
  };

  ava.files = {
    exportJson: () => save("decisions.json", "application/json", `${JSON.stringify(decisions.document(), null, 1)}\n`),
    exportCsv: () =>
      save("decisions.csv", "text/csv", [HEADINGS, ...standing().map((one) => HEADINGS.map((key) => ({ ...about, ...one })[key]))].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n"),
    async read(file) {
      let given;
      try {
        given = JSON.parse(await file.text());
      } catch {
        return ava.say(`${file.name} is no JSON file.`);
      }
      const wrong = problem(given);
      if (wrong) return ava.say(wrong);
      const added = decisions.join(given);
      return ava.say(`${added} ${added === 1 ? "entry" : "entries"} read from ${file.name}.`);
    },
  };
})();
