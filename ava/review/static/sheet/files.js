"use strict";
// Decisions as files: out and in as JSON and CSV.
(() => {
  const { data, decisions } = ava;

  const save = async (name, kind, written) => {
    await ava.kept.ready;
    const address = URL.createObjectURL(new Blob([written()], { type: kind }));
    const link = ava.el("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  const problem = (given) => {
    if (!["ava.decisions/1", "ava.decisions/2"].includes(given?.schema)) return "This is no decisions.json.";
    if (given.content_id !== data.content_id) return `These are decisions about another film, ${given.title}.`;
    const fine = (one) => Number.isInteger(one.frame_id) && Number.isFinite(Date.parse(one.at)) && typeof one.by === "string";
    const said = (one) => [null, "keep", "maybe", "reject"].includes(one.verdict) && (one.stars === null || [1, 2, 3, 4, 5].includes(one.stars));
    const inside = (one) => one.box_xyxy?.length === 4 && one.box_xyxy.every((edge) => edge >= 0 && edge <= 1);
    const { decisions: all = [], crops = [] } = given;
    if (![...all, ...crops].every(fine) || !all.every(said) || !crops.every(inside)) return "An entry of this file is damaged; nothing was read.";
    return "";
  };

  ava.files = {
    exportJson: () => save("decisions.json", "application/json", () => `${JSON.stringify(decisions.document(), null, 1)}\n`),
    exportCsv: () => save("decisions.csv", "text/csv", () => ava.csv.write(decisions.document())),
    async read(file) {
      const isTable = file.name.toLowerCase().endsWith(".csv");
      let given;
      try {
        const text = await file.text();
        given = isTable ? ava.csv.read(text) : JSON.parse(text);
      } catch {
        return ava.say(`${file.name} is no ${isTable ? "CSV" : "JSON"} file.`);
      }
      const wrong = problem(given);
      if (wrong) return ava.say(wrong);
      const added = decisions.join(given);
      return ava.say(`${added} ${added === 1 ? "entry" : "entries"} read from ${file.name}.`);
    },
  };
})();
