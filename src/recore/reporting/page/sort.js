"use strict";
// A cell's first number decides, so "52.87 ± 0.05 ▲" sorts by 52.87; text sorts as text, below every number.
function number(text) {
  const found = text.replace(/\u2212/g, "-").replace(/(\d),(?=\d{3})/g, "$1").match(/^[^\d\w]*?([+-]?\d+(\.\d+)?)/);
  return found ? parseFloat(found[1]) : NaN;
}

function compare(a, b) {
  const x = number(a), y = number(b);
  if (isNaN(x) && isNaN(y)) return a.localeCompare(b);
  if (isNaN(x)) return 1;
  if (isNaN(y)) return -1;
  // "<0.001" is less than "0.001".
  return x - y || Number(b.startsWith("<")) - Number(a.startsWith("<"));
}

function sort(heading) {
  const table = heading.closest("table"), body = table.tBodies[0], column = heading.cellIndex;
  const descending = heading.getAttribute("aria-sort") === "ascending";
  const rows = Array.from(body.rows);
  rows.sort((a, b) => compare(a.cells[column].textContent, b.cells[column].textContent) * (descending ? -1 : 1));
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  body.append(...rows);
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sort(button.parentNode));
}
