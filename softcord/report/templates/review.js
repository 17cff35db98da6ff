"use strict";
// Look at masks by keyboard and rate them. Pictures come from a file for each mask, the next ones ahead of time.
(() => {
  const root = document.getElementById("review");
  if (!root) return;
  const data = JSON.parse(document.getElementById("review-data").textContent);
  const served = data.served, entries = data.entries, byMask = new Map(entries.map((e) => [e.mask, e]));
  const store = `softcord-review-${data.store}`;
  const words = JSON.parse(document.getElementById("rating-words").textContent);
  const label = (name) => (words.find((word) => word.name === name) || { label: "·" }).label;
  const steps = ["#fff7a8", "#ffd600", "#ff8c00", "#f2542d", "#d61a1c"];
  const $ = (id) => document.getElementById(id);
  const buttons = [...root.querySelectorAll("button[data-rating]")];
  const loaded = new Map(), waiting = new Map();
  let shown = [], rows = [], current = 0, slice = 0, contrast = 100, brightness = 100, overlay = true;
  let own = recall(), unsent = [];

  function recall() { try { return JSON.parse(localStorage.getItem(store)) || []; } catch { return []; } }
  function keep() { try { localStorage.setItem(store, JSON.stringify(own)); } catch { /* as long as the page */ } }
  const rater = () => $("review-rater").value.trim();
  // By mask, then by rater: hundreds of masks are asked for what was said of them after each key.
  const said = new Map();
  const note = (one) => { if (!said.has(one.mask)) said.set(one.mask, new Map()); said.get(one.mask).set(one.rater, one); };
  // What this browser keeps counts for the mask as it was then, and only if nothing later was said elsewhere.
  const counts = (one) => byMask.has(one.mask) && byMask.get(one.mask).mask_sha256 === one.mask_sha256;
  const isNews = (one) => counts(one) && !data.ratings.some((r) => r.mask === one.mask && r.rater === one.rater && (r.rated_at > one.rated_at || (r.rated_at === one.rated_at && r.rating === one.rating)));
  [...data.ratings, ...own.filter(isNews)].forEach(note);
  const mine = (entry) => (said.get(entry.mask) || new Map()).get(rater());
  const ratingOf = (entry) => (mine(entry) || {}).rating || "";
  const others = (entry) => [...(said.get(entry.mask) || new Map()).values()].filter((r) => r.rater !== rater() && r.rating);

  window.softcordReview = (key, pictures) => {
    const all = [...pictures.axial, pictures.sagittal, pictures.coronal];
    Promise.all(all.map((one) => {
      one.image = new Image();
      one.image.src = `data:image/jpeg;base64,${one.jpeg}`;
      delete one.jpeg;
      return one.image.decode().catch(() => {});
    })).then(() => { loaded.set(key, pictures); const then = waiting.get(key); waiting.delete(key); if (then) then(pictures); });
  };
  const keyOf = (entry) => entry.file.replace(/^.*\//, "").replace(/\.js$/, "");
  function load(entry, then) {
    if (!entry || !entry.file) return;
    const key = keyOf(entry);
    if (loaded.has(key)) { if (then) then(loaded.get(key)); return; }
    if (waiting.has(key)) { if (then) waiting.set(key, then); return; }
    waiting.set(key, then || null);
    const script = document.createElement("script");
    script.src = entry.file;
    script.onload = () => script.remove();
    document.head.append(script);
  }
  function forget() { // what is far from the one looked at is loaded again when it is wanted
    const near = new Set(shown.slice(Math.max(0, current - 3), current + 6).filter((e) => e.file).map(keyOf));
    [...loaded.keys()].forEach((key) => { if (!near.has(key)) loaded.delete(key); });
  }

  function paint(canvas, picture, lines, width) {
    if (!picture) { canvas.width = canvas.width; return; }
    const zoom = width / picture.width, pixels = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * pixels); canvas.height = Math.round(picture.height * zoom * pixels);
    canvas.style.width = `${width}px`; canvas.style.height = `${Math.round(picture.height * zoom)}px`;
    const pen = canvas.getContext("2d");
    pen.scale(zoom * pixels, zoom * pixels);
    pen.filter = `brightness(${brightness}%) contrast(${contrast}%)`;
    pen.drawImage(picture.image, 0, 0);
    pen.filter = "none";
    if (!lines) return;
    picture.contours.forEach((level, step) => {
      pen.strokeStyle = steps[step];
      pen.lineWidth = (step === 2 ? 1.8 : 0.8) / zoom;
      level.forEach((line) => {
        pen.beginPath();
        let x = 0, y = 0; // points are steps, in quarters of a pixel
        for (let i = 0; i < line.length; i += 2) { x += line[i] / 4; y += line[i + 1] / 4; pen.lineTo(x, y); }
        pen.stroke();
      });
    });
  }
  function draw() {
    const entry = shown[current], pictures = entry && loaded.get(keyOf(entry));
    if (!pictures) return;
    const room = $("review-views").clientWidth, narrow = room < 640;
    const big = Math.min(300, Math.floor((room - 16) / (narrow ? 2 : 3.2)));
    paint($("review-plain"), pictures.axial[slice], false, big);
    paint($("review-axial"), pictures.axial[slice], overlay, big);
    const long = Math.floor(Math.min(big * 0.62, (room - 2 * big - 40) / 2 > 80 ? (room - 2 * big - 40) / 2 : big * 0.8));
    paint($("review-sagittal"), pictures.sagittal, overlay, long);
    paint($("review-coronal"), pictures.coronal, overlay, long);
    const cells = [...$("review-mosaic").children], side = Math.floor((room - 8 * 4) / (narrow ? 4 : 8));
    cells.forEach((cell, i) => {
      const place = pictures.mosaic[i];
      cell.hidden = place === undefined;
      if (place !== undefined) { paint(cell, pictures.axial[place], overlay, Math.min(side, 150)); cell.classList.toggle("current", place === slice); }
    });
    $("review-slice").max = pictures.axial.length - 1;
    $("review-slice").value = slice;
    $("review-slice-name").textContent = `slice ${pictures.slices[slice]} (0 is the lowest), ${slice + 1} of ${pictures.axial.length} from the top`;
  }
  function show(index) {
    if (rows[current]) rows[current].classList.remove("current");
    current = Math.max(0, Math.min(shown.length - 1, index));
    const entry = shown[current];
    $("review-problem").textContent = entry ? entry.problem : "No mask fits the filter.";
    $("review-views").hidden = !entry || !entry.file;
    if (!entry) { $("review-title").textContent = ""; $("review-about").textContent = ""; return; }
    const row = rows[current], list = $("review-list");
    row.classList.add("current");
    list.scrollTop = Math.max(Math.min(list.scrollTop, row.offsetTop - 60), row.offsetTop + row.offsetHeight - list.clientHeight);
    $("review-title").textContent = `${current + 1} of ${shown.length}: ${entry.name}`;
    const odd = entry.reasons.length ? `: ${entry.reasons.join("; ")}` : "";
    $("review-about").textContent = entry.problem ? "" : `quality ${entry.score.toFixed(2)}${odd}`;
    if (document.activeElement !== $("review-comment")) $("review-comment").value = (mine(entry) || {}).comment || "";
    told();
    load(entry, (pictures) => {
      if (shown[current] !== entry) return;
      slice = pictures.mosaic[Math.floor(pictures.mosaic.length / 2)] || 0;
      draw();
      for (const ahead of [1, 2, 3, -1]) load(shown[current + ahead]);
      forget();
      root.dataset.shown = entry.name;
    });
  }
  function mark(row, entry) {
    const rating = ratingOf(entry);
    row.cells[0].textContent = label(rating);
    row.dataset.rating = rating;
  }
  function told() {
    const entry = shown[current];
    if (!entry) return;
    mark(rows[current], entry);
    const rating = ratingOf(entry);
    buttons.forEach((button) => button.classList.toggle("chosen", button.dataset.rating === rating));
    const by = others(entry).map((r) => `${r.rater}: ${label(r.rating)}${r.comment ? ` (${r.comment})` : ""}`);
    $("review-others").textContent = by.length ? `Others: ${by.join(", ")}` : "";
    const given = entries.map(ratingOf), count = (one) => given.filter((rating) => rating === one).length;
    $("review-counts").textContent = `${words.map((word) => `${count(word.name)} ${word.label}`).join(", ")}, of ${entries.length}`;
  }
  function say(entry, rating, comment) {
    if (!rater()) { $("review-state").textContent = "Write your name first: ratings are yours."; $("review-rater").focus(); return false; }
    const one = { image: entry.name, mask: entry.mask, rater: rater(), rating, comment, mask_sha256: entry.mask_sha256, rated_at: new Date().toISOString().slice(0, 19) + "Z" };
    own = [...own.filter((o) => !(o.mask === one.mask && o.rater === one.rater)), one];
    note(one);
    keep();
    told();
    if (served) { unsent = [...unsent.filter((o) => o.mask !== one.mask || o.rater !== one.rater), one]; send(); }
    return true;
  }
  let sending = false;
  async function send() {
    if (sending) return;
    sending = true;
    while (unsent.length) {
      const one = unsent[0];
      try {
        const answer = await fetch("rate", { method: "POST", body: JSON.stringify(one) });
        if (!answer.ok) throw new Error(await answer.text());
        unsent = unsent.filter((o) => o !== one);
        $("review-state").textContent = unsent.length ? `${unsent.length} being saved` : "saved";
        $("review-state").classList.remove("error");
      } catch (error) {
        $("review-state").textContent = `${unsent.length} not saved yet (tried again; if the server is gone, Save ratings and softcord review -take keep them): ${error.message}`;
        $("review-state").classList.add("error");
        $("review-save").hidden = false;
        setTimeout(send, 3000);
        break;
      }
    }
    sending = false;
  }
  function rate(rating) {
    const entry = shown[current];
    if (entry && say(entry, rating, $("review-comment").value.trim())) show(current + 1);
  }
  function fill() {
    const word = $("review-filter").value.trim().toLowerCase(), state = $("review-only").value;
    const before = shown[current];
    shown = entries.filter((e) => {
      const rating = ratingOf(e);
      return (!word || `${e.name} ${e.contrast} ${e.reasons.join(" ")}`.toLowerCase().includes(word))
        && (state === "all" || (state === "unrated" ? !rating : rating === state));
    });
    const sort = $("review-sort").value;
    shown.sort((a, b) => (sort === "score" ? a.score - b.score : 0) || (sort === "contrast" ? a.contrast.localeCompare(b.contrast) : 0) || a.name.localeCompare(b.name));
    const body = $("review-list").querySelector("tbody");
    rows = shown.map((entry, i) => {
      const row = document.createElement("tr");
      for (const text of ["", entry.name, entry.contrast, entry.score.toFixed(2)]) row.insertCell().textContent = text;
      mark(row, entry);
      row.addEventListener("click", () => show(i));
      return row;
    });
    body.replaceChildren(...rows);
    show(Math.max(0, shown.indexOf(before)));
  }
  function table() {
    const columns = ["image", "mask", "rater", "rating", "comment", "rated_at", "mask_sha256"];
    return [columns, ...own.filter(counts).map((one) => columns.map((name) => String(one[name]).replace(/\s+/g, " ")))].map((row) => row.join("\t")).join("\n") + "\n";
  }
  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([table()], { type: "text/tab-separated-values" }));
    link.download = "qc_ratings.tsv";
    link.click();
    URL.revokeObjectURL(link.href);
  }
  function turn(by) {
    const pictures = shown[current] && loaded.get(keyOf(shown[current]));
    if (!pictures) return;
    slice = Math.max(0, Math.min(pictures.axial.length - 1, slice + by));
    draw();
  }
  function grey(c, b) { contrast = Math.max(20, Math.min(400, contrast + c)); brightness = Math.max(20, Math.min(400, brightness + b)); $("review-window").value = contrast; $("review-level").value = brightness; draw(); }

  const actions = {
    ArrowRight: () => show(current + 1), n: () => show(current + 1), ArrowLeft: () => show(current - 1),
    ArrowUp: () => turn(-1), ArrowDown: () => turn(1),
    ...Object.fromEntries(words.map((word) => [word.key, () => rate(word.name)])), u: () => shown[current] && say(shown[current], "", ""),
    o: () => { overlay = !overlay; draw(); }, m: () => $("review-comment").focus(),
    "]": () => grey(10, 0), "[": () => grey(-10, 0), "+": () => grey(0, 10), "-": () => grey(0, -10),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.matches("input[type=text], select")) { if (event.key === "Escape" || event.key === "Enter") event.target.blur(); return; }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!(key in actions)) return;
    event.preventDefault();
    actions[key]();
  });
  $("review-slice").addEventListener("input", (event) => { slice = Number(event.target.value); draw(); });
  $("review-window").addEventListener("input", (event) => { contrast = Number(event.target.value); draw(); });
  $("review-level").addEventListener("input", (event) => { brightness = Number(event.target.value); draw(); });
  $("review-comment").addEventListener("change", () => { const e = shown[current]; if (e) say(e, ratingOf(e), $("review-comment").value.trim()); });
  buttons.forEach((button) => button.addEventListener("click", () => rate(button.dataset.rating)));
  for (const one of ["filter", "only", "sort"]) $(`review-${one}`).addEventListener("input", fill);
  $("review-rater").addEventListener("change", fill);
  $("review-save").hidden = served;
  $("review-save").addEventListener("click", save);
  for (let i = 0; i < 8; i += 1) {
    const cell = document.createElement("canvas");
    cell.addEventListener("click", () => { const p = loaded.get(keyOf(shown[current])); slice = p.mosaic[i]; draw(); });
    $("review-mosaic").append(cell);
  }
  addEventListener("resize", draw);
  addEventListener("beforeunload", (event) => { if (unsent.length) event.preventDefault(); });
  root.ratingsTable = table;
  if (served && own.length) { unsent = own.filter(isNews); send(); }
  fill();
})();
