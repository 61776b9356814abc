// The back office's own script. Every screen works without it; it adds the
// keyboard, the command bar, the guard of unsaved work and the small comforts.
import { secure } from "./swap.js";
import { dialogs } from "./dialog.js";
import { command } from "./command.js";
import { keys } from "./keys.js";
import { guard } from "./guard.js";
import { toasts } from "./toast.js";
import { tables } from "./table.js";
import { drops } from "./drop.js";
import { charts } from "./chart.js";
import { media } from "./media.js";

secure();
dialogs();
command();
keys();
guard();
toasts();
tables();
drops();
charts();
media();

// After a refusal the page begins where the trouble is.
const fault = document.querySelector("[data-focus]") ?? document.querySelector("[aria-invalid=true]");
fault?.focus();
