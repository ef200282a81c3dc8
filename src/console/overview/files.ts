/** The files of the console's view of days and assistants in sums, by name. */

import chart from "./chart.js" with { type: "text" };
import daySums from "./day_sums.js" with { type: "text" };
import eachAssistant from "./each_assistant.js" with { type: "text" };
import endingsPlot from "./endings_plot.js" with { type: "text" };
import overviewCss from "./overview.css" with { type: "text" };
import overview from "./overview.js" with { type: "text" };
import plotLegend from "./plot_legend.js" with { type: "text" };
import plotValues from "./plot_values.js" with { type: "text" };
import table from "./table.js" with { type: "text" };

export const OVERVIEW_FILES: Readonly<Record<string, string>> = {
  "chart.js": chart,
  "day_sums.js": daySums,
  "each_assistant.js": eachAssistant,
  "endings_plot.js": endingsPlot,
  "overview.css": overviewCss,
  "overview.js": overview,
  "plot_legend.js": plotLegend,
  "plot_values.js": plotValues,
  "table.js": table,
};
