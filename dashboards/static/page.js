// What every page but the NOC's can do: dark or light.

import { switchTheme } from "./switch_theme.js";

const button = document.getElementById("theme");
if (button) switchTheme(button);
