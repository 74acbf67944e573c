"use strict";
// The data of the page, and what every other script stands on: elements, events, numbers in words.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ids = data.frames.frame_id ?? [];
  const unpacked = (column) => {
    if (column.path) return ids.map((id) => column.path.replace("{}", String(id).padStart(8, "0")));
    return column.words ? column.at.map((at) => column.words[at]) : column;
  };
  const columns = Object.entries(data.frames).map(([key, column]) => [key, unpacked(column)]);
  const frames = ids.map((_, row) => Object.fromEntries(columns.map(([key, column]) => [key, column[row]])));
  const byId = new Map(frames.map((frame) => [frame.frame_id, frame]));
  const listeners = {};
  const ava = (globalThis.ava = { data, frames });

  ava.frame = (id) => byId.get(Number(id));
  ava.aspect = (frame) => {
    const [width, height] = frame.aspect.split("/").map(Number);
    return width / height;
  };
  ava.url = (path) => path.split("/").map(encodeURIComponent).join("/");

  ava.on = (name, act) => (listeners[name] ??= []).push(act);
  ava.emit = (name, what) => (listeners[name] ?? []).forEach((act) => act(what));

  ava.el = (tag, given = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "text") made.textContent = value;
      else if (key === "style") for (const [name, one] of Object.entries(value)) made.style.setProperty(name, one);
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key === "cls" ? "class" : key, value === true ? "" : value);
    }
    made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  };

  ava.say = (text) => {
    const line = document.getElementById("status");
    if (line) line.textContent = text;
  };

  const number = (value) =>
    Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));

  ava.spoken = (column, value) => {
    if (value === null) return "does not apply";
    if (column.words.length) return column.words[Math.round(value - column.low)];
    if (column.unit === "share")
      return column.low >= 0 ? `${Math.round(100 * value)} %` : (value < 0 ? "" : "+") + value.toFixed(2);
    return column.unit === "count" ? number(value) : `${number(value)} ${column.unit}`;
  };

  // Where a number stands in the title: every shot counts the same, ties are in the middle.
  const perShot = new Map();
  frames.forEach((frame) => perShot.set(frame.shot, (perShot.get(frame.shot) ?? 0) + 1));
  ava.standing = (at, value) => {
    if (value === null) return null;
    const less = data.columns[at].better === "less";
    let worse = 0, level = 0, known = 0;
    for (const frame of frames) {
      const other = frame.values[at];
      if (other === null) continue;
      const mass = 1 / perShot.get(frame.shot);
      known += mass;
      if (other === value) level += mass;
      else if (less ? other > value : other < value) worse += mass;
    }
    return known ? Math.round((100 * (worse + level / 2)) / known) : null;
  };

  ava.remember = (key, value) => {
    try {
      localStorage.setItem(key, value);
      return true;
    } catch {
      return false; // a browser that keeps nothing for pages in folders
    }
  };
  ava.remembered = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };

  ava.button = (label, act, given = {}) => ava.el("button", { type: "button", text: label, onclick: act, ...given });
  ava.select = (label, options, value, act) => {
    const list = ava.el("select", { "aria-label": label, onchange: () => act(list.value) });
    for (const [key, text] of options) list.append(ava.el("option", { value: key, text, selected: key === value }));
    return ava.el("label", { cls: "field" }, ava.el("span", { text: label }), list);
  };
  document.documentElement.classList.add("scripted");
})();
