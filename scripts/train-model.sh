#!/usr/bin/env bash
# Trains the built-in model from nothing, resumable at every step: read sets (simulated, real, spiked), labelled shards,
# training, calibration. WORK/times.tsv tells the seconds of each step.
#   scripts/train-model.sh WORK [more arguments of dvcall train]     writes WORK/model.safetensors
#
# By default, scripts/simulate-training-sets.sh and scripts/prepare-real-sets.sh make the sets from DVCALL_DATA. For
# your own sets: TRAIN_SETS="FOLDER..." VALIDATION_SETS="FOLDER..." REFERENCE=FASTA. Each folder needs reads.bam,
# truth.vcf.gz, confident.bed and region.bed, like the output of scripts/fetch-training-data.sh.
# DVCALL is the binary (default: target/release/dvcall), THREADS the number of threads.
set -euo pipefail
shopt -s inherit_errexit
[[ $# -ge 1 ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}
dvcall=${DVCALL:-$here/../target/release/dvcall}
work=$1
shift
threads=(--threads "${THREADS:-$(nproc)}")
mkdir -p "$work/examples"

# The sets that select the best epoch: one real region with all sets made from it, and nineteen simulated sets.
is_for_validation() {
  case $1 in
    *_20.53M_* | *_panel_calm* | *_panel_fold* | *_panel_nat* | nova_panel_* | miseq_panel_20x | nextseq_panel_20x | hs1000_panel_7x | hs2500_panel_14x | hs2500_hg002_20x) return 0 ;;
    *) return 1 ;;
  esac
}

# The calibration sets have about as many variants as people have; the other sets have more, planted for training.
is_for_calibration() {
  case $1 in
    *_panel_calm* | *_panel_fold* | *_panel_nat*) return 0 ;;
    *) return 1 ;;
  esac
}

make_sets() {
  timed simulated-sets env DVCALL_DATA="$data" "$here/simulate-training-sets.sh" "$work"
  timed real-sets env DVCALL_DATA="$data" "$here/prepare-real-sets.sh" "$work"
  local simulated set
  mapfile -t simulated < <("$here/simulate-training-sets.sh" --list)
  for set in "$data"/reads/train/* "$work"/{real,spiked}_* "${simulated[@]/#/$work/}"; do
    if is_for_validation "$(basename "$set")"; then validation+=("$set"); else train+=("$set"); fi
  done
}

# Runs a command, and adds its name and its seconds to times.tsv.
timed() {
  local name=$1 start=$SECONDS
  shift
  "$@"
  printf '%s\t%s\t%s\n' "$(date -u +%FT%TZ)" "$name" $((SECONDS - start)) | tee -a "$work/times.tsv" >&2
}

# Prints the FASTA that the reads of a set were aligned to.
reference_of() {
  case ${REFERENCE:-}:$1 in
    :x_*) echo "$work/ref/b37.chrX_1-70M.fa" ;;
    :chr1_*) echo "$work/ref/hg38.chr1_1-5M.fa" ;;
    :*) echo "$work/ref/b37.chr20.fa" ;;
    *) echo "$REFERENCE" ;;
  esac
}

# Prints the folder of the set's shards. Makes the shards if they do not exist.
make_examples() {
  local set=$1 shards
  shards=$work/examples/$(basename "$set")
  if [[ ! -e $shards/manifest.json ]]; then
    "$dvcall" make-examples --ref "$(reference_of "$(basename "$set")")" --reads "$set/reads.bam" --regions "$set/region.bed" \
      --truth "$set/truth.vcf.gz" --confident "$set/confident.bed" "${threads[@]}" --output "$shards" >&2
  fi
  echo "$shards"
}

make_shards() {
  local set folder
  for set in "${train[@]}"; do
    folder=$(make_examples "$set")
    shards+=(--examples "$folder")
    # Examples of real reads are few, so they count twice.
    case $(basename "$set") in real_* | spiked_*) shards+=(--examples "$folder") ;; esac
  done
  for set in "${validation[@]}"; do
    folder=$(make_examples "$set")
    shards+=(--validation "$folder")
    if [[ -n ${TRAIN_SETS:-} ]] || is_for_calibration "$(basename "$set")"; then calibration+=(--examples "$folder"); fi
  done
}

train=() validation=() shards=() calibration=()
if [[ -n ${TRAIN_SETS:-} ]]; then
  : "${REFERENCE:?give the FASTA that the reads were aligned to}"
  read -ra train <<< "$TRAIN_SETS"
  read -ra validation <<< "${VALIDATION_SETS:?give the sets that select the best epoch}"
else
  make_sets
fi
duplicate=$(for set in "${train[@]}" "${validation[@]}"; do basename "$set"; done | sort | uniq -d | head -n 1)
[[ -z $duplicate ]] || { echo "train-model: two sets have the name $duplicate, which also names their shards; rename one set" >&2; exit 2; }
timed shards make_shards
timed training "$dvcall" train "${shards[@]}" --output "$work/trained.safetensors" --resume "${threads[@]}" \
  --epochs 16 --patience 16 --batch-size 64 --learning-rate 0.0015 --easy-examples 0.125 --checkpoint-steps 2000 "$@"
timed calibration "$dvcall" calibrate --model "$work/trained.safetensors" "${calibration[@]}" --output "$work/model.safetensors"
