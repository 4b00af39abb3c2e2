#!/usr/bin/env bash
# Times dvcall, bcftools and freebayes on the same reads, in turn, and prints a Markdown table of medians.
#   scripts/compare-speed.sh REFERENCE.fa READS.bam REGIONS.bed [ROUNDS]
# Uses 1 and 2 threads (THREADS="1 4" for others). freebayes has no threads, so it runs as many processes, each on an
# equal part of the regions. CPU is user + system time; memory is the peak of the largest process. DVCALL is the binary.
# Needs: apt-get install bcftools freebayes time
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
reference=$1 reads=$2 regions=$3 rounds=${4:-3}
export dvcall=${DVCALL:-$root/target/release/dvcall}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export reference reads regions work

for tool in "$dvcall" bcftools freebayes /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "compare-speed: cannot find $tool; run cargo build --release, or see the top of $0" >&2; exit 1; }
done

split_regions() {
  awk -v OFS='\t' -v parts="$1" '{ n = $3 - $2; for (i = 0; i < parts; i++) print $1, $2 + int(n * i / parts), $2 + int(n * (i + 1) / parts) > "'"$work"'/part" i ".bed" }' "$regions"
}

run_dvcall() { "$dvcall" --quiet call --ref "$reference" --reads "$reads" --regions "$regions" --threads "$1" --device cpu --output "$work/dvcall.vcf.gz"; }
run_bcftools() {
  bcftools mpileup -f "$reference" -R "$regions" -a AD,DP -Ou --threads "$1" "$reads" 2>/dev/null |
    bcftools call -mv --threads "$1" -Oz -o "$work/bcftools.vcf.gz" 2>/dev/null
}
# shellcheck disable=SC2016  # the inner shell expands these
run_freebayes() { seq 0 $(($1 - 1)) | xargs -P "$1" -I{} sh -c 'freebayes -f "$reference" -t "$work/part{}.bed" "$reads" > "$work/freebayes{}.vcf"'; }
export -f run_dvcall run_bcftools run_freebayes

for threads in ${THREADS:-1 2}; do
  split_regions "$threads"
  for round in $(seq "$rounds"); do
    for tool in dvcall bcftools freebayes; do
      echo "round $round of $rounds: $tool, $threads thread(s)" >&2
      /usr/bin/time -a -o "$work/times" -f "$tool $threads %U %S %e %M" bash -c "run_$tool $threads"
    done
  done
done

bases=$(awk '{ n += $3 - $2 } END { print n }' "$regions")
python3 - "$work/times" "$bases" "$rounds" <<'PYTHON'
import sys
from collections import defaultdict
from statistics import median

path, bases, rounds = sys.argv[1], int(sys.argv[2]), sys.argv[3]
runs = defaultdict(list)
for line in open(path):
    tool, threads, user, system, wall, kilobytes = line.split()
    runs[int(threads), tool].append((float(user) + float(system), float(wall), int(kilobytes) / 1024))
print(f"{bases / 1e6:.2f} Mb, median of {rounds} rounds; the ratio is that tool's CPU time over dvcall's.\n")
print("| threads | caller | CPU s | wall s | CPU s per Mb | peak MB | ratio |")
print("|---|---|---|---|---|---|---|")
for (threads, tool), measured in sorted(runs.items(), key=lambda item: item[0][0]):
    cpu, wall, memory = (median(column) for column in zip(*measured))
    ours = median(run[0] for run in runs[threads, "dvcall"])
    print(f"| {threads} | {tool} | {cpu:.1f} | {wall:.1f} | {cpu / bases * 1e6:.1f} | {memory:.0f} | {cpu / ours:.2f} |")
PYTHON
