// Builds the element tree that markup.py describes, and reports what was picked.
// Text is only ever set as text: nothing that a model wrote is parsed as HTML.

const shown = new WeakMap();

function build(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const element = document.createElement(node.tag);
  for (const [name, value] of Object.entries(node.attrs)) {
    // The style attribute set as a property passes a strict content policy.
    if (name === "style") element.style.cssText = value;
    else element.setAttribute(name, value);
  }
  element.append(...node.children.map(build));
  return element;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".board");
  // Rebuilding would close what the reader opened; the same data is left as it is.
  const key = JSON.stringify(data);
  if (shown.get(root) !== key) {
    root.replaceChildren(build(data));
    shown.set(root, key);
  }
  root.onclick = (event) => {
    // With a modifier key a link opens in a new tab, as everywhere else.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target.closest("[data-pick]");
    if (!target) return;
    event.preventDefault();
    setTriggerValue("picked", target.dataset.pick);
  };
}
