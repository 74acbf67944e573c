"use strict";
(() => {
  const words = document.getElementById("words");
  const state = document.getElementById("state");
  const titles = [...document.querySelectorAll(".title")];
  const show = () => {
    const wanted = words.value.trim().toLowerCase();
    let n = 0;
    for (const one of titles) {
      one.hidden = !one.dataset.name.includes(wanted) || (state.value !== "" && one.dataset.state !== state.value);
      n += one.hidden ? 0 : 1;
    }
    document.getElementById("count").textContent = `${n} of ${titles.length} title${titles.length === 1 ? "" : "s"}`;
  };
  words.addEventListener("input", show);
  state.addEventListener("change", show);
  words.form.addEventListener("submit", (event) => event.preventDefault());
})();
