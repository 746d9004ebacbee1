// Pointers on a pane: drag to pan, wheel or two fingers to zoom, double click for one pixel to one and back.
function movable(pane) {
  const { canvas } = pane;
  const down = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
    canvas.classList.add("moving");
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = down.get(event.pointerId);
    if (last) {
      moved(canvas, down, last, event);
      down.set(event.pointerId, event);
    }
    point(pane, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      down.delete(event.pointerId);
      canvas.classList.toggle("moving", down.size > 0);
    });
  }
  canvas.addEventListener("pointerleave", () => {
    view.cursor = null;
    tellReadings();
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    zoomBy(Math.exp(-event.deltaY * lines * 0.0022), ...fromMiddle(canvas, event));
    point(pane, event);
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => {
    if (view.fitted) zoomBy(1 / view.scale, ...fromMiddle(canvas, event));
    else fit();
  });
}

function moved(canvas, down, last, event) {
  const other = [...down.values()].find(({ pointerId }) => pointerId !== event.pointerId);
  if (other) {
    const apart = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
    zoomBy(apart(event) / Math.max(1, apart(last)), ...fromMiddle(canvas, other));
  } else {
    pan(event.clientX - last.clientX, event.clientY - last.clientY);
  }
}

function fromMiddle(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
}

// The divider between two layers, for pointers and for the arrow keys.
function divider(pane) {
  const bar = make("div", {
    class: "divider", role: "slider", tabindex: 0, "aria-label": "Divider between left and right", "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  const place = (share) => {
    show.split = Math.min(1, Math.max(0, share));
    bar.style.left = `${show.split * 100}%`;
    bar.setAttribute("aria-valuenow", Math.round(show.split * 100));
    redraw();
  };
  bar.addEventListener("pointerdown", (event) => bar.setPointerCapture(event.pointerId));
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = pane.canvas.getBoundingClientRect();
    place((event.clientX - box.left) / box.width);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    place(show.split + step);
  });
  place(show.split);
  return bar;
}
