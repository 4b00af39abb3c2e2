#!/usr/bin/env bash
# From the read sets, truth and haplotypes in DVCALL_DATA to simulated training read sets in OUTPUT. Resumable: what is
# whole is kept. Needs bwa, samtools, bcftools, art_illumina (apt-get install bwa samtools bcftools tabix
# art-nextgen-simulation-tools).
#   scripts/simulate-training-sets.sh OUTPUT [NAME]...      all sets, or those named
#   scripts/simulate-training-sets.sh --list
#
# Regions kept for validation (b37 chr20:9.9-10.4M, 36.0-36.1M, 38.3-38.5M, 44.8-45.0M) are left out by `simulation reads`, and
# everything before 10.4M but the 1000 Genomes stretch, 1-4M, is kept for held-out tests.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
data=${DVCALL_DATA:-$here/../../shared/data}

# name | haplotypes | profile | arguments of simulate.py
sets() {
  cat <<'SETS'
nova_hg001_30x     | HG001 | novaseq   | --depth 20-45 --seed 101
hs2000_hg001_50x   | HG001 | hiseq2000 | --depth 35-60 --insert 310,60 --duplicates 0.02 --seed 102
hiseqx_hg002_70x   | HG002 | hiseqx    | --depth 45-90 --stretches 6 --duplicates 0.08 --seed 103
hs2000_panel_7x    | panel | hiseq2000 | --depth 4-10 --insert 350,70 --slippage 2 --contamination 0.01 --seed 104
nova_panel_12x     | panel | novaseq   | --depth 6-18 --slippage 1.5 --seed 105
hiseqx_hg001_30x   | HG001 | hiseqx    | --depth 15-45 --seed 106
hs2500_hg002_35x   | HG002 | hiseq2500 | --depth 20-50 --insert 420,90 --slippage 3 --spread 1.1 --contamination 0.02 --seed 107
hs2000_hg002_15x   | HG002 | hiseq2000 | --depth 8-25 --insert 280,50 --slippage 2 --spread 1.0 --seed 108
nova_hg002_50x     | HG002 | novaseq   | --depth 35-60 --slippage 0.7 --spread 1.1 --duplicates 0.08 --seed 109
hiseqx_panel_15x   | panel | hiseqx    | --depth 8-25 --chimeras 0.6 --slippage 0.6 --contamination 0.02 --seed 110
hs2500_hg001_10x   | HG001 | hiseq2500 | --depth 5-16 --insert 330,60 --slippage 1.5 --paralogs 0.02 --seed 111
nova_hg001_repeats | HG001 | novaseq   | --depth 18-50 --plant 1.0,0.2,0.05 --slippage 1.5 --spread 1.2 --seed 112
hs2000_hg001_rep   | HG001 | hiseq2000 | --depth 25-60 --plant 1.0,0.2,0.05 --slippage 1.5 --spread 1.2 --insert 310,60 --seed 113
hiseqx_hg002_rep   | HG002 | hiseqx    | --depth 30-80 --plant 1.0,0.2,0.05 --stretches 6 --duplicates 0.08 --seed 114
nova125_hg002_25x  | HG002 | novaseq   | --depth 15-40 --read-length 125 --quality-shift -3 --paralogs 0.02 --seed 115
hs2000_hg002_60x   | HG002 | hiseq2000 | --depth 40-65 --insert 310,60 --paralogs 0.015 --spread 1.0 --stretches 6 --seed 116
hs2000_hg001_6x    | HG001 | hiseq2000 | --depth 4-10 --stretches 16 --insert 300,60 --slippage 3 --seed 117
hs2500_hg001_short | HG001 | hiseq2500 | --depth 15-45 --insert 210,45 --slippage 2.5 --spread 1.2 --chimeras 3 --seed 120
nova_hg001_lowmap  | HG001 | novaseq   | --depth 20-45 --within 25-33 --stretches 16 --length 100000 --paralogs 0.03 --plant 0.3,0.1,0.7 --seed 121
hs2000_hg002_lowmap | HG002 | hiseq2000 | --depth 20-55 --within 25-33 --stretches 16 --length 100000 --slippage 2 --plant 0.3,0.1,0.7 --seed 122
nova_hg002_25x     | HG002 | novaseq   | --depth 15-40 --slippage 1.2 --seed 201
hs2000_hg002_7x    | HG002 | hiseq2000 | --depth 4-10 --stretches 16 --insert 300,60 --slippage 2 --seed 202
hs2000_panel_8x    | panel | hiseq2000 | --depth 5-11 --insert 330,60 --slippage 2.5 --spread 1.0 --seed 203
hiseqx_hg001_60x   | HG001 | hiseqx    | --depth 45-80 --stretches 6 --duplicates 0.08 --spread 1.0 --seed 204
nova_hg001_15x     | HG001 | novaseq   | --depth 8-20 --paralogs 0.015 --seed 205
hs2000_hg001_40x   | HG001 | hiseq2000 | --depth 30-60 --insert 320,60 --paralogs 0.02 --slippage 1.5 --spread 1.1 --seed 206
nova_panel_30x     | panel | novaseq   | --depth 20-45 --slippage 1.5 --spread 1.1 --seed 207
hs2500_hg002_20x   | HG002 | hiseq2500 | --depth 12-30 --slippage 2 --insert 360,80 --seed 208
nova_hg001_8x      | HG001 | novaseq   | --depth 5-13 --stretches 16 --slippage 0.7 --seed 301
hs2500_hg002_9x    | HG002 | hiseq2500 | --depth 5-14 --stretches 16 --slippage 0.8 --insert 380,80 --seed 302
hiseqx_hg001_11x   | HG001 | hiseqx    | --depth 6-18 --stretches 16 --slippage 0.8 --seed 303
hs2000_hg002_11x   | HG002 | hiseq2000 | --depth 6-18 --stretches 16 --insert 310,60 --seed 304
nova_panel_10x     | panel | novaseq   | --depth 6-16 --slippage 0.8 --seed 305
hs2500_panel_14x   | panel | hiseq2500 | --depth 8-22 --insert 360,80 --seed 306
hs2500_hg001_rep   | HG001 | hiseq2500 | --depth 10-30 --plant 1.0,0.2,0.05 --slippage 0.8 --spread 1.0 --seed 307
nova_hg002_rep     | HG002 | novaseq   | --depth 10-30 --plant 1.0,0.2,0.05 --slippage 0.8 --spread 1.0 --seed 308
nova_hg001_25x     | HG001 | novaseq   | --depth 15-35 --slippage 0.5 --seed 309
hs2500_hg001_45x   | HG001 | hiseq2500 | --depth 30-60 --stretches 6 --slippage 0.8 --seed 310
hiseqx_hg001_rep   | HG001 | hiseqx    | --depth 25-60 --plant 1.0,0.2,0.05 --stretches 6 --duplicates 0.08 --seed 311
hs2000_hg001_rep10 | HG001 | hiseq2000 | --depth 6-16 --stretches 12 --plant 0.8,0.2,0.05 --insert 320,60 --seed 312
nova_hg002_12x     | HG002 | novaseq   | --depth 7-18 --stretches 16 --slippage 0.5 --seed 401
hs2500_hg001_20x   | HG001 | hiseq2500 | --depth 12-28 --slippage 0.6 --insert 360,80 --seed 402
hs2000_hg002_35x   | HG002 | hiseq2000 | --depth 25-50 --slippage 0.8 --insert 300,60 --seed 403
hs2000_hg001_7x    | HG001 | hiseq2000 | --depth 4-11 --stretches 16 --insert 320,70 --seed 404
nova_hg001_rep12   | HG001 | novaseq   | --depth 6-16 --stretches 12 --plant 1.0,0.2,0.05 --slippage 0.8 --seed 405
hs2500_hg002_rep   | HG002 | hiseq2500 | --depth 25-55 --plant 1.0,0.2,0.05 --slippage 0.8 --spread 1.0 --seed 406
hs2000_hg002_rep   | HG002 | hiseq2000 | --depth 35-60 --plant 1.0,0.2,0.05 --stretches 6 --insert 310,60 --seed 407
nova_hg002_35x     | HG002 | novaseq   | --depth 25-50 --slippage 0.8 --seed 408
hiseqx_hg002_25x   | HG002 | hiseqx    | --depth 15-35 --slippage 0.8 --seed 409
hs2500_hg001_8x    | HG001 | hiseq2500 | --depth 5-12 --stretches 16 --insert 340,70 --seed 410
nova_hg001_two     | HG001 | novaseq   | --depth 15-45 --plant 1.5,0.2,0.05 --two-alternates 0.5 --slippage 0.8 --seed 501
hs2000_hg002_two   | HG002 | hiseq2000 | --depth 25-60 --plant 1.5,0.2,0.05 --two-alternates 0.5 --insert 310,60 --seed 502
hiseqx_hg001_two   | HG001 | hiseqx    | --depth 30-80 --plant 1.5,0.2,0.05 --two-alternates 0.5 --stretches 6 --seed 503
hs2500_hg002_two   | HG002 | hiseq2500 | --depth 6-20 --stretches 12 --plant 1.2,0.2,0.05 --two-alternates 0.4 --slippage 0.8 --seed 504
nova_hg002_9x      | HG002 | novaseq   | --depth 5-13 --stretches 16 --slippage 0.8 --seed 505
hs2000_hg001_9x    | HG001 | hiseq2000 | --depth 5-13 --stretches 16 --insert 330,70 --seed 506
hiseqx_hg002_10x   | HG002 | hiseqx    | --depth 6-16 --stretches 16 --slippage 0.8 --seed 507
hs2500_hg001_14x   | HG001 | hiseq2500 | --depth 8-20 --stretches 16 --slippage 0.8 --seed 508
nova_hg001_40x     | HG001 | novaseq   | --depth 30-55 --slippage 0.6 --spread 1.0 --seed 509
hs2000_hg001_rep6  | HG001 | hiseq2000 | --depth 4-10 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --insert 320,60 --seed 601
nova_hg001_rep9    | HG001 | novaseq   | --depth 5-13 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --slippage 0.8 --seed 602
hs2500_hg002_rep10 | HG002 | hiseq2500 | --depth 6-14 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --slippage 0.8 --seed 603
hs2000_hg002_rep8  | HG002 | hiseq2000 | --depth 5-12 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --seed 604
hiseqx_hg001_rep9  | HG001 | hiseqx    | --depth 5-14 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --slippage 0.8 --seed 605
nova_hg002_rep14   | HG002 | novaseq   | --depth 10-20 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --slippage 0.8 --seed 606
hs2500_hg001_12x   | HG001 | hiseq2500 | --depth 7-17 --stretches 20 --slippage 0.8 --seed 607
nova_hg002_10x     | HG002 | novaseq   | --depth 6-14 --stretches 20 --slippage 0.6 --seed 608
hs2000_hg002_9x    | HG002 | hiseq2000 | --depth 5-13 --stretches 20 --insert 330,60 --slippage 0.8 --seed 609
hiseqx_hg001_14x   | HG001 | hiseqx    | --depth 8-20 --stretches 20 --slippage 0.8 --seed 610
hs2500_hg002_17x   | HG002 | hiseq2500 | --depth 11-24 --stretches 20 --slippage 0.8 --seed 611
nova_hg001_12x     | HG001 | novaseq   | --depth 7-17 --stretches 20 --slippage 0.8 --seed 612
hs2000_hg001_8x    | HG001 | hiseq2000 | --depth 5-11 --stretches 20 --insert 310,60 --slippage 0.8 --seed 613
hiseqx_hg002_8x    | HG002 | hiseqx    | --depth 5-12 --stretches 20 --slippage 0.8 --seed 614
nova_hg001_20x     | HG001 | novaseq   | --depth 14-28 --stretches 16 --slippage 0.6 --seed 615
hs2500_hg002_28x   | HG002 | hiseq2500 | --depth 20-36 --stretches 16 --slippage 0.8 --seed 616
hs1000_hg001_6x    | HG001 | hiseq1000 | --aligner aln --depth 4-9 --stretches 20 --insert 320,70 --slippage 1.2 --seed 701
hs1000_hg002_8x    | HG002 | hiseq1000 | --aligner aln --depth 5-12 --stretches 20 --insert 290,60 --seed 702
hs2000_hg001_aln7  | HG001 | hiseq2000 | --aligner aln --depth 4-10 --stretches 20 --insert 340,80 --seed 703
hs2000_hg002_aln11 | HG002 | hiseq2000 | --aligner aln --depth 7-16 --stretches 20 --insert 310,60 --seed 704
hs2500_hg001_aln9  | HG001 | hiseq2500 | --aligner aln --depth 5-14 --stretches 20 --slippage 0.8 --seed 705
hs2000_hg001_aln50 | HG001 | hiseq2000 | --aligner aln --depth 35-65 --stretches 6 --insert 310,60 --slippage 0.8 --seed 706
hs2000_hg002_aln30 | HG002 | hiseq2000 | --aligner aln --depth 20-45 --insert 330,60 --seed 707
hiseqx_hg002_aln14 | HG002 | hiseqx    | --aligner aln --depth 8-20 --stretches 16 --slippage 0.8 --seed 708
hs1000_hg001_rep7  | HG001 | hiseq1000 | --aligner aln --depth 5-10 --stretches 14 --plant 0.8,0.2,0.05 --two-alternates 0.25 --insert 300,60 --seed 709
hs1000_panel_7x    | panel | hiseq1000 | --aligner aln --depth 4-10 --insert 320,60 --seed 711
nova_mix_9x        | mix   | novaseq   | --depth 5-13 --stretches 20 --slippage 0.8 --seed 801
hs2000_mix_7x      | mix   | hiseq2000 | --aligner aln --depth 4-11 --stretches 20 --insert 330,70 --seed 802
hs2500_mix_12x     | mix   | hiseq2500 | --depth 7-17 --stretches 20 --slippage 0.8 --seed 803
hiseqx_mix_10x     | mix   | hiseqx    | --depth 6-16 --stretches 20 --slippage 0.8 --seed 804
hs1000_mix_6x      | mix   | hiseq1000 | --aligner aln --depth 4-9 --stretches 20 --insert 310,60 --seed 805
nova_mix_14x       | mix   | novaseq   | --depth 9-20 --stretches 20 --slippage 0.8 --seed 806
hs2000_mix_10x     | mix   | hiseq2000 | --depth 5-15 --stretches 20 --insert 320,60 --slippage 0.8 --seed 807
hs2500_mix_30x     | mix   | hiseq2500 | --depth 20-45 --stretches 10 --slippage 0.8 --seed 808
nova_mix_35x       | mix   | novaseq   | --depth 22-50 --stretches 10 --slippage 0.8 --seed 809
hiseqx_mix_45x     | mix   | hiseqx    | --depth 30-75 --stretches 8 --duplicates 0.08 --seed 810
hs2000_mix_50x     | mix   | hiseq2000 | --aligner aln --depth 35-65 --stretches 8 --insert 310,60 --seed 811
hs2500_mix_8x      | mix   | hiseq2500 | --depth 5-12 --stretches 20 --slippage 0.8 --seed 812
miseq_hg001_30x    | HG001 | miseq     | --depth 15-45 --insert 520,80 --slippage 0.8 --seed 901
miseq_mix_12x      | mix   | miseq     | --depth 6-18 --stretches 16 --insert 550,90 --slippage 0.8 --seed 902
nextseq_mix_30x    | mix   | nextseq   | --depth 15-45 --insert 280,60 --slippage 0.8 --seed 903
nextseq_hg001_14x  | HG001 | nextseq   | --depth 7-20 --stretches 16 --insert 250,50 --slippage 0.8 --seed 904
ga2_hg002_20x      | HG002 | ga2       | --aligner aln --depth 8-40 --insert 220,40 --seed 905
nova_hg001_calm10  | HG001 | novaseq   | --depth 5-15 --stretches 20 --hot-spots 0 --slippage 0.3 --seed 906
hs2500_hg002_calm12 | HG002 | hiseq2500 | --depth 6-18 --stretches 20 --hot-spots 0 --slippage 0.3 --chimeras 0.2 --seed 907
hiseqx_mix_calm25  | mix   | hiseqx    | --depth 10-45 --stretches 12 --hot-spots 0.2 --slippage 0.3 --chimeras 0.2 --seed 908
hs2500_mix_lowmap12 | mix  | hiseq2500 | --depth 7-20 --within 25-33 --stretches 16 --length 100000 --hot-spots 0.5 --slippage 0.5 --paralogs 0.02 --plant 0.3,0.1,0.7 --seed 909
hiseqx_hg001_lowmap | HG001 | hiseqx   | --depth 12-60 --within 25-33 --stretches 12 --length 100000 --hot-spots 0.5 --slippage 0.5 --plant 0.3,0.1,0.7 --seed 910
miseq_panel_20x    | panel | miseq     | --depth 10-35 --insert 550,90 --slippage 0.8 --seed 911
nextseq_panel_20x  | panel | nextseq   | --depth 10-35 --insert 300,60 --slippage 0.8 --seed 912
nova_panel_calm10  | panel | novaseq   | --depth 6-16 --hot-spots 0 --slippage 0.3 --chimeras 0.2 --plant 0.03,0.01,0.02 --seed 913
hs2500_panel_calm14 | panel | hiseq2500 | --depth 8-24 --hot-spots 0 --slippage 0.3 --chimeras 0.2 --plant 0.03,0.01,0.02 --seed 914
hiseqx_panel_calm12 | panel | hiseqx   | --depth 7-20 --hot-spots 0 --slippage 0.3 --chimeras 0.2 --plant 0.03,0.01,0.02 --seed 915
hs2000_panel_calm9 | panel | hiseq2000 | --depth 5-14 --hot-spots 0 --slippage 0.3 --chimeras 0.2 --insert 320,60 --plant 0.03,0.01,0.02 --seed 916
nova_mix_calm8     | mix   | novaseq   | --depth 5-13 --stretches 20 --hot-spots 0 --slippage 0.4 --chimeras 0.2 --paralogs 0.005 --seed 1001
nova_hg002_calm14  | HG002 | novaseq   | --depth 8-22 --stretches 20 --hot-spots 0 --slippage 0.3 --chimeras 0.1 --paralogs 0.005 --seed 1002
hs2500_mix_calm10  | mix   | hiseq2500 | --depth 5-16 --stretches 20 --hot-spots 0 --slippage 0.4 --chimeras 0.2 --paralogs 0.005 --seed 1003
hs2500_hg001_calm18 | HG001 | hiseq2500 | --depth 10-30 --stretches 20 --hot-spots 0.1 --slippage 0.3 --chimeras 0.1 --paralogs 0.005 --seed 1004
hiseqx_hg001_calm9 | HG001 | hiseqx    | --depth 5-15 --stretches 20 --hot-spots 0 --slippage 0.3 --chimeras 0.2 --paralogs 0.005 --seed 1005
hiseqx_hg002_calm16 | HG002 | hiseqx   | --depth 9-26 --stretches 20 --hot-spots 0 --slippage 0.4 --chimeras 0.1 --paralogs 0.005 --seed 1006
hs2000_hg001_calm8 | HG001 | hiseq2000 | --depth 5-13 --stretches 20 --hot-spots 0 --slippage 0.5 --chimeras 0.2 --paralogs 0.005 --insert 330,60 --seed 1007
hs2000_hg002_calm13 | HG002 | hiseq2000 | --depth 7-20 --stretches 20 --hot-spots 0 --slippage 0.4 --chimeras 0.1 --paralogs 0.005 --insert 310,60 --seed 1008
hiseqx_mix_deep    | mix   | hiseqx    | --depth 55-95 --stretches 8 --plant 1.2,0.2,0.05 --slippage 1.2 --spread 1.0 --duplicates 0.08 --seed 1009
hs2000_mix_deep    | mix   | hiseq2000 | --aligner aln --depth 40-70 --stretches 8 --plant 1.2,0.2,0.05 --slippage 1.2 --spread 1.0 --insert 310,60 --seed 1010
hs2500_mix_deep    | mix   | hiseq2500 | --depth 40-75 --stretches 8 --plant 1.2,0.2,0.05 --slippage 0.8 --spread 1.0 --seed 1011
hs2500_hg001_lowmap | HG001 | hiseq2500 | --depth 35-70 --within 25-33 --stretches 10 --length 100000 --hot-spots 0.3 --slippage 0.5 --plant 0.3,0.1,0.7 --seed 1012
nova_mix_lowmap    | mix   | novaseq   | --depth 15-60 --within 25-33 --stretches 12 --length 100000 --hot-spots 0.3 --slippage 0.5 --plant 0.3,0.1,0.7 --seed 1013
hiseqx_hg001_fold7 | HG001 | hiseqx    | --depth 5-9 --stretches 20 --fold-backs 0.75 --plant 0.03,0.01,0.02 --seed 1101
hiseqx_hg002_fold9 | HG002 | hiseqx    | --depth 6-13 --stretches 20 --fold-backs 0.75 --plant 0.03,0.01,0.02 --roughness 0.2 --slippage 1.3 --seed 1102
hiseqx_mix_fold12  | mix   | hiseqx    | --depth 8-17 --stretches 20 --fold-backs 0.75 --plant 0.03,0.01,0.02 --slippage 1.2 --seed 1103
hiseqx_hg001_fold16 | HG001 | hiseqx   | --depth 11-24 --stretches 20 --fold-backs 0.75 --plant 0.03,0.01,0.02 --roughness 0.2 --seed 1104
hiseqx_mix_fold8   | mix   | hiseqx    | --depth 5-11 --stretches 20 --fold-backs 0.75 --plant 0.03,0.01,0.02 --chimeras 1.3 --seed 1105
hiseqx_hg002_fold25 | HG002 | hiseqx   | --depth 16-38 --stretches 14 --fold-backs 0.75 --plant 0.03,0.01,0.02 --slippage 1.2 --seed 1106
hiseqx_mix_fold40  | mix   | hiseqx    | --depth 28-60 --stretches 10 --fold-backs 0.75 --plant 0.1,0.03,0.03 --chimeras 1.2 --duplicates 0.08 --seed 1107
hiseqx_hg001_fold75 | HG001 | hiseqx   | --depth 50-95 --stretches 8 --fold-backs 0.75 --plant 0.2,0.05,0.03 --duplicates 0.08 --seed 1108
hs2500_mix_fold10  | mix   | hiseq2500 | --depth 5-16 --stretches 20 --fold-backs 0.6 --plant 0.03,0.01,0.02 --slippage 1.2 --seed 1109
nova_hg001_fold12  | HG001 | novaseq   | --depth 6-18 --stretches 20 --fold-backs 0.6 --chimeras 6 --plant 0.03,0.01,0.02 --seed 1110
hiseqx_panel_fold10 | panel | hiseqx   | --depth 6-16 --fold-backs 0.75 --plant 0.03,0.01,0.02 --seed 1112
nova_panel_nat10   | panel | novaseq   | --depth 6-16 --plant 0.03,0.01,0.02 --seed 1201
hs2000_panel_nat7  | panel | hiseq2000 | --aligner aln --depth 4-11 --plant 0.03,0.01,0.02 --insert 320,60 --seed 1202
hs2500_panel_nat14 | panel | hiseq2500 | --depth 8-24 --plant 0.03,0.01,0.02 --insert 360,80 --seed 1203
nova_panel_nat30   | panel | novaseq   | --depth 20-45 --plant 0.03,0.01,0.02 --seed 1204
hs2000_panel_nat50 | panel | hiseq2000 | --aligner aln --depth 35-65 --plant 0.03,0.01,0.02 --insert 310,60 --seed 1205
hiseqx_panel_fold40 | panel | hiseqx   | --depth 25-60 --fold-backs 0.75 --plant 0.03,0.01,0.02 --seed 1206
SETS
}

prepare() {
  mkdir -p "$output/ref" "$output/profiles" "$output/unlabelled"
  reference=$output/ref/b37.chr20.fa
  if [[ ! -e $reference.sa ]]; then
    gzip -dc "$data/reference/b37.chr20.fa.gz" > "$reference"
    samtools faidx "$reference"
    bwa index "$reference" 2>"$output/ref/bwa.log"
  fi
  local train=("$data"/reads/train/*) nova profiles=$output/profiles
  nova=$(echo "$data"/reads/unlabelled/*NovaSeq)
  [[ -e $profiles/hiseqx.npz ]] ||
    "$here/python.sh" -m simulation learn-profile --ref "$data/reference/b37.chr20.fa.gz" --output "$profiles/hiseqx.npz" "${train[@]}"
  if [[ ! -e $profiles/novaseq.npz ]]; then
    # Silver genotypes are enough to keep clear of variants while errors are counted.
    ln -sf "$nova"/reads.bam* "$output/unlabelled/"
    bcftools view -i 'GT!="0/0"' -Oz -o "$output/unlabelled/truth.vcf.gz" "$nova"/genotypes.*.vcf.gz
    printf 'chr22\t16600000\t16800000\n' | tee "$output/unlabelled/region.bed" > "$output/unlabelled/confident.bed"
    "$here/python.sh" -m simulation learn-profile --ref "$data/reference/hg38.chr22_16.6-16.8M.fa.gz" --output "$profiles/novaseq.npz" "$output/unlabelled"
  fi
  local name system art_length length
  while read -r name system art_length length; do
    [[ -e $profiles/$name.npz ]] || "$here/python.sh" -m simulation art-profile --system "$system" --art-length "$art_length" \
      --length "$length" --base "$profiles/novaseq.npz" --output "$profiles/$name.npz" </dev/null
  done <<'PROFILES'
hiseq1000 HS10 100 101
hiseq2000 HS20 100 101
hiseq2500 HS25 150 150
miseq MSv3 250 250
nextseq NS50 75 75
ga2 GA2 75 75
PROFILES
}

simulate() {
  local name=$1 haplotypes=$2 profile=$3
  shift 3
  local source
  case $haplotypes in
    HG001) source=(--truth "$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz") ;;
    HG002) source=(--truth "$data/truth/HG002_b37_chr20_GIAB_v4.2.1_lifted.vcf.gz") ;;
    mix) source=(--truth "$data/truth/HG001_b37_chr20_GIAB_v3.3.2.vcf.gz" --mate "$data/truth/HG002_b37_chr20_GIAB_v4.2.1_lifted.vcf.gz") ;;
    panel) source=(--truth "$data/haplotypes/1000G_b37_chr20_1-4M.phased.vcf.gz" --samples random2 --within 1-4 --stretches 12 --length 125000 --plant "0.3,0.1,0.15") ;;
  esac
  "$here/simulate-reads.sh" "$output/$name" "$reference" "${source[@]}" --profile "$output/profiles/$profile.npz" "$@"
}

if [[ ${1:-} == --list ]]; then
  sets
  exit 0
fi
[[ $# -ge 1 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
output=$1
shift
prepare
while IFS='|' read -r name haplotypes profile options; do
  read -r name <<< "$name"
  if [[ $# -eq 0 || " $* " == *" $name "* ]]; then
    # shellcheck disable=SC2086  # words are meant
    simulate "$name" $haplotypes $profile $options
  fi
done < <(sets)
