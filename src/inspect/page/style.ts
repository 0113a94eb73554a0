/** All of a page's looks. Light and dark by what the reader's system says; on paper all that is folded is open. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfb; --ink: #1c2024; --soft: #59626b; --line: #dcdfe2; --raised: #f3f4f4; --link: #0a4f99; --shade: rgb(0 0 0 / 0.16);
  --same-ground: #e6f3ea; --same: #17592d; --differs-ground: #fdf0cf; --differs: #714500;
  --t0: #4a78ad; --t1: #c08a3e; --t2: #4f9a8b; --t3: #a8678f; --t4: #82883a; --t5: #7a6fb5; --t6: #b5654f; --t7: #6b7883;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181b; --ink: #e2e5e8; --soft: #9ca6b0; --line: #31373d; --raised: #1d2125; --link: #84b8f2; --shade: rgb(0 0 0 / 0.6);
    --same-ground: #16301f; --same: #93d5a7; --differs-ground: #382b0d; --differs: #efc675;
    --t0: #5f8fc6; --t1: #c9984f; --t2: #5faf9f; --t3: #bb7ba3; --t4: #979d4c; --t5: #9087cb; --t6: #c97a63; --t7: #828f9b;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; background: var(--ground); color: var(--ink); }
body { max-width: 78rem; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
code, .mono, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 0.875em; }
h1 { margin: 0.1rem 0 0.9rem; font-size: 1.55rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; letter-spacing: -0.01em; }
h2 { margin: 2.2rem 0 0.6rem; font-size: 1.05rem; font-weight: 600; }
h3 { margin: 0; font-size: 0.95rem; font-weight: 600; }
a { color: var(--link); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.kind { margin: 0; color: var(--soft); }
dl.facts { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr); gap: 0.15rem 1.25rem; margin: 0; }
dl.facts dt { color: var(--soft); overflow-wrap: anywhere; }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.verdict { display: inline-block; margin: 1.1rem 0 0; padding: 0.3rem 0.75rem; border-radius: 5px; font-weight: 600; }
.verdict.same { background: var(--same-ground); color: var(--same); }
.verdict.differs { background: var(--differs-ground); color: var(--differs); }
.verdict a { color: inherit; }
.scroll {
  position: relative; overflow-x: auto;
  background:
    linear-gradient(to right, var(--ground) 40%, transparent) left / 2rem 100% no-repeat local,
    linear-gradient(to left, var(--ground) 40%, transparent) right / 2rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 0.7rem 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) right / 0.7rem 100% no-repeat scroll;
}
table { border-collapse: collapse; min-width: min(100%, 30rem); }
th, td { padding: 0.32rem 1.1rem 0.32rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: 0.875rem; white-space: nowrap; border-bottom-color: var(--soft); }
tbody th { font-weight: 500; }
tbody tr:hover > * { background: var(--raised); }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.fit { display: block; width: max-content; max-width: 24rem; overflow-wrap: anywhere; }
.cell .fit { max-width: 9rem; margin: 0 auto; }
.number .fit { margin-left: auto; }
thead .fit { white-space: normal; }
tbody th:first-child { position: sticky; left: 0; background: var(--ground); }
tbody tr:hover th:first-child { background: var(--raised); }
.matrix .cell { text-align: center; padding: 0.32rem 0.6rem; }
.matrix thead .cell { vertical-align: bottom; }
.cell.yes { color: var(--same); }
.cell.absent, .cell.other { background: var(--differs-ground); color: var(--differs); }
tbody tr:hover > .cell.absent, tbody tr:hover > .cell.other { background: var(--differs-ground); }
.name { display: block; color: var(--soft); font-weight: 400; font-size: 0.875rem; }
.digest { display: inline-block; max-width: 21ch; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: top; line-height: 1.5rem; user-select: all; }
dl.facts .digest { max-width: 100%; white-space: normal; overflow-wrap: anywhere; }
.tag { display: inline-block; min-width: 4.2rem; color: var(--differs); font-weight: 600; }
.soft { color: var(--soft); }
details { border-bottom: 1px solid var(--line); }
summary { padding: 0.35rem 0; cursor: pointer; overflow-wrap: anywhere; }
summary:hover { background: var(--raised); }
details > :not(summary) { margin: 0.15rem 0 0.8rem 1.1rem; }
.values { display: grid; grid-template-columns: fit-content(55%) minmax(0, 1fr); gap: 0.2rem 1.25rem; }
.values dt { color: var(--soft); overflow-wrap: anywhere; }
.values dt code { color: var(--ink); }
.values dd { margin: 0; overflow-wrap: anywhere; }
.layers { margin: 0 0 1.1rem; }
.layers .head { display: flex; justify-content: space-between; gap: 1rem; font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; height: 0.85rem; margin: 0.25rem 0 0; background: var(--raised); border-radius: 2px; }
.small-bar { width: 9rem; height: 0.6rem; background: var(--raised); border-radius: 2px; }
.bar rect, .small-bar rect, .swatch rect { stroke: var(--ground); stroke-width: 1; vector-effect: non-scaling-stroke; }
.swatch { width: 0.7rem; height: 0.7rem; margin-right: 0.45rem; }
.t0 { fill: var(--t0); } .t1 { fill: var(--t1); } .t2 { fill: var(--t2); } .t3 { fill: var(--t3); }
.t4 { fill: var(--t4); } .t5 { fill: var(--t5); } .t6 { fill: var(--t6); } .t7 { fill: var(--t7); }
ol.groups { margin: 0.2rem 0 0.8rem; padding-left: 1.6rem; }
ol.groups li { padding: 0.1rem 0; overflow-wrap: anywhere; }
ul.plain { margin: 0; padding-left: 1.1rem; }
ul.plain li { overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; color: var(--soft); font-size: 0.875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  body { padding: 1.2rem 0.9rem 2rem; }
  h1 { font-size: 1.25rem; }
  dl.facts, .values { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.facts dd, .values dd { margin-bottom: 0.35rem; }
  .fit { max-width: 11rem; }
}
@media print {
  :root { --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --raised: #eee; --link: #000; }
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  .scroll { overflow: visible; background: none; }
  .digest { max-width: none; white-space: normal; overflow-wrap: anywhere; }
  .verdict, .cell, .bar rect, .small-bar rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, tr, .layers .head { break-inside: avoid; break-after: avoid-page; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
}
`
