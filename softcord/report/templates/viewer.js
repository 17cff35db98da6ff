"use strict";
// Quality control by keyboard: arrows move, a key a rating (rating_words.py), U takes it back, S and D save the two lists.
(() => {
  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const images = JSON.parse(document.getElementById("qc-data").textContent);
  const study = document.body.dataset.study;
  // Pages from disk share one storage: another project may have a study of that name.
  const store = `softcord-qc-${study}-${location.pathname}`;
  const words = JSON.parse(document.getElementById("rating-words").textContent);
  const said = Object.fromEntries(words.map((word) => [word.name, word]));
  const list = viewer.querySelector(".list");
  const rows = [...viewer.querySelectorAll("tbody tr")];
  const byId = (id) => document.getElementById(id);
  let rated = load();
  let current = 0;

  // A page opened from disk may be denied storage; ratings then last as long as the page.
  function load() {
    try { return JSON.parse(localStorage.getItem(store)) || {}; } catch { return {}; }
  }
  function keep() {
    try { localStorage.setItem(store, JSON.stringify(rated)); } catch { /* see load */ }
  }
  // What was said of a prediction is of what was seen: not of what a later run of that name made.
  function print(text) {
    let found = 0;
    for (let i = 0; i < text.length; i += 7) found = (Math.imul(found, 31) + text.charCodeAt(i)) | 0;
    return found;
  }
  const keys = new Map(images.map((image) => [image, `${image.image} ${image.method} ${print(image.jpeg)}`]));
  function key(image) { return keys.get(image); }
  // A bad image is bad whoever predicted it: that rating belongs to the image, all others to the prediction.
  function rating(image) { return rated[image.image] === "artefact" ? "artefact" : rated[key(image)] || ""; }
  function show(index) {
    current = Math.max(0, Math.min(images.length - 1, index));
    rows.forEach((row, i) => row.classList.toggle("current", i === current));
    const image = images[current];
    byId("qc-image").src = image.jpeg;
    byId("qc-title").textContent =
      `${current + 1} of ${images.length}: ${image.image}, ${image.method}${image.scores}`;
    // Only the list scrolls, never the page.
    const row = rows[current];
    list.scrollTop = Math.max(Math.min(list.scrollTop, row.offsetTop - row.offsetHeight),
      row.offsetTop + row.offsetHeight - list.clientHeight);
    paint();
  }
  function paint() {
    rows.forEach((row, i) => {
      const given = rating(images[i]);
      row.firstElementChild.textContent = given && said[given].key.toUpperCase();
      row.firstElementChild.className = given;
    });
    byId("qc-rating").textContent = (said[rating(images[current])] || { label: "not rated" }).label;
    byId("qc-save-images").textContent = `Save bad images (${badImages().length})`;
    byId("qc-save-predictions").textContent = `Save bad predictions (${badPredictions().length})`;
  }
  function rate(given) {
    const image = images[current];
    delete rated[image.image];
    delete rated[key(image)];
    if (given) rated[given === "artefact" ? image.image : key(image)] = given;
    keep();
    if (given) show(current + 1); else paint();
  }
  function badImages() {
    return [...new Set(images.filter((image) => rating(image) === "artefact").map((image) => image.image))];
  }
  function badPredictions() { return images.filter((image) => ["correct", "fail"].includes(rating(image))); }
  function excludeList() {
    const bad = badImages();
    return [
      `# Images of study ${study} that are themselves unusable, whoever predicts them.`,
      `# The next run leaves them out${viewer.dataset.excludeWords && `: ${viewer.dataset.excludeWords}`}.`,
      "# Bad predictions are not among them: leaving out where one method failed would favour it.",
      bad.length ? "visual_check:" : "visual_check: []",
      ...bad.map((image) => `- ${image}`),
    ].join("\n") + "\n";
  }
  function predictionList() {
    return ["image\tmethod\trating", ...badPredictions().map((one) => `${one.image}\t${one.method}\t${rating(one)}`)]
      .join("\n") + "\n";
  }
  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }
  // A name in a figure leads to #image-3, the third in the list.
  function follow() {
    const found = /^#image-(\d+)$/.exec(location.hash);
    if (!found) return;
    show(Number(found[1]) - 1);
    viewer.scrollIntoView();
  }

  const actions = {
    ...Object.fromEntries(words.map((word) => [word.key, () => rate(word.name)])), u: () => rate(""),
    arrowright: () => show(current + 1), arrowleft: () => show(current - 1),
    s: () => save(`exclude_${study}.yml`, excludeList()),
    d: () => save(`bad_predictions_${study}.tsv`, predictionList()),
  };
  document.addEventListener("keydown", (event) => {
    const action = actions[event.key.toLowerCase()];
    if (event.ctrlKey || event.metaKey || event.altKey || !action) return;
    event.preventDefault();
    action();
  });
  rows.forEach((row, i) => row.addEventListener("click", () => show(i)));
  for (const button of viewer.querySelectorAll("button[data-rating]")) {
    button.addEventListener("click", () => rate(button.dataset.rating));
  }
  for (const button of viewer.querySelectorAll("button[data-key]")) {
    button.addEventListener("click", actions[button.dataset.key]);
  }
  addEventListener("hashchange", follow);
  viewer.excludeList = excludeList;
  viewer.predictionList = predictionList;
  show(0);
  follow();
})();
