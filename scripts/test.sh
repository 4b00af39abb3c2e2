#!/usr/bin/env bash
# Sets up and runs every check: format, lints, docs, scripts and the simulator's tests (pytest), dependencies (deny.toml), tests, cases
# from the field (scripts/check-cases.sh), and the demo twice with the same bytes. Tests on real data read DVCALL_DATA (default: ../shared/data beside this folder). Without that folder
