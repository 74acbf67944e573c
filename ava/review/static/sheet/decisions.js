"use strict";
// What people decided: entries that are only ever added to; the last one of a person counts.
(() => {
  const { data, kept } = ava;
  const { log } = kept;
  const BLANK = { verdict: null, stars: null, note: "" };
  const undone = [];
  // Where a server knows who is here, that is the name.
  const signedIn = document.querySelector('meta[name="ava-reviewer"]')?.content;
  let standing = new Map(), crops = new Map(), reviewer = signedIn ?? "", last = 0, ahead = 0;

  const tally = () => {
    const inTime = (one, other) => Date.parse(one.at) - Date.parse(other.at);
    standing = new Map();
    for (const entry of [...log.decisions].sort(inTime)) {
      if (!standing.has(entry.frame_id)) standing.set(entry.frame_id, new Map());
      standing.get(entry.frame_id).set(entry.by, entry);
    }
    crops = new Map();
    for (const entry of [...log.crops].sort(inTime)) {
      crops.set(`${entry.frame_id} ${entry.canvas}`, entry); // the last one counts, whoever moved it
    }
  };

  const now = () => {
    last = Math.max(Date.now() + ahead, last + 1);
    return new Date(last).toISOString();
  };

  const changed = (fresh) => {
    tally();
    ava.emit("decided", fresh);
  };
  const added = (fresh) => {
    for (const kind of Object.keys(log)) log[kind].push(...fresh[kind]);
    kept.add(fresh);
  };

  const isBlank = (one) => one.verdict === null && one.stars === null && one.note === "";
  const mine = (id) => standing.get(id)?.get(reviewer) ?? BLANK;

  const write = (id, { verdict, stars, note }) => {
    const entry = { frame_id: id, label: ava.frame(id).label, verdict, stars, note, by: reviewer, at: now() };
    const fresh = { decisions: [entry], crops: [] };
    added(fresh);
    changed(fresh);
  };

  const writeCrop = (id, canvas, box) => {
    const entry = { frame_id: id, label: ava.frame(id).label, canvas, box_xyxy: box.map((edge) => Number(edge.toFixed(5))), by: reviewer, at: now() };
    const fresh = { decisions: [], crops: [entry] };
    added(fresh);
    changed(fresh);
  };

  ava.decisions = {
    mine,
    decided: (id) => !isBlank(mine(id)),
    others: (id) => [...(standing.get(id)?.values() ?? [])].filter((one) => one.by !== reviewer && !isBlank(one)),
    reviewer: () => reviewer,
    decide(id, change) {
      const { verdict, stars, note } = mine(id);
      undone.push({ id, before: { verdict, stars, note } });
      write(id, { verdict, stars, note, ...change });
    },
    clear: (id) => ava.decisions.decide(id, BLANK),
    crop(id, canvas, box, before) {
      undone.push({ id, canvas, box: before });
      writeCrop(id, canvas, box);
    },
    cropOf: (id, canvas) => crops.get(`${id} ${canvas}`)?.box_xyxy,
    undo() {
      const step = undone.pop();
      if (!step) return null;
      if (step.canvas) writeCrop(step.id, step.canvas, step.box);
      else write(step.id, step.before);
      return step.id;
    },
    rename(name) {
      reviewer = name;
      kept.rename(name);
      changed(null);
    },
    document: () => ({
      schema: "ava.decisions/2",
      title: data.title,
      content_id: data.content_id,
      decisions: log.decisions,
      crops: log.crops,
    }),
    // Clocks of a team differ, and the latest word counts: all go by the server's.
    clock(now) {
      ahead = now - Date.now();
    },
    join(given, each = () => {}) {
      const known = new Set([...log.decisions, ...log.crops].map((one) => JSON.stringify(one)));
      const fresh = { decisions: [], crops: [] };
      for (const kind of Object.keys(fresh))
        for (const one of given[kind] ?? []) {
          const entry = kind === "crops"
            ? { frame_id: one.frame_id, label: one.label, canvas: one.canvas, box_xyxy: one.box_xyxy, by: one.by, at: one.at }
            : { frame_id: one.frame_id, label: one.label, verdict: one.verdict, stars: one.stars, note: one.note, by: one.by, at: one.at };
          each(entry);
          if (known.has(JSON.stringify(entry))) continue;
          known.add(JSON.stringify(entry));
          fresh[kind].push(entry);
        }
      const many = fresh.decisions.length + fresh.crops.length;
      if (many) {
        added(fresh);
        changed(null);
      }
      return many;
    },
    counts() {
      const counts = { keep: 0, maybe: 0, reject: 0, starred: 0, noted: 0 };
      for (const id of standing.keys()) {
        const one = mine(id);
        if (one.verdict) counts[one.verdict] += 1;
        if (one.stars) counts.starred += 1;
        if (one.note) counts.noted += 1;
      }
      return counts;
    },
  };
  tally();
  kept.ready.then(() => {
    reviewer ||= kept.name;
    changed(null);
  });
})();
