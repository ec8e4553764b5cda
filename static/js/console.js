// What every page gains with JavaScript. Nothing here is needed to use the console.
import { startCopying } from "./copy.js";
import { startMenus } from "./menus.js";
import { startForms } from "./forms.js";
import { startToasts } from "./toasts.js";

startCopying();
startMenus();
startForms();
startToasts();
