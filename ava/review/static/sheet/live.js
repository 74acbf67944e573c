"use strict";
// With a team's server: what is decided is sent at once, and others' decisions are fetched.
(() => {
  const said = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const address = said("ava-live"), token = said("ava-token"), reviewer = said("ava-reviewer");
  if (!address) return;
  const EVERY = 5000, PATIENCE = 10000, KINDS = ["decisions", "crops"];
  // What the server has. All else in this browser's log that is by this reviewer is still to be sent,
  // also what was decided in an earlier visit that lost its connection.
  const known = new Set();
  let revision = 0, reached = false, sending = null, trouble = false;

  const ask = async (where, given = {}) => {
    const headers = { "X-Ava-Token": token, "Content-Type": "application/json" };
    const answer = await fetch(where, { ...given, headers, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE) });
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(found.problem ?? "The server does not answer.");
    return found;
  };
  const failed = (error) => {
    trouble = true;
    const why = error.name === "Error" ? error.message : "The server does not answer.";
    ava.say(`${why} What you decide is kept in this browser and sent later.`);
  };
  const fine = () => {
    if (trouble) ava.say("The server answers again; everything is saved.");
    trouble = false;
  };

  const unsent = () => {
    const log = ava.decisions.document();
    return Object.fromEntries(KINDS.map((kind) => [kind, log[kind].filter((one) => one.by === reviewer && !known.has(JSON.stringify(one)))]));
  };
  const send = async () => {
    let many = unsent();
    while (KINDS.some((kind) => many[kind].length)) {
      const some = Object.fromEntries(KINDS.map((kind) => [kind, many[kind].slice(0, 1000)]));
      await ask(address, { method: "POST", body: JSON.stringify(some) });
      for (const kind of KINDS) for (const one of some[kind]) known.add(JSON.stringify(one));
      many = unsent();
    }
  };
  const fetchNew = async () => {
    const given = await ask(`${address}?after=${revision}`);
    ava.decisions.clock(Date.parse(given.now));
    ava.decisions.join(given, (entry) => known.add(JSON.stringify(entry)));
    revision = given.revision;
    reached = true;
  };
  // One at a time: whoever comes meanwhile waits for the same round.
  const round = () => (sending ??= (async () => {
    try {
      if (!reached) await fetchNew();
      await send();
      await fetchNew();
      fine();
    } catch (error) {
      failed(error);
    }
    sending = null;
  })());
  const forever = async () => {
    await round();
    setTimeout(forever, EVERY);
  };

  ava.on("decided", async (fresh) => {
    if (!fresh) return;
    await sending;
    round();
  });
  addEventListener("beforeunload", (event) => {
    if (KINDS.some((kind) => unsent()[kind].length)) event.preventDefault();
  });
  ava.setName(reviewer);
  ava.kept.ready.then(forever);
})();
