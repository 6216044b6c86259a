#!/bin/bash
# The cells of params.yaml as a SLURM array without a driver: one task makes one cell through DVC, in a clone of its
# own, and only DVC's cache is shared. Whatever is asked for twice, or again after a node went, comes from that cache.
#
#   dvc repro $(dvc stage list --name-only | grep '^split@')
#   PYTHONPATH=src python -m recore mend --forget                 # of dvc.lock, what this cache does not have
#   dvc stage list --name-only | grep -E '^(train|train_hybrid|baseline)@' >data/cells.txt
#   sbatch --cpus-per-task=2 --array=1-$(wc -l <data/cells.txt) slurm/array.sh   # 2: train.threads of params.yaml
#   dvc repro && cp -R data/costs/. data/records/                 # when all tasks have ended
#
# Submit from the root of the checkout, which lies on a file system that the nodes see, with its .venv.
#SBATCH --job-name=recore
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=data/slurm-%a.out
set -euo pipefail

checkout=${SLURM_SUBMIT_DIR:?submit this with sbatch from the root of the checkout}
stage=$(sed -n "${SLURM_ARRAY_TASK_ID:?submit this with --array, see above}p" "$checkout/data/cells.txt")
if [ -z "$stage" ]; then
  echo "data/cells.txt has no line $SLURM_ARRAY_TASK_ID; submit with --array=1-\$(wc -l <data/cells.txt)" >&2
  exit 1
fi
export PATH="$checkout/.venv/bin:$PATH" DVC_NO_ANALYTICS=1
echo "$(date -Is) $(hostname) ${SLURMD_NODENAME:-} $stage, start ${SLURM_RESTART_COUNT:-0}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM
export DVC_SITE_CACHE_DIR="$work/site"
git clone --quiet "$checkout" "$work/recore"
cd "$work/recore"
cp "$checkout/params.yaml" "$checkout/dvc.lock" .
dvc config --local cache.dir "$(cd "$checkout" && dvc cache dir)"
dvc config --local core.autostage true  # else DVC advises to add dvc.lock, which nobody keeps

item=${stage#*@}
case $stage in
  baseline@*) stages=("$stage") dataset=${item%-*} ;;
  *) stages=(encoders "$stage" "${stage/#train/evaluate}") dataset=${item%-*-*} ;;
esac
dvc checkout --quiet "split@$dataset"
dvc repro --single-item "${stages[@]}"
# What a cell cost is not DVC's to keep.
for cost in $(cd data/records && find . -name cost.json); do
  mkdir -p "$checkout/data/costs/$(dirname "$cost")"
  cp "data/records/$cost" "$checkout/data/costs/$cost"
done
