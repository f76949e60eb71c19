#include "apps/martletd/watch_page.h"

namespace martlet::daemon {
namespace {

constexpr const char* kWatchHtml = R"page(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Martlet server</title>
<link rel="stylesheet" href="/watch.css">
<h1>Martlet server</h1>
<p id="state" role="status">Asking the server…</p>
<main id="plots"></main>
<p>The last five minutes, second by second. The same numbers: <code>martletd status --watch</code>, and
<a href="/metrics">/metrics</a> for Prometheus.</p>
<script src="/watch.js"></script>
</html>
)page";

constexpr const char* kStyle =
    R"page(:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
figure { border: 1px solid #8886; border-radius: .5rem; margin: 0; padding: .6rem .8rem; }
figcaption { display: flex; justify-content: space-between; }
figcaption b { font-variant-numeric: tabular-nums; }
svg { display: block; height: 6rem; width: 100%; }
polyline { fill: none; stroke: #2a7ae2; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.lost { color: #c33; }
)page";

constexpr const char* kScript = R"page('use strict';
const kKept = 300;
const sum = (value) => typeof value === 'number' ? value
  : value && typeof value === 'object' ? Object.values(value).reduce((all, each) => all + (Number(each) || 0), 0) : 0;
const grown = (before, now) => now < before ? now : now - before;

// Buckets of one histogram, or of several together: [bound, cumulative count].
function buckets(value) {
  if (!value) return [];
  if (value.buckets) return value.buckets;
  const all = Object.values(value).map((each) => each.buckets || []);
  return (all[0] || []).map(([bound], i) => [bound, all.reduce((n, each) => n + each[i][1], 0)]);
}
function count(value) {
  if (!value) return 0;
  return 'count' in value ? value.count : Object.values(value).reduce((n, each) => n + each.count, 0);
}
function quantile(before, now, part) {
  const total = grown(count(before), count(now));
  if (total <= 0) return null;
  const old = count(now) < count(before) ? [] : buckets(before);
  let from = 0, below = 0;
  for (const [i, [bound, all]] of buckets(now).entries()) {
    const cumulative = all - (old[i] ? old[i][1] : 0);
    if (cumulative >= part * total && cumulative > below) {
      return from + (bound - from) * (part * total - below) / (cumulative - below);
    }
    from = bound;
    below = cumulative;
  }
  return from;
}

const rate = (name) => (before, now, seconds) => grown(sum(before[name]), sum(now[name])) / seconds;
const level = (name) => (_, now) => sum(now[name]);
const p99 = (name) => (before, now) => {
  const seconds = quantile(before[name], now[name], 0.99);
  return seconds === null ? null : seconds * 1000;
};
const plots = [
  ['accepted envelopes', '/s', rate('martlet_envelopes_accepted_total')],
  ['delivered envelopes', '/s', rate('martlet_envelopes_delivered_total')],
  ['waiting envelopes', '', level('martlet_waiting_envelopes')],
  ['connections', '', level('martlet_connections')],
  ['logins', '/s', rate('martlet_logins_total')],
  ['sync, p99', ' ms', p99('martlet_sync_seconds')],
  ['office lag, p99', ' ms', p99('martlet_office_lag_seconds')],
  ['reactor lag, p99', ' ms', p99('martlet_reactor_lag_seconds')],
  ['refused Sends', '/s', rate('martlet_sends_refused_total')],
  ['over a limit', '/s', rate('martlet_rate_limited_total')],
  ['disk of the mailboxes', ' MiB', (_, now) => sum(now.martlet_mailbox_disk_bytes) / 1048576],
  ['CPU', ' cores', rate('process_cpu_seconds_total')],
].map(([name, unit, of]) => ({ name, unit, of, values: [] }));

const svgName = 'http://www.w3.org/2000/svg';
for (const plot of plots) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.append(plot.name, plot.now = document.createElement('b'));
  const svg = document.createElementNS(svgName, 'svg');
  svg.setAttribute('viewBox', `0 0 ${kKept} 100`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(plot.line = document.createElementNS(svgName, 'polyline'));
  figure.append(caption, svg);
  document.getElementById('plots').append(figure);
}

const text = (value) => value === null ? '–' : value >= 100 ? Math.round(value).toLocaleString() : value.toFixed(2);
function draw(plot, value) {
  plot.values.push(value);
  if (plot.values.length > kKept) plot.values.shift();
  const most = Math.max(...plot.values.map((each) => each || 0), 1e-9);
  plot.now.textContent = text(value) + plot.unit;
  const first = kKept - plot.values.length;
  plot.line.setAttribute('points', plot.values
    .map((each, i) => each === null ? '' : `${first + i},${98 - 96 * each / most}`).join(' '));
}

let before = null, taken = 0;
async function tick() {
  const state = document.getElementById('state');
  try {
    const now = await (await fetch('/metrics.json', { cache: 'no-store' })).json();
    const at = performance.now();
    if (before) for (const plot of plots) draw(plot, plot.of(before, now, (at - taken) / 1000));
    before = now;
    taken = at;
    state.textContent = `${Math.round(sum(now.martlet_devices_online)).toLocaleString()} devices online.`;
    state.className = '';
  } catch (error) {
    state.textContent = 'The server does not answer.';
    state.className = 'lost';
  }
  setTimeout(tick, 1000);
}
tick();
)page";

/// Nothing from elsewhere, nothing inline, no frames around it.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

net::HttpResponse watch_page(std::string_view target) {
  net::HttpResponse response;
  response.headers = {{"Content-Security-Policy", kPolicy}, {"Referrer-Policy", "no-referrer"}};
  if (target == "/") {
    response.content_type = "text/html; charset=utf-8";
    response.body = kWatchHtml;
  } else if (target == "/watch.js") {
    response.content_type = "text/javascript; charset=utf-8";
    response.body = kScript;
  } else if (target == "/watch.css") {
    response.content_type = "text/css; charset=utf-8";
    response.body = kStyle;
  } else {
    response.status = 404;
    response.body = "There are / and /metrics.\n";
  }
  return response;
}

}  // namespace martlet::daemon
