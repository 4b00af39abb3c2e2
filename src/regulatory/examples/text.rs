//! Sequences of text files: FASTA, and tables with a column of sequences and one that tells whether they are bound.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::genome::{for_each_line, open_whole};
use crate::regulatory::bases::{encode, is_nucleotide};

/// A sequence as numbers, and whether it is bound.
pub struct LabelledSequence {
    pub codes: Vec<u8>,
    pub is_bound: bool,
}

/// Reads a FASTA file, plain or compressed. All of its sequences get the label `is_bound`.
pub fn read_fasta(path: &Path, is_bound: bool) -> Result<Vec<LabelledSequence>> {
    let parsed = || -> Result<Vec<LabelledSequence>> {
        let mut sequences: Vec<LabelledSequence> = Vec::new();
        for_each_line(open_whole(path)?, |line| {
            if line.starts_with('>') {
                sequences.push(LabelledSequence {
                    codes: Vec::new(),
                    is_bound,
                });
                return Ok(());
            }
            match sequences.last_mut() {
                Some(last) => last.codes.extend(codes(line.trim())?),
                None if line.trim().is_empty() => {}
                None => bail!("not FASTA: no name that begins with '>' before the first sequence"),
            }
            Ok(())
        })?;
        ensure!(!sequences.is_empty(), "the file holds no sequence");
        Ok(sequences)
    };
    parsed().with_context(|| format!("cannot read FASTA {}", path.display()))
}

/// Reads a table separated by tabs, plain or compressed, whose first line names the columns `seq` and `Bound` (0 or 1).
pub fn read_table(path: &Path) -> Result<Vec<LabelledSequence>> {
    let parsed = || -> Result<Vec<LabelledSequence>> {
        let (mut columns, mut sequences) = (None, Vec::new());
        for_each_line(open_whole(path)?, |line| {
            let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
            let Some((sequence, bound)) = columns else {
                let column = |name: &str| fields.iter().position(|field| field.eq_ignore_ascii_case(name));
                let found = column("seq").zip(column("bound"));
                columns = Some(found.context("the first line must name the columns seq and Bound")?);
                return Ok(());
            };
            if line.trim().is_empty() {
                return Ok(());
            }
            let field = |column: usize| fields.get(column).copied().context("the line has too few columns");
            sequences.push(LabelledSequence {
                codes: codes(field(sequence)?)?,
                is_bound: match field(bound)? {
                    "1" => true,
                    "0" => false,
                    other => bail!("Bound is '{other}', expected 0 or 1"),
                },
            });
            Ok(())
        })?;
        ensure!(!sequences.is_empty(), "the table holds no sequence");
        Ok(sequences)
    };
    parsed().with_context(|| format!("cannot read table {}", path.display()))
}

fn codes(text: &str) -> Result<Vec<u8>> {
    if let Some(other) = text.bytes().find(|&letter| !is_nucleotide(letter)) {
        bail!("'{}' is not the letter of a base", other.escape_ascii());
    }
    Ok(encode(text.as_bytes()))
}

/// Cuts or pads a sequence around its middle to `length` bases.
pub fn fitted(codes: &[u8], length: usize, pad: u8) -> Vec<u8> {
    let cut = codes.len().saturating_sub(length) / 2;
    let mut fitted: Vec<u8> = codes.iter().copied().skip(cut).take(length).collect();
    let missing = length - fitted.len();
    fitted.splice(0..0, std::iter::repeat_n(pad, missing / 2));
    fitted.resize(length, pad);
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn tables_and_fasta_are_read() {
        let (_folder, path) = file("FoldID\tseq\tBound\r\nA\tACgN\t1\r\nA\tRTT\t0\n\n");
        let table = read_table(&path).unwrap();
        let found: Vec<_> = table.iter().map(|s| (s.codes.clone(), s.is_bound)).collect();
        assert_eq!(found, [(vec![0, 1, 2, 4], true), (vec![4, 3, 3], false)]);
        let (_folder, path) = file("\n>a x\nAC\nGT\n>b\n");
        let fasta = read_fasta(&path, true).unwrap();
        assert_eq!([fasta[0].codes.len(), fasta[1].codes.len()], [4, 0]);
        assert_eq!(fitted(&[0, 1, 2, 3, 0], 3, 4), [1, 2, 3]);
        assert_eq!(fitted(&[0, 1], 5, 4), [4, 0, 1, 4, 4]);
    }

    #[test]
    fn bad_lines_are_refused_by_number() {
        let table = |text: &str| format!("{:#}", read_table(&file(text).1).err().unwrap());
        assert!(table("").contains("cannot"));
        let message = |text: &str| {
            let (_folder, path) = file(text);
            format!("{:#}", read_table(&path).err().unwrap())
        };
        assert!(message("seq\tlabel\n").contains("line 1: the first line must name the columns seq and Bound"));
        assert!(message("seq\tBound\nAC!\t1\n").contains("line 2: '!' is not the letter of a base"));
        assert!(message("seq\tBound\nAC\n").contains("line 2: the line has too few columns"));
        assert!(message("seq\tBound\nAC\tyes\n").contains("line 2: Bound is 'yes', expected 0 or 1"));
        assert!(message("seq\tBound\n").contains("holds no sequence"));
        let (_folder, path) = file("ACGT\n");
        assert!(format!("{:#}", read_fasta(&path, true).err().unwrap()).contains("line 1: not FASTA"));
    }
}
