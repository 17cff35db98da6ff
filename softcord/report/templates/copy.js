"use strict";
// A button before a list copies the list's items, one a line.
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const list = button.nextElementSibling;
    const text = [...list.children].map((item) => item.textContent).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // A page opened from disk may not write to the clipboard: what is selected can be copied by hand.
      getSelection().selectAllChildren(list);
      button.textContent = "Selected: press Ctrl-C";
    }
  });
}
