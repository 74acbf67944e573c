"use strict";
// What is looked at: section, filters, order, size, the frame in hand. It all stands in the address.
(() => {
  const { data, frames, decisions } = ava;
  const PLAIN = { section: "best", value: "", size: "m", decision: "", stars: "", who: "", scale: "", q: "", sort: "", down: "", at: "", open: "", pins: "" };
  const state = { ...PLAIN };
  const place = new Map(data.columns.map((column, at) => [column.name, at]));
  const VERDICTS = { keep: 0, maybe: 1, reject: 2 };

  const SECTIONS = [
    { name: "best", label: "Best set", of: (one) => one.rank !== null },
    { name: "all", label: "All frames", of: () => true },
    { name: "characters", label: "Characters", of: (one) => one.people.length > 0, values: (one) => one.people },
    { name: "scales", label: "Shot scales", of: (one) => Boolean(one.scale), values: (one) => [one.scale] },
    { name: "environments", label: "Environments and color", of: () => true, values: (one) => [one.environment, one.light].filter(Boolean) },
    { name: "space", label: "Title space", of: (one) => Boolean(one.space), values: (one) => [one.space] },
    { name: "canvases", label: "Canvases", of: (one) => one.rank !== null },
    { name: "watch", label: "Watch-outs", of: (one) => one.watch_outs.length > 0 },
    { name: "dropped", label: "Dropped", of: (one) => Boolean(one.gate), values: (one) => [one.gate] },
  ];
  const section = () => SECTIONS.find((one) => one.name === state.section) ?? SECTIONS[0];

  const read = () => {
    Object.assign(state, PLAIN);
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in PLAIN) state[key] = value;
  };

  const write = () => {
    const said = Object.entries(state).filter(([key, value]) => value !== PLAIN[key]);
    const hash = new URLSearchParams(said).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  };

  const words = (one) =>
    [one.label, one.clock, one.alt, one.space, one.environment, one.gate, ...one.people, ...one.reasons, ...one.watch_outs, decisions.mine(one.frame_id).note, one.rank === null ? "" : `#${one.rank}`].join(" ").toLowerCase();

  const passes = (one) => {
    const mine = decisions.mine(one.frame_id);
    if (state.decision === "none" ? decisions.decided(one.frame_id) : state.decision && mine.verdict !== state.decision) return false;
    if (state.stars && (mine.stars ?? 0) < Number(state.stars)) return false;
    if (state.who && !one.people.includes(state.who)) return false;
    if (state.scale && one.scale !== state.scale) return false;
    return state.q.toLowerCase().split(/\s+/).every((word) => words(one).includes(word));
  };

  const ORDERS = {
    rank: (one) => one.rank ?? Infinity,
    time: (one) => one.seconds,
    utility: (one) => (one.utility_percent === null ? null : one.utility_percent),
    stars: (one) => decisions.mine(one.frame_id).stars,
    decision: (one) => VERDICTS[decisions.mine(one.frame_id).verdict] ?? 3,
  };
  const HIGH_FIRST = ["utility", "stars"];
  const order = () => state.sort || (["best", "canvases"].includes(state.section) ? "rank" : "time");

  const sorted = (shown) => {
    const name = order();
    const at = place.get(name);
    const key = ORDERS[name] ?? ((one) => (at === undefined ? one.seconds : one.values[at]));
    const high = HIGH_FIRST.includes(name) || (at !== undefined && data.columns[at].better !== "less");
    const turn = (high ? -1 : 1) * (state.down ? -1 : 1);
    return shown.sort((one, other) => {
      const a = key(one), b = key(other);
      if (a === null || b === null) return (a === null) - (b === null); // what has no number is last
      return (a === b ? 0 : (a < b ? -1 : 1) * turn) || one.seconds - other.seconds;
    });
  };

  let shown = [];
  const look = () => {
    const mine = section();
    shown = sorted(frames.filter((one) => mine.of(one) && (!state.value || (mine.values?.(one) ?? []).includes(state.value)) && passes(one)));
    if (!shown.some((one) => one.frame_id === Number(state.at) && state.at !== "")) state.at = shown.length ? String(shown[0].frame_id) : "";
  };

  ava.view = {
    state, SECTIONS, section, order,
    shown: () => shown,
    values() {
      const counts = new Map();
      const mine = section();
      for (const one of frames) if (mine.values && mine.of(one)) for (const value of mine.values(one)) counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts].sort((one, other) => other[1] - one[1]);
    },
    set(change) {
      Object.assign(state, change);
      look();
      write();
      ava.emit("view", change);
    },
    current: () => (state.at === "" ? undefined : ava.frame(state.at)),
    pick(id, why = {}) {
      state.at = String(id);
      write();
      ava.emit("picked", why);
    },
    step(by, why) {
      const at = shown.findIndex((one) => one.frame_id === Number(state.at));
      const next = shown[Math.max(0, Math.min(shown.length - 1, at + by))];
      if (next) ava.view.pick(next.frame_id, why);
      return next;
    },
    // After a decision the list stays as it is until something else is asked for: nothing jumps.
    refresh: look,
    write,
  };
  const follow = () => {
    read();
    look();
    ava.emit("view", { ...state });
  };
  read();
  look();
  addEventListener("hashchange", follow);
  ava.kept.ready.then(follow); // filters go by what was decided
})();
