"use strict";
// Pictures, what is drawn over them, and zooming into them.
(() => {
  const { el } = ava;
  const per = (share) => `${(100 * share).toFixed(3)}%`;
  const MOST = 12; // times the size that fits

  ava.thumb = (frame, alt = "") => {
    const proxy = el("img", { src: ava.url(frame.picture), alt, loading: "lazy", decoding: "async", draggable: "false" });
    if (!frame.thumb) return el("picture", {}, proxy);
    const small = el("source", { srcset: ava.url(frame.thumb), type: "image/webp" });
    proxy.addEventListener("error", () => small.remove(), { once: true }); // then the JPEG is tried
    return el("picture", {}, small, proxy);
  };

  const box = ([x0, y0, x1, y1], cls, text) =>
    el("div", { cls: `mark ${cls}`, style: { left: per(x0), top: per(y0), width: per(x1 - x0), height: per(y1 - y0) } }, text ? el("span", { text }) : null);

  const attention = (frame) => {
    const map = el("canvas", { cls: "attention", width: 16, height: 9 });
    const pen = map.getContext("2d");
    [...frame.attention].forEach((digit, at) => {
      pen.fillStyle = `rgba(255, 70, 20, ${Number(digit) / 10})`;
      pen.fillRect(at % 16, Math.floor(at / 16), 1, 1);
    });
    return map;
  };

  ava.OVERLAYS = {
    thirds: { label: "Thirds", key: "g", draw: () => [1 / 3, 2 / 3].flatMap((at) => [el("i", { cls: "third down", style: { left: per(at) } }), el("i", { cls: "third across", style: { top: per(at) } })]) },
    faces: { label: "Faces", key: "f", draw: (frame) => frame.boxes.filter(([, kind]) => kind !== "space").map(([edges, kind, text]) => box(edges, kind, text || (kind === "text" ? "text" : "face"))) },
    attention: { label: "Attention", key: "a", draw: (frame) => (frame.attention ? [attention(frame)] : []) },
    space: { label: "Title space", key: "t", draw: (frame) => frame.boxes.filter(([, kind]) => kind === "space").map(([edges, kind, text]) => box(edges, kind, text)) },
    crops: { label: "Crops", key: "r", draw: (frame) => ava.data.canvases.map((canvas) => box(ava.cropBox(frame, canvas), "crop-mark", canvas.name)) },
  };

  ava.overlay = (frame, names) =>
    el("div", { cls: "overlays", "aria-hidden": "true" }, [...names].flatMap((name) => ava.OVERLAYS[name]?.draw(frame) ?? []));

  // A stage with one picture that fits, zooms and pans. `look` is shared where several move together.
  ava.stage = (frame, look, changed) => {
    const picture = el("img", { src: ava.url(frame.still || frame.picture), alt: frame.alt, draggable: "false", decoding: "async" });
    const layer = el("div", { cls: "layer" }, picture);
    const stage = el("div", { cls: "stage" }, layer);
    const fit = () => {
      const wide = ava.aspect(frame), width = stage.clientWidth, height = stage.clientHeight;
      return { width: Math.min(width, height * wide), height: Math.min(height, width / wide) };
    };
    const draw = () => {
      const { width, height } = fit();
      const [x, y] = [look.x * width * look.scale, look.y * height * look.scale];
      layer.style.width = `${width}px`;
      layer.style.height = `${height}px`;
      layer.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px) scale(${look.scale})`;
      layer.style.setProperty("--scale", look.scale);
    };
    const move = (change) => {
      Object.assign(look, change);
      look.scale = Math.max(1, Math.min(MOST, look.scale));
      const most = (1 - 1 / look.scale) / 2;
      look.x = Math.max(-most, Math.min(most, look.x));
      look.y = Math.max(-most, Math.min(most, look.y));
      changed();
    };
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      move({ scale: look.scale * Math.exp(-event.deltaY / 400) });
    }, { passive: false });
    let from = null;
    stage.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY];
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      if (!from) return;
      const { width, height } = fit();
      move({ x: look.x + (event.clientX - from[0]) / width / look.scale, y: look.y + (event.clientY - from[1]) / height / look.scale });
      from = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, () => (from = null));
    stage.addEventListener("dblclick", () => full());
    picture.addEventListener("load", () => changed());
    const whole = () => Math.max(1, (picture.naturalWidth || 1) / (fit().width || 1) / devicePixelRatio);
    const full = () => move(look.scale > 1.001 ? { scale: 1, x: 0, y: 0 } : { scale: Math.max(1.5, whole()) });
    return { element: stage, layer, draw, move, full, percent: () => Math.round((100 * look.scale) / (((picture.naturalWidth || 1) / (fit().width || 1)) / devicePixelRatio)) };
  };
})();
