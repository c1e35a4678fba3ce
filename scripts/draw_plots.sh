#!/usr/bin/env bash
# Draws the pictures of README.md and docs/evaluation.md into docs/images.
#
#     scripts/draw_plots.sh EOT SAMPLE TURNS          (what the target plots of the Makefile calls)
#
# EOT is the built command, SAMPLE the sample conversation, TURNS a folder that scripts/make_conversations.py made; the
# predictions go there as well. Scores are made anew each time, so that the pictures are those of the built command.
set -euo pipefail

eot=$1 sample=$2 turns=$3
images=$(dirname "$0")/../docs/images
score=("$eot" score --score-point 0.2)

"$eot" detect "$sample" --plot "$images/detect.svg" >/dev/null

rm -f "$turns"/{prompts,noise}.csv
"${score[@]}" --output "$turns/prompts.csv" "$turns/manifest.jsonl"
"${score[@]}" --snr 10 --output "$turns/noise.csv" "$turns/manifest.jsonl"

"$eot" eval --score-point 0.2 --plot "$images/eval.svg" "$turns/prompts.csv"
"$eot" eval --score-point 0.2 --plot "$images/eval-noise.svg" "$turns/prompts.csv" "$turns/noise.csv"
ls -l "$images"
