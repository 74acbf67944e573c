"use strict";
// Crops of the kept frames, else of the best, on every canvas; they are moved and resized here.
(() => {
  const { el, data, decisions, view } = ava;
  const MOST = 24, STEP = 0.01, SMALLEST = 0.15;
  const TITLES = "ava.titles";
  const place = new Map(data.columns.map((column, at) => [column.name, at]));
  const limit = (value, low, high) => Math.max(low, Math.min(high, value));

  const fitting = (frame, canvas) => {
    const shape = canvas.width_px / canvas.height_px / ava.aspect(frame);
    return { width: Math.min(1, shape), shape };
  };
  // Where nothing was chosen: as much as fits, about the subject.
  const window_ = (frame, canvas) => {
    const { width, shape } = fitting(frame, canvas);
    const height = width / shape;
    const known = (name) => frame.values[place.get(name)] ?? 0.5;
    const x = limit(known("subject_x") - width / 2, 0, 1 - width), y = limit(known("subject_y") - height / 3, 0, 1 - height);
    return [x, y, x + width, y + height];
  };
  const chosen = (frame, canvas) => canvas.crops.find((one) => one.frame_id === frame.frame_id);
  const first = (frame, canvas) => chosen(frame, canvas)?.box_xyxy ?? window_(frame, canvas);
  ava.cropBox = (frame, canvas) => decisions.cropOf(frame.frame_id, canvas.name) ?? first(frame, canvas);

  const editor = (frame, canvas) => {
    const picture = el("img", { src: ava.url(frame.picture), alt: "", draggable: "false", loading: "lazy", decoding: "async" });
    const crop = el("button", { type: "button", cls: "crop", "data-canvas": canvas.name, "data-id": frame.frame_id,
      "aria-label": `Crop of ${frame.label} for ${canvas.name} ${canvas.use}: ${frame.alt}. Arrow keys move it, plus and minus resize it, Delete brings the first one back.` },
      picture, el("span", { cls: "title-place", "aria-hidden": "true" }, el("b"), el("i")));
    const facts = el("small");
    const [shapeX, shapeY] = [canvas.width_px, canvas.height_px];
    crop.style.setProperty("aspect-ratio", `${shapeX} / ${shapeY}`);
    let box = ava.cropBox(frame, canvas), before = null;

    const draw = () => {
      const [x0, y0, x1, y1] = box;
      picture.style.width = `${100 / (x1 - x0)}%`;
      picture.style.height = `${100 / (y1 - y0)}%`;
      picture.style.left = `${(-100 * x0) / (x1 - x0)}%`;
      picture.style.top = `${(-100 * y0) / (y1 - y0)}%`;
      const mine = decisions.cropOf(frame.frame_id, canvas.name);
      facts.textContent = mine ? "moved by hand" : chosen(frame, canvas) ? `rated ${chosen(frame, canvas).percent}` : "not rated";
      crop.classList.toggle("moved", Boolean(mine));
    };
    const moved = (dx, dy) => {
      const [x0, y0, x1, y1] = box;
      const x = limit(x0 + dx, 0, 1 - (x1 - x0)), y = limit(y0 + dy, 0, 1 - (y1 - y0));
      return [x, y, x + x1 - x0, y + y1 - y0];
    };
    const sized = (by) => {
      const { width: most, shape } = fitting(frame, canvas);
      const [x0, y0, x1, y1] = box;
      const width = limit((x1 - x0) * by, SMALLEST * most, most), height = width / shape;
      const x = limit((x0 + x1 - width) / 2, 0, 1 - width), y = limit((y0 + y1 - height) / 2, 0, 1 - height);
      return [x, y, x + width, y + height];
    };
    const take = (next) => {
      const old = box;
      box = next;
      if (String(old) !== String(next)) decisions.crop(frame.frame_id, canvas.name, next, old);
      draw();
    };
    crop.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const far = event.shiftKey ? 5 * STEP : STEP;
      const moves = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
      if (moves[event.key]) take(moved(...moves[event.key]));
      else if (["+", "="].includes(event.key)) take(sized(1.05));
      else if (["-", "_"].includes(event.key)) take(sized(1 / 1.05));
      else if (["Delete", "Backspace"].includes(event.key)) take(first(frame, canvas));
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    crop.addEventListener("pointerdown", (event) => {
      before = { box, x: event.clientX, y: event.clientY };
      crop.setPointerCapture(event.pointerId);
    });
    crop.addEventListener("pointermove", (event) => {
      if (!before) return;
      const [x0, y0, x1, y1] = before.box;
      box = before.box;
      box = moved((-(event.clientX - before.x) / crop.clientWidth) * (x1 - x0), (-(event.clientY - before.y) / crop.clientHeight) * (y1 - y0));
      draw();
    });
    crop.addEventListener("pointerup", () => {
      const next = box;
      if (before) {
        box = before.box;
        take(next);
      }
      before = null;
    });
    crop.addEventListener("focus", () => view.pick(frame.frame_id));
    ava.on("decided", () => {
      if (!crop.isConnected || before) return;
      box = ava.cropBox(frame, canvas);
      draw();
    });
    draw();
    return el("li", {}, crop, el("span", { cls: "under" }, el("span", { cls: "timecode", text: frame.label }), facts,
      ava.button("−", () => take(sized(1 / 1.1)), { cls: "icon", "aria-label": `Smaller crop of ${frame.label} for ${canvas.name}` }),
      ava.button("+", () => take(sized(1.1)), { cls: "icon", "aria-label": `Larger crop of ${frame.label} for ${canvas.name}` })));
  };

  ava.canvasView = () => {
    const kept = ava.frames.filter((one) => decisions.mine(one.frame_id).verdict === "keep");
    const best = ava.frames.filter((one) => one.rank).sort((one, other) => one.rank - other.rank);
    const frames = (kept.length ? kept : best).slice(0, MOST);
    const shown = el("div", { cls: "canvases" });
    const titles = el("input", { type: "checkbox", onchange: () => {
      ava.remember(TITLES, titles.checked ? "yes" : "no");
      shown.classList.toggle("titled", titles.checked);
    } });
    titles.checked = ava.remembered(TITLES) === "yes";
    shown.classList.toggle("titled", titles.checked);
    shown.append(
      el("p", { cls: "note", text: `${kept.length ? "The frames you kept" : "Nothing is kept yet: the best set"}, on every canvas. Drag a picture, or use arrow keys and + and −.` }),
      el("label", { cls: "check" }, titles, "Show where a title would stand"),
      ...data.canvases.map((canvas) => el("section", { cls: "canvas", "aria-label": `${canvas.name} ${canvas.use}` },
        el("h3", {}, `${canvas.name} ${canvas.use} `, el("small", { text: `${canvas.width_px} × ${canvas.height_px}` })),
        el("ol", {}, frames.map((frame) => editor(frame, canvas))))));
    return shown;
  };
})();
