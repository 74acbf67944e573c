"use strict";
const always = document.getElementById("overlays");
always.addEventListener("change", () => document.body.classList.toggle("overlays", always.checked));
