"use strict";
// The film along its time: the picks, the shots, and its palette as a strip.
(() => {
  const { el, view, data, frames, decisions } = ava;
  const SIDE = 1600;
  const place = document.getElementById("film");
  const strip = el("canvas", { cls: "strip", width: SIDE, height: 1, role: "img", "aria-label": "The colors of the film, from its beginning to its end" });
  const pen = strip.getContext("2d");
  const inTime = frames.filter((one) => one.palette.length).sort((one, other) => one.seconds - other.seconds);
  inTime.forEach((frame, at) => {
    const edge = (one, other) => (SIDE * (one.seconds + other.seconds)) / 2 / data.duration_seconds;
    const from = at ? edge(inTime[at - 1], frame) : 0;
    const to = at + 1 < inTime.length ? edge(frame, inTime[at + 1]) : SIDE;
    let x = from;
    const sum = frame.palette.reduce((total, [, share]) => total + share, 0) || 1;
    for (const [color, share] of frame.palette) {
      const wide = ((to - from) * share) / sum;
      pen.fillStyle = color;
      pen.fillRect(x, 0, wide + 1, 1);
      x += wide;
    }
  });
  const shots = el("canvas", { cls: "shots", width: SIDE, height: 1, "aria-hidden": "true" });
  const ink = shots.getContext("2d");
  data.shots.forEach(({ left, width }, at) => {
    ink.fillStyle = at % 2 ? "rgba(128,128,128,.65)" : "rgba(128,128,128,.3)";
    ink.fillRect((SIDE * left) / 100, 0, Math.max(1, (SIDE * width) / 100), 1);
  });
  const picks = el("nav", { cls: "picks", "aria-label": "Candidates along the film" });
  const draw = () => {
    const shown = frames.filter((one) => one.rank || decisions.mine(one.frame_id).verdict === "keep").slice(0, 200);
    picks.replaceChildren(...shown.map((frame) => {
      const kept = decisions.mine(frame.frame_id).verdict === "keep";
      const mark = ava.button(frame.rank ? String(frame.rank) : "•", () => {
        if (!view.shown().includes(frame)) view.set({ section: frame.rank ? "best" : "all", value: "", q: "", who: "", scale: "", stars: "", decision: "" });
        view.pick(frame.frame_id, { focus: true });
      }, { cls: kept ? "pick kept" : "pick", "aria-label": `${frame.rank ? `Candidate ${frame.rank}` : "Frame"}, ${frame.label}${kept ? ", kept" : ""}`, title: frame.label, tabindex: frame.rank && frame.rank < 25 ? null : "-1" });
      mark.style.left = `${(100 * frame.seconds) / data.duration_seconds}%`;
      return mark;
    }));
  };
  if (inTime.length) place.append(picks, shots, strip);
  else place.append(picks, shots);
  draw();
  ava.on("decided", draw);
})();
