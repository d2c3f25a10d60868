// The few ways in which this page touches the document. Text goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** Write text only where it differs, so that selections survive. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The child that carries data-part="name". */
export const part = (node, name) => node.querySelector(`[data-part="${name}"]`);

/** One row an item: rows are made from a template once and then filled again and again. */
export function fillRows(body, template, items, fill) {
  while (body.rows.length > items.length) body.deleteRow(-1);
  while (body.rows.length < items.length) body.append(template.content.cloneNode(true));
  items.forEach((item, index) => fill(body.rows[index], item));
}
