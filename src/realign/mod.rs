//! Local realignment: windows of evidence, de Bruijn assembly into haplotypes, reads aligned to their best haplotype.
