#!/usr/bin/env python3
"""Draws SVG plots from recorded runs: plot.py RECORDED_FOLDER OUT_FOLDER.

Reads what ./dev bench record left (NAME.jsonl, one JSON object a line). A plot whose figures were
not recorded is not drawn, and one of an older run is removed. Nothing but the standard library.
"""
import json
import os
import sys
from xml.sax.saxutils import escape

WIDTH = 720
COLOURS = ["#2f6f9f", "#c26d2f", "#5a8f4c", "#8a5a9e", "#8c8c8c", "#b33f4a"]


def load(folder, name):
    """All results of a benchmark; none if it was not recorded."""
    path = os.path.join(folder, name + ".jsonl")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def figure(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def document(title, note, height, body):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>\n'
        f'<text x="16" y="46" fill="#666">{escape(note)}</text>\n' + "\n".join(body) + "\n</svg>\n"
    )


def bars(title, note, rows):
    """rows: (label, value)."""
    most = max(value for _, value in rows) or 1
    body = []
    for index, (label, value) in enumerate(rows):
        y = 66 + index * 30
        width = max(1, value / most * 360)
        body.append(f'<text x="250" y="{y + 15}" text-anchor="end">{escape(label)}</text>')
        body.append(f'<rect x="260" y="{y}" width="{width:.1f}" height="20" fill="{COLOURS[index % len(COLOURS)]}"/>')
        body.append(f'<text x="{266 + width:.1f}" y="{y + 15}">{figure(value)}</text>')
    return document(title, note, 80 + len(rows) * 30, body)


def curves(title, note, x_name, series):
    """series: (label, [(x, y)]); from zero on both axes."""
    left, top, right, bottom = 70, 70, WIDTH - 150, 340
    x_most = max(x for _, points in series for x, _ in points) or 1
    y_most = max(y for _, points in series for _, y in points) or 1

    def place(x, y):
        return left + x / x_most * (right - left), bottom - y / y_most * (bottom - top)

    body = [f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#333"/>']
    for part in (0.25, 0.5, 0.75, 1):
        x, y = place(x_most * part, y_most * part)
        body.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#ddd"/>')
        body.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{figure(y_most * part)}</text>')
        body.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{figure(x_most * part)}</text>')
    body.append(f'<text x="{(left + right) / 2}" y="{bottom + 38}" text-anchor="middle" fill="#666">{escape(x_name)}</text>')
    for index, (label, points) in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        spots = [place(x, y) for x, y in sorted(points)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        body.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in spots]
        body.append(f'<rect x="{right + 16}" y="{top + index * 24}" width="12" height="12" fill="{colour}"/>')
        body.append(f'<text x="{right + 34}" y="{top + 11 + index * 24}">{escape(label)}</text>')
    return document(title, note, 390, body)


def where(result):
    """Which machine, how often, how busy it was."""
    machine = result.get("machine", {})
    return (f"{machine.get('cores', '?')} cores {machine.get('processor', '?')}; median of {result.get('runs', '?')}; "
            f"load average at the end {machine.get('load_average', 0):.1f}")


def cost(folder):
    courier = load(folder, "courier")
    rows, note = [], "the server alone on its core"
    if courier:
        median, note = courier[-1]["median"], where(courier[-1])
        rows.append((f"martletd, {courier[-1]['options']['pairs']} pairs", median["martletd"]["cpu_us_a_message"]))
        for key, label in (("tls_floor_batched", "TLS alone, several frames a record"),
                           ("tls_floor_unbatched", "TLS alone, a record a frame")):
            if key in median:
                rows.append((label, median[key]["cpu_us_a_message"]))
    return rows and bars("CPU of the server a message, microseconds", note, rows)


def peers_cost(folder):
    rows, note = [], ""
    for result in load(folder, "peers")[-1:]:
        note = "in turns, each alone on its core; " + where(result)
        rows = [(f"{server}, {pairs} pairs", value["cpu_us_a_message"])
                for pairs, servers in result["median"].get("by_pairs", {}).items()
                for server, value in servers.items() if isinstance(value, dict)]
    return rows and bars("CPU a message by server, microseconds", note, rows)


def growth(folder):
    courier = load(folder, "courier")
    if not courier or "growth" not in courier[-1]["median"]:
        return None
    median, options = courier[-1]["median"], courier[-1]["options"]
    rows = [(f"{options['pairs']} pairs", median["martletd"]["cpu_us_a_message"])]
    if "more_pairs" in median:
        rows.append((f"{options['more_pairs']} pairs", median["more_pairs"]["cpu_us_a_message"]))
    if "idle_beside" in median:
        rows.append((f"{options['pairs']} pairs, {options['idle_beside']:,} idle", median["idle_beside"]["cpu_us_a_message"]))
    return bars("Growth: CPU a message, microseconds", where(courier[-1]), rows)


def latency(folder):
    courier = load(folder, "courier")
    by_rate = courier[-1]["median"].get("by_rate", {}) if courier else {}
    if len(by_rate) < 2:
        return None
    series = [(name, [(float(rate), value["delivered_ms"][key]) for rate, value in by_rate.items()])
              for name, key in (("p50", "p50"), ("p99", "p99"))]
    return curves("Delivery latency by rate, milliseconds", where(courier[-1]),
                  "messages a second, from the time each was to be sent", series)


def memory(folder):
    rows = []
    for row in load(folder, "idle")[-1:]:
        row = row.get("median", row)
        rows.append(("martletd", row["bytes_a_connection"]))
        if "openssl_bytes_a_connection" in row:
            rows.append(("OpenSSL alone", row["openssl_bytes_a_connection"]))
    for result in load(folder, "peers")[-1:]:
        rows += [(f"{server} (beside its peers)", value["pss_bytes_a_connection"])
                 for server, value in result["median"].get("idle", {}).items() if isinstance(value, dict)]
    return rows and bars("An idle TLS connection, bytes (PSS)", "growth of the server's share of memory by connection", rows)


def main():
    recorded, out = sys.argv[1:3]
    for name, draw in (("cost", cost), ("peers", peers_cost), ("growth", growth), ("latency", latency), ("memory", memory)):
        path = os.path.join(out, name + ".svg")
        picture = draw(recorded)
        if picture:
            with open(path, "w", encoding="utf-8") as file:
                file.write(picture)
        elif os.path.exists(path):
            os.remove(path)


if __name__ == "__main__":
    main()
