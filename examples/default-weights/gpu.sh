#!/bin/bash
# bash gpu.sh MATERIAL OUT MINUTES [OPTIONS OF learn.py]: packs samples on all cores but two while the GPU trains on
# those that are there. MATERIAL holds renders, cutouts, foliage-smoke, photos and backgrounds; material.sh makes a copy
# of it that is small enough to be sent. OUT/run has a checkpoint every two minutes; the same command goes on after a stop.
# PACKERS is the number of packing processes; BATCH and CROP are what a step takes.
here=$(cd "$(dirname "$0")" && pwd)
material=$1 out=$2 minutes=$3
shift 3
export PYTHONPATH=$here/../..:$PYTHONPATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
packers=${PACKERS:-$(($(nproc) > 3 ? $(nproc) - 2 : 1))}
mkdir -p "$out/pieces" "$out/run"
# The first process compiles what the others then find in the cache.
python "$here/pack.py" "$material" "$out/pieces" --each 2 --first 9999999 || exit 1
children=()
for ((p = 0; p < packers; p++)); do
    python "$here/pack.py" "$material" "$out/pieces" --each 8 --first $((p * 1000)) --count 1000 >> "$out/pack.log" 2>&1 &
    children+=($!)
done
trap 'kill "${children[@]}" 2> /dev/null' EXIT
python "$here/learn.py" "$out/pieces" "$out/run" --minutes "$minutes" --every 2 --follow --least 16 --threads 2 \
    --batch "${BATCH:-32}" --crop "${CROP:-320}" "$@" 2>&1 | tee -a "$out/learn.log"
