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

  // With a team's server: what the others decide is shown as they go.
  const address = document.querySelector('meta[name="ava-live"]')?.content;
  const EVERY = 5000;
  const follow = async () => {
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) {
      const now = await answer.json();
      for (const one of titles) {
        const said = now.titles[one.dataset.sheet];
        if (!said) continue;
        one.dataset.state = said.state;
        const state = one.querySelector(".state");
        state.textContent = said.state;
        state.className = `state ${said.state.replace(" ", "-")}`;
        one.querySelector(".decided").textContent = said.decided;
      }
      document.getElementById("progress").textContent = now.progress;
      const running = document.getElementById("running");
      running.hidden = now.running.length === 0;
      running.querySelector("span").textContent = now.running.join(", ");
      if (words.value || state.value) show();
    }
    setTimeout(follow, EVERY);
  };
  if (address) setTimeout(follow, EVERY);
})();
