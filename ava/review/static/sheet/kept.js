"use strict";
// What this browser keeps of decisions, an entry a record: nothing is ever written over, also not by
// a second window. (A page in a folder may find localStorage empty after a reload on a busy machine,
// and whatever it saved then would take the place of all that was decided.)
(() => {
  const { content_id } = ava.data;
  const KINDS = ["decisions", "crops"], NAMES = "names", STORES = [...KINDS, NAMES];
  let base = null;
  const log = { decisions: [], crops: [] };

  const asked = (request) => new Promise((good, bad) => {
    request.onsuccess = () => good(request.result);
    request.onerror = () => bad(request.error);
  });
  // After the words about the decision itself.
  const warn = () => setTimeout(() => ava.say("This browser keeps nothing: export your decisions before you leave."));
  const write = (act) => {
    if (base === null) return warn();
    const change = base.transaction(STORES, "readwrite", { durability: "strict" });
    change.onabort = warn;
    act((name) => change.objectStore(name));
    return change.commit();
  };
  const put = (store, entry) => store.put(entry, [content_id, JSON.stringify(entry)]);

  ava.kept = {
    log,
    name: "",
    async read() {
      try {
        const opening = indexedDB.open("ava", 1);
        opening.onupgradeneeded = () => STORES.forEach((name) => opening.result.createObjectStore(name));
        base = await asked(opening);
        base.onclose = () => (base = null); // somebody cleared what sites have kept
        const look = base.transaction(STORES), mine = IDBKeyRange.bound([content_id], [content_id, []]);
        const found = await Promise.all([...KINDS.map((kind) => asked(look.objectStore(kind).getAll(mine))), asked(look.objectStore(NAMES).get(NAMES))]);
        KINDS.forEach((kind, at) => log[kind].push(...found[at].sort((one, other) => Date.parse(one.at) - Date.parse(other.at))));
        ava.kept.name = found[KINDS.length] ?? "";
      } catch {
        base = null; // said when there is something to keep
      }
    },
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
})();
