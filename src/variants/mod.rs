//! From genotype probabilities to records: genotype, overlap resolution, VCF.
