/** The style sheet of the pages that the gateway serves itself: no script, no font, no picture from elsewhere. */
export const STYLE = `:root {
  color-scheme: light dark;
  --page: light-dark(#fdfcfa, #15161a);
  --ink: light-dark(#1d1f25, #e7e5e0);
  --faint: light-dark(#6a6c75, #9b9da6);
  --line: light-dark(#e4e1da, #2c2e36);
  --plate: light-dark(#f5f3ee, #1d1f25);
  --accent: light-dark(#b03a12, #ff9466);
  --well: light-dark(#196b3a, #6fd497);
  --ill: light-dark(#9a5b00, #f2b95c);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; }
body {
  margin: 0;
  background: var(--page);
  color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  display: grid;
  grid-template-columns: minmax(14rem, 18rem) minmax(0, 1fr);
}
body.plain { display: block; max-width: 46rem; margin: 0 auto; padding: 3rem 1.5rem; }
nav {
  position: sticky;
  top: 0;
  height: 100vh;
  overflow-y: auto;
  padding: 2rem 1.25rem;
  border-right: 1px solid var(--line);
  font-size: 0.9rem;
}
nav h2 { font-size: 0.75rem; letter-spacing: 0.06em; text-transform: uppercase; color: var(--faint); margin: 1.75rem 0 0.25rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: 0.2rem 0; }
.brand { font-size: 1.4rem; font-weight: 700; letter-spacing: -0.02em; }
main { padding: 2.5rem clamp(1.25rem, 4vw, 4rem) 6rem; max-width: 64rem; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 0.2em; }
nav a { text-decoration: none; }
a:hover { color: var(--accent); }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h1 { font-size: 2.2rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 1rem; }
main h2 { font-size: 1.5rem; margin: 3.5rem 0 0.5rem; }
h3 { font-size: 1.2rem; margin: 0 0 0.5rem; }
h4 { font-size: 0.85rem; color: var(--faint); margin: 1.75rem 0 0.5rem; }
.lead { font-size: 1.1rem; color: var(--faint); max-width: 46rem; }
.faint { color: var(--faint); font-size: 0.9rem; }
article { border-top: 1px solid var(--line); padding: 2rem 0; }
article:target h3 { color: var(--accent); }
code, pre { font: 0.875em/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--plate); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.1rem; overflow-x: auto; margin: 0.5rem 0 1rem; }
pre code { font-size: 0.82rem; }
aside { border-left: 3px solid var(--accent); background: var(--plate); padding: 0.6rem 1rem; border-radius: 0 8px 8px 0; margin: 1rem 0; font-size: 0.95rem; }
aside ul { margin: 0.25rem 0 0; padding-left: 1.1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th { text-align: left; color: var(--faint); font-weight: 500; }
th, td { padding: 0.5rem 0.9rem 0.5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { white-space: nowrap; }
.must { color: var(--accent); font-size: 0.78rem; }
.rule { display: inline-block; background: var(--plate); border: 1px solid var(--line); border-radius: 5px; padding: 0 0.4em; font-size: 0.8rem; color: var(--faint); }
.method { display: inline-block; min-width: 4em; font: 700 0.68rem/1 ui-monospace, monospace; text-transform: uppercase; color: var(--faint); }
.method.post { color: var(--accent); }
.method.get { color: var(--well); }
.method.patch, .method.delete { color: var(--ill); }
.route { margin: 0 0 0.75rem; }
.route code { font-size: 0.95rem; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 8px; padding: 0.5rem 1rem; margin: 0.4rem 0; }
summary { cursor: pointer; }
.status { font: 600 0.85rem ui-monospace, monospace; }
.status.well { color: var(--well); }
.status.ill { color: var(--ill); }
@media (max-width: 52rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
}
`;
