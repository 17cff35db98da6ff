"use strict";
// Quality control by keyboard: arrows move, F rates, S saves the failed images as an exclude list.
(() => {
  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const images = JSON.parse(document.getElementById("qc-data").textContent);
  const study = document.body.dataset.study;
  const store = `softcord-qc-${study}`;
  const ratings = ["", "pass", "fail", "artefact"];
  const marks = { "": "", pass: "✅", fail: "❌", artefact: "⚠️" };
  const list = viewer.querySelector(".list");
  const rows = [...viewer.querySelectorAll("tbody tr")];
  let rated = load();
  let current = 0;

  // A page opened from disk may be denied storage; ratings then last as long as the page.
  function load() {
    try { return JSON.parse(localStorage.getItem(store)) || {}; } catch { return {}; }
  }
  function keep() {
    try { localStorage.setItem(store, JSON.stringify(rated)); } catch { /* see load */ }
  }
  function key(image) { return `${image.image} ${image.method}`; }
  function show(index) {
    current = Math.max(0, Math.min(images.length - 1, index));
    rows.forEach((row, i) => row.classList.toggle("current", i === current));
    const image = images[current];
    document.getElementById("qc-image").src = image.jpeg;
    document.getElementById("qc-title").textContent =
      `${current + 1} of ${images.length}: ${image.image}, ${image.method}${image.scores}`;
    // Only the list scrolls, never the page.
    const row = rows[current];
    list.scrollTop = Math.max(Math.min(list.scrollTop, row.offsetTop - row.offsetHeight),
      row.offsetTop + row.offsetHeight - list.clientHeight);
    paint();
  }
  function paint() {
    rows.forEach((row, i) => { row.firstElementChild.textContent = marks[rated[key(images[i])] || ""]; });
    const rating = rated[key(images[current])] || "";
    document.getElementById("qc-rating").textContent = rating ? `${marks[rating]} ${rating}` : "not rated";
    const failed = images.filter((image) => rated[key(image)] === "fail").length;
    document.getElementById("qc-save").textContent = `Save fails (${failed})`;
  }
  function rate() {
    const name = key(images[current]);
    rated[name] = ratings[(ratings.indexOf(rated[name] || "") + 1) % ratings.length];
    keep();
    paint();
  }
  function excludeList() {
    const failed = images.filter((image) => rated[key(image)] === "fail");
    const doubtful = images.filter((image) => rated[key(image)] === "artefact");
    const lines = [
      `# Images that failed the visual check of study ${study}.`,
      `# The next run leaves them out${viewer.dataset.excludeWords && `: ${viewer.dataset.excludeWords}`}.`,
      "visual_check:",
    ];
    const methods = new Map();
    failed.forEach((image) => methods.set(image.image, [...(methods.get(image.image) || []), image.method]));
    methods.forEach((names, image) => lines.push(`- ${image}  # ${names.join(", ")}`));
    if (methods.size === 0) lines[2] = "visual_check: []";
    doubtful.forEach((image) => lines.push(`# artefact, kept: ${image.image}, ${image.method}`));
    return lines.join("\n") + "\n";
  }
  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([excludeList()], { type: "text/yaml" }));
    link.download = `exclude_${study}.yml`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  const actions = {
    ArrowRight: () => show(current + 1), ArrowDown: () => show(current + 1),
    ArrowLeft: () => show(current - 1), ArrowUp: () => show(current - 1),
    f: rate, F: rate, s: save, S: save,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
  rows.forEach((row, i) => row.addEventListener("click", () => show(i)));
  document.getElementById("qc-rate").addEventListener("click", rate);
  document.getElementById("qc-save").addEventListener("click", save);
  viewer.excludeList = excludeList;
  show(0);
})();
