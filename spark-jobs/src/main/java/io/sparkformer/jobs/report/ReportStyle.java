package io.sparkformer.jobs.report;

/** How a report looks: on light and dark screens, on narrow ones, and on paper. */
final class ReportStyle {

  static final String CSS =
      """
      :root { color-scheme: light dark; --ground: #fff; --ink: #1c2430; --faint: #55606f; --line: #d5dbe3; --head: #f3f5f8;
        --block: #f7f8fa; --wrong: #fdecea; --prompt: #1f4e9c; --colour0: #7488a6; --colour1: #1f4e9c; --colour2: #d15a1f; }
      @media (prefers-color-scheme: dark) {
        :root { --ground: #14181f; --ink: #e3e8ef; --faint: #9aa6b5; --line: #39424f; --head: #1f2630; --block: #1a2029;
          --wrong: #4a211d; --prompt: #8ab4f8; --colour0: #5d6f8a; --colour1: #8ab4f8; --colour2: #f29b6b; }
      }
      body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
      main { max-width: 1000px; margin: 0 auto; padding: 1rem; }
      h1, h2 { line-height: 1.2; overflow-wrap: anywhere; }
      h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
      section { break-inside: auto; }
      dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: .75rem; }
      @media (max-width: 480px) { dl { grid-template-columns: 1fr 1fr; } }
      dl > div { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .75rem; break-inside: avoid; }
      .wide { grid-column: 1 / -1; }
      dt { color: var(--faint); font-size: .85rem; }
      dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
      .state { border-left: 4px solid var(--colour1); background: var(--block); padding: .5rem .75rem; overflow-wrap: anywhere; }
      .state.bad { border-color: var(--colour2); }
      progress { width: 100%; }
      img { display: block; max-width: 100%; height: auto; margin: .75rem 0; background: #fff; break-inside: avoid; }
      .maps, .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: .5rem; }
      figure { margin: 0; min-width: 0; break-inside: avoid; }
      figcaption { font-weight: 600; }
      svg { display: block; width: 100%; height: auto; }
      svg text { font-size: 14px; fill: var(--ink); }
      .grid { stroke: var(--line); }
      .colour0 { --own: var(--colour0); } .colour1 { --own: var(--colour1); } .colour2 { --own: var(--colour2); }
      .curve { fill: none; stroke: var(--own); stroke-width: 2; stroke-linejoin: round; }
      .curve, .grid, svg text { pointer-events: none; }
      .point { fill: var(--own); stroke: transparent; stroke-width: 8; }
      .reach { fill: transparent; }
      .reach:hover, .point:hover { fill: var(--ink); }
      .legend { list-style: none; margin: .25rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0 1.25rem; font-size: .9rem; }
      .swatch { display: inline-block; width: 1em; height: .3em; margin-right: .4em; vertical-align: middle; background: var(--own); }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .75rem 0; }
      th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
      th { background: var(--head); font-weight: 600; }
      td.text { overflow-wrap: anywhere; min-width: 12rem; }
      .number { text-align: right; white-space: nowrap; }
      .wrong { background: var(--wrong); }
      summary { cursor: pointer; }
      pre, .text { font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
      pre { background: var(--block); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; margin: .5rem 0; }
      .prompt { color: var(--prompt); font-weight: 600; }
      @media print { main { max-width: none; padding: 0; } pre { border: 0; padding: 0; } h2 { break-after: avoid; } }
      """;

  private ReportStyle() {}
}
