// htmx replaces parts of lists and nothing else: no expressions from
// attributes, no other origin, and a failed request says so in a toast.
import { say, word } from "./toast.js";

const never = class {
  constructor() { throw new Error("expressions in attributes are off"); }
};

export function secure() {
  window.htmx?.registerExtension("stoa", { init: (api) => api.initSecurity(null, never, never) });
  for (const name of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(name, (event) => {
      if (event.detail?.ctx?.status?.includes("AbortError")) return;
      if (event.detail?.ctx?.response?.status === 401) { location.reload(); return; }
      say(word("failed"), true);
    });
  }
}
