#!/usr/bin/env python3
"""The figures of the benchmark eot-bench in plain numpy, written from their description alone.

    .eot/venv/bin/python scripts/oracle/eot_bench.py           writes Tests/TurnEvaluationTests/Fixtures/
    .eot/venv/bin/python scripts/oracle/eot_bench.py FILE      prints the figures of one predictions file

This is the independent side of the tests of TurnEvaluation: predictions with fixed seeds and edge cases as CSV or
JSON Lines, and what must come out of them. It shares nothing with the Swift code but the description.
"""

import csv
import json
import math
import sys
from pathlib import Path

import numpy as np

FIXTURES = Path(__file__).resolve().parents[2] / "Tests" / "TurnEvaluationTests" / "Fixtures"
EPS = 1e-9
THRESHOLDS = np.round(np.arange(101) * 0.01, 2)
DELAYS = np.round(0.2 + 0.1 * np.arange(9), 1)
TIMEOUTS = np.round(1.0 + 0.5 * np.arange(6), 1)


class BadPredictions(Exception):
    pass


# --- spans and scores -------------------------------------------------------------------------------------------


def spans_of(rows):
    """Spans that count, by (id, span_index): label, language, duration, and rows with a score by silence."""
    spans = {}
    for row in rows:
        span = spans.setdefault(
            (row["id"], row["span_index"]),
            {"label": row["label"], "language": row["language"], "duration": -1.0, "rows": []},
        )
        if span["label"] != row["label"]:
            raise BadPredictions("contradicting labels")
        span["duration"] = max(span["duration"], row["silence_dur"])
        if row["p_eot"] is not None:
            span["rows"].append((row["silence_dur"], row["timestamp"], row["p_eot"]))
    kept = []
    for key in sorted(spans):
        span = spans[key]
        if span["label"] == "hold" and not (0.2 - EPS <= span["duration"] <= 5.0 + EPS):
            continue
        span["rows"].sort(key=lambda r: (r[0], r[1]))
        kept.append(span)
    if not kept:
        raise BadPredictions("no span left")
    return kept


def score(span, point):
    """(probability or nan, rows a policy sees)."""
    if point is None:
        return (max((r[2] for r in span["rows"]), default=math.nan), span["rows"])
    for row in span["rows"]:
        if row[0] >= point - EPS:
            if abs(row[0] - point) > EPS:
                raise BadPredictions("not scored at the score point")
            return (row[2], [row])
    if span["label"] == "eot" or span["duration"] >= point - EPS:
        raise BadPredictions("score missing")
    return (math.nan, [])


def fire_times(spans, threshold):
    times = np.full(len(spans), np.inf)
    for i, span in enumerate(spans):
        for silence, _, p in span["seen"]:
            if p > threshold:
                times[i] = silence
                break
    return times


# --- policies ---------------------------------------------------------------------------------------------------


def f1(tp, fp, fn):
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def sweep(holds, ends, point):
    if not holds or not ends:
        return []
    duration = np.array([s["duration"] for s in holds])
    outcomes = []
    delays = DELAYS if point is None else DELAYS[DELAYS >= point - EPS]
    for threshold in THRESHOLDS:
        hold_fire = fire_times(holds, threshold)
        end_fire = fire_times(ends, threshold)
        for delay in delays:
            effective_hold = np.maximum(delay, hold_fire)
            effective_end = np.maximum(delay, end_fire)
            for timeout in TIMEOUTS:
                if timeout < delay - EPS:
                    continue
                cut = (np.isfinite(hold_fire) & (duration > effective_hold + EPS)) | (duration > timeout + EPS)
                detected = np.isfinite(end_fire) & (effective_end <= timeout + EPS)
                latency = np.where(detected, effective_end, timeout)
                tp = int(detected.sum())
                outcomes.append(
                    {
                        "threshold": float(threshold),
                        "action_delay": float(delay),
                        "timeout": float(timeout),
                        "cutoff_rate": float(cut.mean()),
                        "mean_latency": float(latency.mean()),
                        "timeout_rate": float((~detected).mean()),
                        "f1": f1(tp, int(cut.sum()), len(ends) - tp),
                    }
                )
    return outcomes


def baseline(holds, ends):
    if not holds or not ends:
        return []
    duration = np.array([s["duration"] for s in holds])
    outcomes = []
    for delay in sorted(set(DELAYS.tolist()) | set(TIMEOUTS.tolist())):
        cut = duration > delay + EPS
        outcomes.append(
            {
                "threshold": None,
                "action_delay": delay,
                "timeout": delay,
                "cutoff_rate": float(cut.mean()),
                "mean_latency": delay,
                "timeout_rate": 0.0,
                "f1": f1(len(ends), int(cut.sum()), 0),
            }
        )
    return outcomes


def high_threshold_first(outcome):
    return -(outcome["threshold"] or 0.0)


def frontier_order(o):
    return (o["mean_latency"], o["cutoff_rate"], high_threshold_first(o), o["action_delay"], o["timeout"])


def best_cutoff(outcomes, budget):
    fitting = [o for o in outcomes if o["mean_latency"] <= budget + EPS]
    order = lambda o: (o["cutoff_rate"], o["mean_latency"], high_threshold_first(o), o["action_delay"], o["timeout"])
    return min(fitting, key=order, default=None)


def best_latency(outcomes, budget):
    return min([o for o in outcomes if o["cutoff_rate"] <= budget + EPS], key=frontier_order, default=None)


def summary_point(outcomes, budget):
    order = lambda o: (
        o["mean_latency"],
        o["cutoff_rate"],
        o["timeout_rate"],
        o["timeout"],
        o["action_delay"],
        o["threshold"] or 0.0,
    )
    return min([o for o in outcomes if o["cutoff_rate"] <= budget + EPS], key=order, default=None)


def pareto(outcomes):
    best, result = math.inf, []
    for o in sorted(outcomes, key=frontier_order):
        if o["cutoff_rate"] < best - EPS:
            result.append(o)
            best = o["cutoff_rate"]
    return result


def mean_frontier(outcomes):
    values = []
    for budget in np.round(np.arange(101) * 0.001, 3):
        point = best_latency(outcomes, float(budget))
        if point is not None:
            values.append(point["mean_latency"])
    return float(np.mean(values)) if values else None


# --- classification ---------------------------------------------------------------------------------------------


def auc(labels, scores):
    if len(set(labels)) < 2:
        return None
    labels, scores = np.array(labels), np.array(scores)
    # The probability that an eot span outscores a hold span, ties half (Mann and Whitney).
    pos, neg = scores[labels == 1], scores[labels == 0]
    wins = (pos[:, None] > neg[None, :]).sum() + 0.5 * (pos[:, None] == neg[None, :]).sum()
    return float(wins / (len(pos) * len(neg)))


def average_precision(labels, scores):
    if len(set(labels)) < 2:
        return None
    labels, scores = np.array(labels), np.array(scores)
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= threshold
        recall = labels[chosen].sum() / labels.sum()
        total += (recall - recall_before) * labels[chosen].mean()
        recall_before = recall
    return float(total)


# --- everything -------------------------------------------------------------------------------------------------


def figures(rows, point):
    spans = spans_of(rows)
    for span in spans:
        span["p"], span["seen"] = score(span, point)
    holds = [s for s in spans if s["label"] == "hold"]
    ends = [s for s in spans if s["label"] == "eot"]
    if any(math.isnan(s["p"]) for s in ends):
        raise BadPredictions("eot without score")
    scored = [s for s in spans if not math.isnan(s["p"])]
    labels = [1 if s["label"] == "eot" else 0 for s in scored]
    scores = [s["p"] for s in scored]
    outcomes = sweep(holds, ends, point)

    def frontier(outs):
        return {
            "cutoff_at_300ms": best_cutoff(outs, 0.3),
            "cutoff_at_600ms": best_cutoff(outs, 0.6),
            "latency_at_5pct": best_latency(outs, 0.05),
            "latency_at_10pct": best_latency(outs, 0.10),
            "mean_frontier_latency": mean_frontier(outs),
            "pareto": pareto(outs),
        }

    in_use = []
    for threshold, delay, timeout in ((0.0, 0.2, 1.0), (0.21, 0.5, 1.0), (0.5, 0.3, 2.5), (0.9, 0.45, 0.9), (1.0, 0.5, 3.0)):
        fp = sum(1 for s in holds if s["p"] > threshold)
        fn = sum(1 for s in ends if not s["p"] > threshold)
        lasts = np.array([s["duration"] for s in holds])
        fires = np.maximum(delay, fire_times(holds, threshold))
        cut = (lasts > fires + EPS) | (lasts > timeout + EPS)
        fires = np.maximum(delay, fire_times(ends, threshold))
        latency = np.where(fires <= timeout + EPS, fires, timeout)
        in_use.append(
            {
                "threshold": threshold,
                "action_delay": delay,
                "timeout": timeout,
                "cutoff_rate": float(cut.mean()) if holds else None,
                "mean_latency": float(latency.mean()) if ends else None,
                "median_latency": float(np.percentile(latency, 50)) if ends else None,
                "latency_90": float(np.percentile(latency, 90)) if ends else None,
                "timeout_rate": float((fires > timeout + EPS).mean()) if ends else None,
                "accuracy": (len(spans) - fp - fn) / len(spans),
                "false_positive_rate": fp / len(holds) if holds else None,
                "false_negative_rate": fn / len(ends) if ends else None,
            }
        )
    model = frontier(outcomes)
    quantiles = None
    if model["latency_at_10pct"]:
        o = model["latency_at_10pct"]
        fire = np.maximum(o["action_delay"], fire_times(ends, o["threshold"]))
        latency = np.where(fire <= o["timeout"] + EPS, fire, o["timeout"])
        quantiles = [float(np.percentile(latency, 50)), float(np.percentile(latency, 90))]
    return {
        "n_hold": len(holds),
        "n_eot": len(ends),
        "n_missing": len(spans) - len(scored),
        "auc": auc(labels, scores),
        "ap": average_precision(labels, scores),
        "model": model,
        "vad_baseline": frontier(baseline(holds, ends)),
        "summary_points": [summary_point(outcomes, b) for b in (0.02, 0.05, 0.10)],
        "in_use": in_use,
        "quantiles_at_10pct": quantiles,
        # The mean of each figure over all policies, so that every one of them is compared.
        "means": {
            key: float(np.mean([o[key] for o in outcomes])) if outcomes else None
            for key in ("cutoff_rate", "mean_latency", "timeout_rate", "f1")
        },
        "n_policies": len(outcomes),
    }


# --- predictions ------------------------------------------------------------------------------------------------


def turn(rng, number, language, hold_durations, eot_duration, probability, step=0.1):
    """Rows of one turn: scores every 0.1 s of each silence."""
    rows, clock = [], 0.0
    for index, duration in enumerate(list(hold_durations) + [eot_duration]):
        clock += float(np.round(rng.uniform(0.5, 2.0), 2))
        label = "eot" if index == len(hold_durations) else "hold"
        # 0.1 * k carries the rounding that a loop in floating point leaves (0.30000000000000004).
        for k in range(1, int(round(duration / step)) + 1):
            rows.append(
                {
                    "id": f"turn-{number:03d}",
                    "language": language,
                    "span_index": index,
                    "timestamp": clock + step * k,
                    "silence_dur": step * k,
                    "p_eot": probability(rng, label, step * k),
                    "label": label,
                }
            )
        clock += duration
    return rows


def noisy(rng, label, silence):
    """Ends score higher than pauses and confidence grows with the silence."""
    centre = (0.7 if label == "eot" else 0.25) + 0.08 * silence
    return float(np.clip(rng.normal(centre, 0.25), 0.0, 1.0))


def coarse(rng, label, silence):
    """Many ties, and values that are thresholds themselves."""
    return round(round(noisy(rng, label, silence) * 10) / 10, 1)


def random_set(seed, count, languages, probability):
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        holds = np.round(rng.gamma(1.6, 0.45, rng.integers(0, 4)), 1)
        rows += turn(
            rng, number, languages[number % len(languages)], holds[holds >= 0.1],
            float(np.round(rng.uniform(0.8, 2.5), 1)), probability,
        )
    return rows


def edge_set():
    """Pauses of 0.1, 0.2, 5.0 and 5.1 s, scores that equal a threshold, rows out of order."""
    rng = np.random.default_rng(5)
    rows = turn(rng, 0, "en", [0.1, 0.2, 5.0, 5.1], 0.2, lambda r, l, s: 0.5)
    rows += turn(rng, 1, "en", [0.2, 0.3, 1.0], 3.0, lambda r, l, s: 0.05 if s < 0.75 else 0.95)
    rows += turn(rng, 2, "de", [0.2], 1.0, lambda r, l, s: 0.0)
    rows += turn(rng, 3, "de", [3.5, 3.6], 3.6, lambda r, l, s: 1.0)
    order = rng.permutation(len(rows))
    return [rows[i] for i in order]


def cases():
    rng = np.random.default_rng(9)
    always = lambda r, l, s: 0.9
    ragged = random_set(21, 12, ["en"], noisy)
    for row in ragged:
        # Pauses without any score: they count for the durations.
        if row["label"] == "hold" and row["span_index"] == 1:
            row["p_eot"] = None
    yield "random.csv", random_set(1, 60, ["en", "de", "ja"], noisy), [None, 0.2]
    yield "ties.jsonl", random_set(2, 24, ["en", "fr"], coarse), [None, 0.2, 0.3]
    yield "edges.csv", edge_set(), [None, 0.2]
    yield "no-budget.csv", [
        row for n in range(4) for row in turn(rng, n, "en", [3.6, 4.0], 1.0, always)
    ], [None, 0.2]
    yield "no-holds.jsonl", [row for n in range(5) for row in turn(rng, n, "es", [], 1.0, noisy)], [None, 0.2]
    yield "one-language-without-holds.csv", [
        row
        for n in range(8)
        for row in turn(rng, n, "en" if n % 2 else "it", [0.4, 0.9] if n % 2 else [], 1.2, noisy)
    ], [None, 0.2]
    yield "unscored.jsonl", ragged, [None]


def write(name, rows):
    with open(FIXTURES / name, "w", newline="") as file:
        if name.endswith(".csv"):
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            for row in rows:
                file.write(json.dumps(row) + "\n")


def read(path):
    text = Path(path).read_text()
    if text.lstrip().startswith("{"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        row["span_index"] = int(row["span_index"])
        for key in ("timestamp", "silence_dur", "p_eot"):
            row[key] = float(row[key]) if row[key] != "" else None
    return rows


def by_language(rows, point):
    """The figures of all rows and of each language."""
    result = {"all": figures(rows, point)}
    for language in sorted({row["language"] for row in rows}):
        part = [row for row in rows if row["language"] == language]
        try:
            result[language] = figures(part, point)
        except BadPredictions:
            result[language] = None
    return result


def main():
    if len(sys.argv) > 1:
        point = float(sys.argv[2]) if len(sys.argv) > 2 else None
        json.dump(by_language(read(sys.argv[1]), point), sys.stdout, indent=1)
        return
    FIXTURES.mkdir(parents=True, exist_ok=True)
    expected = []
    for name, rows, points in cases():
        write(name, rows)
        for point in points:
            expected.append({"file": name, "score_point": point, "languages": by_language(read(FIXTURES / name), point)})
    (FIXTURES / "expected.json").write_text(json.dumps(expected, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
