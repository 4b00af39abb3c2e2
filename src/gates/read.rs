//! Reads gates from a table.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::gate::{Action, Gate, Gates, MOST_GATES, Measures};
use crate::genome::{Contigs, IntervalSet};

/// Columns of the table.
const COLUMNS: &str = "bed, name, min_gq, min_depth, min_allele_balance, action";
/// Names of FILTER that have another meaning.
const TAKEN: [&str; 5] = ["PASS", "LowQual", "RefCall", "NoCall", "0"];
/// BED of a gate that holds everywhere.
const EVERYWHERE: &str = "*";

impl Gates {
    /// Reads a table of gates and its BED files, whose paths are relative to the table. Of a BED, only contigs of the
    /// reference count; at least one must be there.
    pub fn read(path: &Path, contigs: &Contigs) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read gates {}", path.display()))?;
        let mut gates = Self {
            gates: Vec::new(),
            files: vec![path.to_owned()],
        };
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let place = || format!("{}, line {}", path.display(), index + 1);
            let (gate, bed) = gate(line, path, contigs).with_context(place)?;
            ensure!(
                gates.gates.iter().all(|other| other.name != gate.name),
                "{}: gate '{}' appears twice; rename one",
                place(),
                gate.name
            );
            ensure!(
                gates.gates.len() < MOST_GATES,
                "{}: more than {MOST_GATES} gates",
                place()
            );
            gates.gates.push(gate);
            gates.files.extend(bed);
        }
        ensure!(
            !gates.gates.is_empty(),
            "{}: no gate; expected lines with the columns {COLUMNS}, separated by tabs",
            path.display()
        );
        Ok(gates)
    }
}

/// The gate of a line, and its BED.
fn gate(line: &str, table: &Path, contigs: &Contigs) -> Result<(Gate, Option<PathBuf>)> {
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    let &[bed, name, quality, depth, balance, action] = &columns[..] else {
        bail!(
            "expected 6 columns separated by tabs ({COLUMNS}), found {}",
            columns.len()
        );
    };
    ensure!(
        is_name(name),
        "'{name}' is no name of a gate: use letters, digits and _ . -"
    );
    let least = Measures {
        quality: number("min_gq", quality, f64::MAX)?,
        depth: number("min_depth", depth, f64::MAX)?,
        balance: number("min_allele_balance", balance, 1.0)?,
    };
    ensure!(
        least != Measures::default(),
        "gate '{name}' demands nothing; give a number in min_gq, min_depth or min_allele_balance"
    );
    let bed = (bed != EVERYWHERE).then(|| table.parent().unwrap_or(Path::new("")).join(bed));
    let gate = Gate {
        name: name.to_owned(),
        regions: bed.as_deref().map(|bed| regions(bed, contigs)).transpose()?,
        least,
        action: parse_action(action)?,
    };
    Ok((gate, bed))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) && text != "."
}

/// A least value; a dot is none.
fn number(column: &str, text: &str, greatest: f64) -> Result<Option<f64>> {
    if text == "." {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|n: &f64| (0.0..=greatest).contains(n));
    match number {
        Some(number) => Ok(Some(number)),
        None if greatest == 1.0 => bail!("{column} '{text}': expected a number from 0 to 1, or a dot"),
        None => bail!("{column} '{text}': expected a number of at least 0, or a dot"),
    }
}

fn parse_action(text: &str) -> Result<Action> {
    match text {
        "tier2" => Ok(Action::Tier(2)),
        "tier3" => Ok(Action::Tier(3)),
        _ if text.to_ascii_lowercase().starts_with("tier") => {
            bail!("action '{text}': expected tier2, tier3 or a name of FILTER")
        }
        _ if TAKEN.contains(&text) => bail!("action '{text}': this FILTER has another meaning; use another name"),
        _ if is_name(text) => Ok(Action::Filter(text.to_owned())),
        _ => bail!("action '{text}': expected tier2, tier3 or a name of FILTER of letters, digits and _ . -"),
    }
}

fn regions(bed: &Path, contigs: &Contigs) -> Result<IntervalSet> {
    let given = IntervalSet::from_bed(bed)?;
    let known = IntervalSet::from_regions(given.regions().filter(|r| contigs.get(&r.contig).is_some()));
    // A gate without any region would let all calls pass.
    let checked = if known.is_empty() { &given } else { &known };
    ensure!(
        !checked.is_empty(),
        "{}: it holds no base; a gate needs regions",
        bed.display()
    );
    checked
        .check_within(contigs)
        .with_context(|| format!("in {}", bed.display()))?;
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Contig;

    fn read(table: &str) -> Result<Gates> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("a.bed"), "c\t5\t9\nother\t1\t2\n")?;
        std::fs::write(folder.path().join("far.bed"), "c\t5\t900\n")?;
        std::fs::write(folder.path().join("names.bed"), "chrc\t5\t9\n")?;
        std::fs::write(folder.path().join("empty.bed"), "#nothing\n")?;
        let path = folder.path().join("gates.tsv");
        std::fs::write(&path, table.replace(' ', "\t"))?;
        let contig = Contig {
            name: "c".into(),
            length: 100,
        };
        Gates::read(&path, &std::iter::once(contig).collect())
    }

    #[test]
    fn a_table_has_gates_with_their_regions() {
        let gates = read("#bed name\n\na.bed coding 20 . . tier2\r\n* all . 10 0.25 SHALLOW\n").unwrap();
        assert_eq!(gates.gates.len(), 2);
        let [coding, all] = &gates.gates[..] else { panic!() };
        assert_eq!(coding.regions.as_ref().unwrap().on("c"), [(5, 9)]);
        assert_eq!((coding.least.quality, coding.least.depth), (Some(20.0), None));
        assert_eq!(coding.action, Action::Tier(2));
        assert!(all.regions.is_none());
        assert_eq!(all.demand(), "depth 10 and allele balance 0.25");
        assert_eq!(all.action, Action::Filter("SHALLOW".into()));
        let names: Vec<_> = gates
            .files
            .iter()
            .filter_map(|file| file.file_name()?.to_str())
            .collect();
        assert_eq!(names, ["gates.tsv", "a.bed"]);
    }

    #[test]
    fn bad_tables_are_refused_by_line() {
        for (table, expected) in [
            ("#bed\n", "no gate"),
            ("#\na.bed g 20 .\n", "line 2: expected 6 columns"),
            ("a.bed g 20 . . X\na.bed g 30 . . X\n", "line 2: gate 'g' appears twice"),
            ("a.bed g;h 20 . . X\n", "no name of a gate"),
            ("a.bed g . . . X\n", "demands nothing"),
            ("a.bed g x . . X\n", "min_gq 'x'"),
            ("a.bed g -1 . . X\n", "at least 0"),
            ("a.bed g NaN . . X\n", "at least 0"),
            ("a.bed g . . 30 X\n", "from 0 to 1"),
            ("a.bed g 20 . . PASS\n", "another meaning"),
            ("a.bed g 20 . . tier1\n", "expected tier2, tier3"),
            ("a.bed g 20 . . a;b\n", "expected tier2, tier3"),
            ("none.bed g 20 . . X\n", "none.bed"),
            ("far.bed g 20 . . X\n", "beyond the end of c"),
            ("names.bed g 20 . . X\n", "contig 'chrc' is not in the reference"),
            ("empty.bed g 20 . . X\n", "no base"),
        ] {
            let error = format!("{:#}", read(table).unwrap_err());
            assert!(
                error.contains(expected) && error.contains("gates.tsv"),
                "{table}: {error}"
            );
        }
    }
}
