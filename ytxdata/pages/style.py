"""How the HTML report looks: on a desk, on a phone, at night, on A4."""

from __future__ import annotations

from ytxdata.templates import STYLE

SHEET = """<style>
:root{--paper:#fff;--ground:#f3f5f8;--ink:#1b2330;--quiet:#55606f;--rule:#d8dde4;--blue:#0072b2;--amber:#8f6300;--link:#005a8d;
--proven:#00694c;--probable:#8a5300;--gap:#a8331c;color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){:root{--paper:#171c24;--ground:#0e1218;--ink:#e7ebf1;--quiet:#a6b0bd;--rule:#353d49;
--blue:#56aee6;--amber:#e6b04d;--link:#8cc8f2;--proven:#3fbf94;--probable:#e0a050;--gap:#f08a72}
.chart g[id*=QuadMesh],.chart image{filter:invert(.92) hue-rotate(180deg)}.chart g[id*=QuadMesh] path{stroke:#fff!important}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--ink);line-height:1.55;
font-family:system-ui,-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99em}
.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem 1rem;z-index:1}
article,.languages{max-width:64rem;margin:0 auto;padding:0 1rem 2rem}
.languages{padding-top:1rem;padding-bottom:0;text-align:right}
header{padding:2rem 0 .5rem}
h1{font-size:1.9rem;line-height:1.25;margin:0 0 .3rem;letter-spacing:-.01em}
h2{font-size:1.2rem;margin:0 0 .8rem}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.5rem 0}
.quiet,figcaption{color:var(--quiet);font-size:.875rem}
section,nav.contents{background:var(--paper);border:1px solid var(--rule);border-radius:.6rem;padding:1.1rem 1.3rem;margin:1rem 0}
.verdict{border-left:.5rem solid var(--quiet);font-size:1.05rem}
.verdict.PROVEN{border-left-color:var(--proven)}
.verdict.PROBABLE{border-left-color:var(--probable)}
.verdict.GAP{border-left-color:var(--gap)}
.verdict h2{display:flex;gap:.8rem;align-items:center;flex-wrap:wrap}
nav.contents ul{columns:3 13rem;margin:0;padding:0 0 0 1.1rem}
nav.contents li{break-inside:avoid}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(12.5rem,1fr));gap:.6rem;margin:0 0 .8rem}
.figures div{border:1px solid var(--rule);border-radius:.4rem;padding:.7rem .9rem}
.figures dt{color:var(--quiet);font-size:.875rem}
.figures dd{margin:0}
.figures .value{font-size:1.5rem;font-weight:600;line-height:1.35;font-variant-numeric:tabular-nums;white-space:nowrap}
.figures .unit{font-size:.875rem;font-weight:400;color:var(--quiet)}
.figures .change{font-size:.875rem}
.figures .change .quiet{display:block}
figure{margin:0 0 1rem}
.chart{display:block;width:100%;height:auto;overflow:visible;fill:var(--ink)}
.chart *{stroke-linejoin:round;stroke-linecap:butt}
.chart text{font-family:inherit}
.chart.narrow{display:none;max-width:30rem}
.ytx{font-size:.84rem}
.ytx .ytx-scroll{background:linear-gradient(90deg,var(--paper) 40%,transparent) left/2.5rem 100% no-repeat local,
linear-gradient(270deg,var(--paper) 40%,transparent) right/2.5rem 100% no-repeat local,
linear-gradient(90deg,#0004,transparent) left/.8rem 100% no-repeat,linear-gradient(270deg,#0004,transparent) right/.8rem 100% no-repeat}
.ytx.ytx thead th,.ytx.ytx thead th.ytx-n{white-space:pre-line;vertical-align:bottom;min-width:5.2em;max-width:9em;line-height:1.3}
details{margin:.6rem 0}
summary{cursor:pointer;color:var(--link)}
.rules dt{font-weight:600;margin-top:.9rem;break-after:avoid}
.rules dd{margin:.1rem 0 0;break-inside:avoid}
code{font-family:ui-monospace,Consolas,monospace;font-size:.85em;color:var(--quiet);font-weight:400;overflow-wrap:anywhere}
@media (max-width:40rem){
article,.languages{padding-left:.6rem;padding-right:.6rem}header{padding-top:1rem}h1{font-size:1.5rem}
section,nav.contents{padding:.9rem .8rem;border-radius:.4rem}
nav.contents ul{columns:2}.figures{grid-template-columns:1fr 1fr;gap:.4rem}.figures .value{font-size:1.2rem}.figures div{padding:.5rem .6rem}
.chart.wide{display:none}.chart.narrow{display:block}
}
@page{size:A4;margin:14mm 13mm 16mm}
@media print{
body{background:none;font-size:9.5pt}
article{max-width:none;padding:0 0 0 1mm}.quiet,.figures dt,.figures .change,.figures .unit{font-size:8.5pt}article+article{break-before:page}
.skip,.languages,nav.contents,details.rows{display:none}
header{padding:0}h1{font-size:18pt}h2{font-size:12pt;break-after:avoid}
section{border:0;border-top:1px solid var(--rule);border-radius:0;padding:3mm 0;margin:0}
.verdict{border:1px solid var(--rule);border-left-width:2.5mm;padding:3mm 4mm;margin:3mm 0}
.verdict,.ytx-badge{print-color-adjust:exact;-webkit-print-color-adjust:exact}
figure,.figures div,tr{break-inside:avoid}
.figures{grid-template-columns:repeat(4,1fr)}.figures .value{font-size:14pt}
.chart.wide{display:block;max-width:none;max-height:90mm}.chart.narrow{display:none}
.ytx{font-size:6.8pt}.verdict .ytx,p .ytx{font-size:9.5pt}.ytx.ytx th,.ytx.ytx td{padding:.25em .3em}.ytx .ytx-scroll{overflow:visible;background:none}.ytx.ytx .ytx-l{min-width:12em}
.ytx.ytx thead th,.ytx.ytx thead th.ytx-n{min-width:0}
a{color:inherit;text-decoration:none}
}
</style>"""

HEAD = f"{STYLE}\n{SHEET}"
"""All styles of the page: those of tables, then its own."""
