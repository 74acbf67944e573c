"use strict";
// What this browser keeps of decisions, an entry a record: nothing is ever written over, also not by
// a second window. (A page in a folder may find localStorage empty after a reload on a busy machine,
// and whatever it saved then would take the place of all that was decided.) The page does not wait
// for it: what was kept comes in a moment later, and what is decided before that is written after it.
(() => {
  const { content_id } = ava.data;
  const KINDS = ["decisions", "crops"], NAMES = "names", STORES = [...KINDS, NAMES];
  let base; // null where nothing can be kept, undefined until that is known
  const log = { decisions: [], crops: [] };

  const asked = (request) => new Promise((good, bad) => {
    request.onsuccess = () => good(request.result);
    request.onerror = () => bad(request.error);
  });
  // After the words about the decision itself.
  const warn = () => setTimeout(() => ava.say("This browser keeps nothing: export your decisions before you leave."));
  const write = (act) => {
    if (base === undefined) return ready.then(() => write(act));
    if (base === null) return warn();
    const change = base.transaction(STORES, "readwrite", { durability: "strict" });
    change.onabort = warn;
    act((name) => change.objectStore(name));
    return change.commit();
  };
  const put = (store, entry) => store.put(entry, [content_id, JSON.stringify(entry)]);

  const read = async () => {
    try {
      const opening = indexedDB.open("ava", 1);
      opening.onupgradeneeded = () => STORES.forEach((name) => opening.result.createObjectStore(name));
      const opened = await asked(opening);
      opened.onclose = () => (base = null); // somebody cleared what sites have kept
      const look = opened.transaction(STORES), mine = IDBKeyRange.bound([content_id], [content_id, []]);
      const found = await Promise.all([...KINDS.map((kind) => asked(look.objectStore(kind).getAll(mine))), asked(look.objectStore(NAMES).get(NAMES))]);
      const name = (ava.kept.name = found[KINDS.length] ?? "");
      KINDS.forEach((kind, at) => {
        for (const entry of log[kind]) entry.by ||= name; // decided before it was known who is here
        const known = new Set(log[kind].map((entry) => JSON.stringify(entry)));
        log[kind].push(...found[at].filter((entry) => !known.has(JSON.stringify(entry))));
        log[kind].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
      });
      base = opened;
    } catch {
      base = null; // said when there is something to keep
    }
  };

  ava.kept = {
    log,
    name: "",
    add: (fresh) => write((store) => KINDS.forEach((kind) => fresh[kind].forEach((entry) => put(store(kind), entry)))),
    // Entries of before a name was given are those of the person who gives it.
    rename: (name) => write((store) => {
      store(NAMES).put(name, NAMES);
      for (const kind of KINDS)
        for (const entry of log[kind]) {
          if (entry.by !== "" || ava.kept.name !== "") continue;
          store(kind).delete([content_id, JSON.stringify(entry)]);
          entry.by = name;
          put(store(kind), entry);
        }
      ava.kept.name = name;
    }),
  };
  const ready = (ava.kept.ready = read());
})();
