// Keeps the server's trimap as the page's, and the page's result as the server's: strokes at once, fine solutions after.

import { cut, join } from "./rectangles.js";

const QUIET = 140; // milliseconds after a stroke in which no fine solution begins
const CHECK = 500; // milliseconds after which it is asked whether all is saved
const AGAIN = 1500; // milliseconds before a request that failed is made again

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Follower {
  // told: { busy(boolean), changed(), saved(state), failed(message), timed(milliseconds) }
  constructor(picture, told) {
    Object.assign(this, { picture, told, pending: null, sending: false, refining: false, closed: false, latest: 0, open: true });
  }

  // Send the trimap of a rectangle, as it is when its turn comes.
  changed(box) {
    this.pending = join(this.pending, box);
    this.latest = performance.now();
    if (!this.sending) this.send();
  }

  async send() {
    this.sending = true;
    this.told.busy(true);
    while (this.pending && !this.closed) {
      const box = this.pending, start = performance.now();
      this.pending = null;
      try {
        const patch = await this.picture.server.stroke(box, cut(this.picture.levels, this.picture.width, box));
        if (patch && !this.closed) {
          this.take(patch);
          this.told.timed(performance.now() - start);
        }
      } catch (error) {
        this.pending = join(this.pending, box);
        this.told.failed(error.message);
        if (error.status === 404 || error.status === 401) break;
        await pause(AGAIN);
      }
    }
    this.sending = false;
    this.refine();
    this.watch();
    this.told.busy(false);
  }

  take(patch) {
    if (this.picture.take(patch)) this.told.changed();
    else this.picture.server.result().then((late) => { if (late && !this.closed && this.picture.take(late)) this.told.changed(); }, () => {});
  }

  // Ask for fine solutions until there are none.
  async refine() {
    if (this.refining) return;
    this.refining = true;
    this.told.busy(true);
    while (!this.closed && !this.pending) {
      const wait = QUIET - (performance.now() - this.latest);
      if (wait > 0 || this.sending) {
        await pause(Math.max(20, wait));
        continue;
      }
      try {
        const patch = await this.picture.server.refine();
        if (!patch) break;
        if (!this.closed) this.take(patch);
      } catch (error) {
        if (error.status !== 503) {
          this.told.failed(error.message);
          break;
        }
        await pause(1000 * (error.wait || 1));
      }
    }
    this.refining = false;
    this.told.busy(false);
  }

  // Tell when the server has saved all.
  async watch() {
    if (this.watching) return;
    this.watching = true;
    while (!this.closed) {
      await pause(CHECK);
      const state = await this.picture.server.saved().catch(() => null);
      if (this.closed || !state || !state.saved) break;
      const done = state.saved.revision >= state.revision && !this.sending;
      this.told.saved({ done, error: state.saved.error });
      if (done || state.saved.error) break;
    }
    this.watching = false;
  }

  close() { this.closed = true; }
}
