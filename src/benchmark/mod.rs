//! Scoring a call set against truth: normalise, match by haplotype, count, stratify, write.
