#!/usr/bin/env bash
# The pictures of docs/tour.md, on the running throw-away host, into docs/screenshots.
set -euo pipefail

export WEB="http://127.0.0.1:$WEB_PORT" SHOTS=/run/throwaway/screenshots
cd "$HOST_SOURCE/tests/browser"
node screenshots.mjs
# 64 colours are enough for pages of a few; a picture is to stay below 80 kB.
pngquant --force --ext .png --strip 64 "$SHOTS"/*.png
for picture in "$SHOTS"/*.png; do
  size="$(stat -c %s "$picture")"
  ((size < 80000)) || { echo "screenshots: ${picture##*/} has $size bytes" >&2; exit 1; }
done
