//! The section about targets.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::figures::grouped;
use crate::page::{headings, table};
use crate::targets::{LEAST_QUALITY, Reason, TARGET_COLUMNS};

/// Most targets of the table.
const MOST_ROWS: usize = 200;

/// A target that was not called as a whole.
struct IncompleteTarget {
    cells: Vec<String>,
    /// Share of its bases that could be called.
    called: f64,
}

/// What a table of `call --target-report` says.
#[derive(Default)]
pub struct TargetRows {
    targets: u64,
    bases: u64,
    /// Bases that could not be called, by reason.
    not_called: [u64; Reason::ALL.len()],
    incomplete: Vec<IncompleteTarget>,
}

impl TargetRows {
    pub fn read(path: &Path) -> Result<Self> {
        let failed = || format!("cannot read {}", path.display());
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader
            .delimiter(b'\t')
            .quoting(false)
            .from_path(path)
            .with_context(failed)?;
        let columns: Vec<&str> = TARGET_COLUMNS
            .into_iter()
            .chain(Reason::ALL.map(Reason::name))
            .collect();
        ensure!(
            reader.headers().with_context(failed)? == columns,
            "{}: not a table of targets; give PREFIX.targets.tsv of call --target-report",
            path.display()
        );
        let mut rows = Self::default();
        for (index, row) in reader.records().enumerate() {
            let row = row.with_context(failed)?;
            rows.add(&row)
                .with_context(|| format!("{}, line {}", path.display(), index + 2))?;
        }
        Ok(rows)
    }

    fn add(&mut self, row: &csv::StringRecord) -> Result<()> {
        let number = |column: usize| -> Result<u64> {
            let text = &row[column];
            text.parse().with_context(|| format!("'{text}' is not a whole number"))
        };
        let text = &row[9];
        let called: f64 = text.parse().with_context(|| format!("'{text}' is not a share"))?;
        self.targets += 1;
        self.bases += number(4)?;
        let mut reasons = Vec::new();
        for reason in Reason::ALL {
            let bases = number(TARGET_COLUMNS.len() + reason as usize)?;
            self.not_called[reason as usize] += bases;
            if bases > 0 {
                reasons.push(format!("{} {}", grouped(bases), in_words(reason)));
            }
        }
        if !reasons.is_empty() {
            let mut cells = vec![row[3].to_owned(), format!("{}:{}-{}", &row[0], &row[1], &row[2])];
            cells.extend((4..10).map(|column| row[column].to_owned()));
            cells.push(reasons.join(", "));
            self.incomplete.push(IncompleteTarget { cells, called });
        }
        Ok(())
    }

    /// Writes the section.
    pub fn write(&self, out: &mut impl Write) -> Result<()> {
        let lost: u64 = self.not_called.iter().sum();
        writeln!(
            out,
            "<h2 id=\"targets\">Targets</h2>\n<p>{} targets with {} bases: {} targets were called as a whole; {} bases of the \
             others could not be called. Called: the reference with a GQ of at least {LEAST_QUALITY}, or a variant that passed all filters. A base \
             that could not be called is not known to be the reference.</p>",
            grouped(self.targets),
            grouped(self.bases),
            grouped(self.targets - self.incomplete.len() as u64),
            grouped(lost),
        )?;
        if self.incomplete.is_empty() {
            return Ok(());
        }
        let reasons = Reason::ALL
            .into_iter()
            .filter(|&reason| self.not_called[reason as usize] > 0);
        let rows: Vec<_> = reasons
            .map(|reason| vec![in_words(reason).to_owned(), grouped(self.not_called[reason as usize])])
            .collect();
        table(out, &headings(&["Not called", "Bases"]), &rows)?;
        let mut worst: Vec<_> = self.incomplete.iter().collect();
        worst.sort_by(|a, b| a.called.total_cmp(&b.called));
        if worst.len() > MOST_ROWS {
            writeln!(out, "<p>The {MOST_ROWS} targets with the least share called:</p>")?;
        }
        let rows: Vec<_> = worst
            .iter()
            .take(MOST_ROWS)
            .map(|target| target.cells.clone())
            .collect();
        let names = [
            "Target",
            "Place",
            "Bases",
            "Mean depth",
            "Least depth",
            "≥ 20×",
            "Reference, GQ ≥ 20",
            "Called",
            "Not called: bases",
        ];
        table(out, &headings(&names), &rows)
    }
}

fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::FilteredVariant => "under a variant that failed a filter",
        Reason::FewReads => "with too few reads",
        Reason::ReadsDisagree => "where reads disagree",
        Reason::NoReads => "without a usable read",
        Reason::UnknownReference => "unknown in the reference",
        Reason::NoCopy => "of which the sample has no copy",
        Reason::OutsideRegions => "outside of the regions of the run",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str) -> Result<TargetRows> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("x.targets.tsv");
        let reasons = Reason::ALL.map(Reason::name);
        let header = [&TARGET_COLUMNS[..], &reasons[..]].concat().join("\t");
        std::fs::write(&path, format!("{header}\n{rows}"))?;
        TargetRows::read(&path)
    }

    #[test]
    fn the_worst_targets_come_first() {
        let rows = "c\t1\t10\tgood\t10\t30.00\t20\t1.0\t1.0\t1.0000\t0\t0\t0\t0\t0\t0\t0\n\
            c\t11\t20\tpart\t10\t9.00\t0\t0.5\t0.5\t0.5000\t0\t3\t0\t2\t0\t0\t0\n\
            d\t1\t5\t\"<none>\t5\t.\t.\t0\t0\t0.0000\t0\t0\t0\t0\t0\t0\t5\n";
        let mut page = Vec::new();
        read(rows).unwrap().write(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(
            page.contains("3 targets with 25 bases: 1 targets were called as a whole; 10 bases"),
            "{page}"
        );
        assert!(page.find("\"&lt;none&gt;").unwrap() < page.find("<td>part").unwrap() && !page.contains("<td>good"));
        assert!(
            page.contains("3 with too few reads, 2 without a usable read") && page.contains("5 outside of the regions")
        );
    }

    #[test]
    fn other_tables_are_refused() {
        let error = |rows: &str| format!("{:#}", read(rows).err().unwrap());
        assert!(error("c\t1\n").contains("x.targets.tsv"));
        let wrong = "c\t1\t10\tgood\tx\t30.00\t20\t1.0\t1.0\t1.0000\t0\t0\t0\t0\t0\t0\t0\n";
        assert!(error(wrong).contains("line 2: 'x' is not a whole number"));
    }
}
