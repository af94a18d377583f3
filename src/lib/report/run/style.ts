/** How a report looks: one column, light and dark, 320 pixels and wider, and on paper. Everything is in here. */
export const style = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1b2128; --soft: #59636e; --line: #d7dde3; --panel: #f5f7f9;
  --accent: #0f5fb0; --accent-2: #7fb0e6; --good: #1a7f37; --bad: #b3261e; --warn: #8a5300; --old: #9aa4ae; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1317; --text: #e4e9ee; --soft: #9aa5b0; --line: #2c333b; --panel: #171c22;
  --accent: #6cb2ff; --accent-2: #2f6cab; --good: #56c271; --bad: #ff8a80; --warn: #e6b450; --old: #6f7a86; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.125rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; max-width: 44rem; }
a { color: var(--accent); overflow-wrap: anywhere; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
.simulated { border: 2px dashed var(--warn); border-radius: 6px; padding: .5rem .75rem; margin: 0 0 1.25rem; max-width: none; }
.verdict { font-size: 1.125rem; }
.verdict strong, .mark { white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.skip, .waiting { color: var(--soft); } .active { color: var(--accent); }
nav ul { list-style: none; margin: 1rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .875rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.5rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
ul.list { margin: .25rem 0; padding-left: 1.25rem; } ul.list li { overflow-wrap: anywhere; margin: .25rem 0; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0; }
.scroll:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 0 0 .375rem; }
th, td { text-align: left; vertical-align: top; padding: .375rem 1rem .375rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } thead th { color: var(--soft); font-weight: 500; }
th:last-child, td:last-child { padding-right: 0; }
td { min-width: 6rem; max-width: 26rem; overflow-wrap: break-word; }
th code { white-space: nowrap; } td code { display: inline-block; min-width: 14rem; overflow-wrap: anywhere; }
td:last-child { min-width: 10rem; }
.figures, .figures:last-child { text-align: right; white-space: nowrap; min-width: 0; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--accent); font-size: .875rem; width: max-content; max-width: 100%; }
.chart { display: block; margin: .75rem 0 .25rem; overflow: hidden; font-size: 13px; }
.chart text { fill: var(--text); font-family: inherit; paint-order: stroke; stroke: var(--page); stroke-width: 3px; } .chart .figure, .chart .tick { fill: var(--soft); }
.chart .figure { font-variant-numeric: tabular-nums; } .chart .tick { font-size: 12px; }
.chart .grid { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.chart line.bar { stroke-width: 3; } .chart rect { shape-rendering: crispEdges; }
.bar.good { fill: var(--accent); stroke: var(--accent); } .bar.bad { fill: var(--bad); stroke: var(--bad); }
.bar.warn { fill: var(--warn); stroke: var(--warn); } .bar.active { fill: var(--accent-2); stroke: var(--accent); }
.bar.skip, .bar.waiting { fill: var(--old); stroke: var(--old); }
.bar.starting { fill: var(--old); stroke: var(--old); } .bar.loading { fill: var(--accent-2); stroke: var(--accent-2); }
rect.bar { stroke: none; }
.fleet-old { fill: var(--old); } .fleet-new { fill: var(--accent); } .fleet-paper { fill: var(--page); }
.fleet-starting { stroke: var(--accent); } .fleet-failing { stroke: var(--bad); } .fleet-leaving { fill: var(--old); }
.fleet-starting, .fleet-failing { stroke-width: 2; fill: none; }
.wanted { stroke: var(--text); stroke-width: 1; stroke-dasharray: 4 3; }
.legend { list-style: none; margin: .25rem 0 .75rem; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; color: var(--soft); }
.legend li::before { content: ""; display: inline-block; width: .875rem; height: .875rem; margin-right: .375rem; vertical-align: -2px; border: 1px solid var(--soft); }
.legend .old::before { background: var(--old); } .legend .new::before { background: var(--accent); }
.legend .starting::before { background: repeating-linear-gradient(135deg, var(--accent) 0 2px, var(--page) 2px 5px); }
.legend .failing::before { background: repeating-linear-gradient(45deg, var(--bad) 0 2px, transparent 2px 5px), repeating-linear-gradient(135deg, var(--bad) 0 2px, var(--page) 2px 5px); }
.legend .leaving::before { background: radial-gradient(circle, var(--old) 1.5px, var(--page) 2px) 0 0 / 5px 5px; }
.legend .up::before { background: var(--old); } .legend .loads::before { background: var(--accent-2); }
.legend .ready::before { background: var(--accent); } .legend .fetches::before { background: var(--warn); } .legend .killed::before { background: var(--bad); }
footer { color: var(--soft); font-size: .875rem; padding-top: 2rem; padding-bottom: 3rem; }
@media (max-width: 30rem) { dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: .5rem; } header { padding-top: 1.25rem; } }
@media print { :root { color-scheme: light; --page: #fff; --text: #000; --soft: #444; --line: #bbb; --panel: #f5f5f5;
    --accent: #0f5fb0; --accent-2: #7fb0e6; --good: #1a7f37; --bad: #b3261e; --warn: #8a5300; --old: #9aa4ae; }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; } nav { display: none; }
  header, main, footer { max-width: none; } .scroll { overflow: visible; } h2, h3, caption { break-after: avoid; } .chart, tr, pre { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; } }
`
