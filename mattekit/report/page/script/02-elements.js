// Elements are made here and nowhere else; text goes in as text, so that no name of a file is ever read as HTML.
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, given] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), given);
    else if (given === true) element.setAttribute(name, "");
    else if (given !== false && given !== null && given !== undefined) element.setAttribute(name, given);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function byId(name) {
  return document.getElementById(name);
}

// Radio buttons that look like one row of buttons; `changed` gets the index of the chosen one.
function choice(host, labels, selected, changed) {
  host.replaceChildren(...labels.map((label, i) => make("label", {},
    make("input", { type: "radio", name: host.id, checked: i === selected, onchange: () => changed(i) }),
    make("span", {}, label))));
}

function choose(host, index) {
  const input = host.querySelectorAll("input")[index];
  if (input && !input.checked) input.click();
}

function options(select, rows, selected) {
  select.replaceChildren(...rows.map(([key, label]) => make("option", { value: key, selected: key === selected }, label)));
}

// A cell of the strip of thumbnails of a picture: 0 is the picture, 1 + i the errors of method i.
function thumbnail(picture, cell, label) {
  const [height, width] = PICTURES[picture].thumbnail ?? [135, 180];
  const frame = make("span", { class: "thumb" });
  for (const [name, number] of Object.entries({ width, height, cell })) frame.style.setProperty(`--${name}`, number);
  if (!PICTURES[picture].size) return frame;
  const inlined = byId(`thumbnail-${picture}`);
  const image = make("img", {
    loading: PICTURES.length > 60 ? "lazy" : "eager", decoding: "async", alt: label,
    src: DATA.folder === null ? inlined.textContent : `${DATA.folder}/${picture}.jpg`,
  });
  frame.append(image);
  return frame;
}
