//! The tables of the targets.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::report::{TargetReport, TargetSums};
use super::state::Reason;
use super::target::Target;
use crate::output::{ReadyFile, TextFile, controls};

/// Columns of the table of targets, before a column for each [`Reason`].
pub const TARGET_COLUMNS: [&str; 10] = [
    "contig",
    "start",
    "end",
    "name",
    "bases",
    "mean_depth",
    "least_depth",
    "share_20x",
    "share_reference_gq20",
    "share_called",
];

/// Name of the table of targets.
pub fn targets_name(prefix: &Path) -> PathBuf {
    prefix.with_added_extension("targets.tsv")
}

/// Name of the BED of what could not be called.
pub fn not_called_name(prefix: &Path) -> PathBuf {
    prefix.with_added_extension("not-called.bed")
}

/// The drafts of both tables.
pub struct TargetFiles {
    targets: TextFile,
    not_called: TextFile,
}

impl TargetFiles {
    pub fn create(prefix: &Path) -> Result<Self> {
        Ok(Self {
            targets: TextFile::create(&targets_name(prefix))?,
            not_called: TextFile::create(&not_called_name(prefix))?,
        })
    }

    /// Writes the report.
    pub fn write(mut self, report: &TargetReport) -> Result<[ReadyFile; 2]> {
        let reasons = Reason::ALL.map(Reason::name);
        self.targets
            .line(&[&TARGET_COLUMNS[..], &reasons[..]].concat().join("\t"))?;
        for (target, sums) in report.targets.targets.iter().zip(&report.sums) {
            self.targets.line(&row(target, sums))?;
            for (positions, reason) in &sums.gaps {
                self.not_called.line(&format!(
                    "{}\t{}\t{}\t{}:{}",
                    target.region.contig,
                    positions.start,
                    positions.end,
                    controls(&target.name),
                    reason.name()
                ))?;
            }
        }
        Ok([self.targets.ready()?, self.not_called.ready()?])
    }
}

/// The line of a target. A dot: the run looked at no position.
fn row(target: &Target, sums: &TargetSums) -> String {
    let bases = target.region.len();
    let share = |part: u64| format!("{:.4}", part as f64 / bases as f64);
    let mean = match sums.seen {
        0 => ".".to_owned(),
        seen => format!("{:.2}", sums.depth as f64 / seen as f64),
    };
    let mut fields = vec![
        target.region.contig.clone(),
        (target.region.start + 1).to_string(),
        target.region.end.to_string(),
        controls(&target.name).into_owned(),
        bases.to_string(),
        mean,
        sums.least_depth
            .map_or_else(|| ".".to_owned(), |depth| depth.to_string()),
        share(sums.deep),
        share(sums.reference),
        share(sums.reference + sums.variant),
    ];
    fields.extend(sums.not_called.map(|bases| bases.to_string()));
    fields.join("\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genome::Region;

    #[test]
    fn a_target_that_was_not_looked_at_has_no_depth() {
        let target = Target {
            name: "BRCA1\u{1b}".into(),
            region: Region::new("c", 9, 19),
        };
        let empty = row(&target, &TargetSums::default());
        assert_eq!(
            empty,
            "c\t10\t19\tBRCA1\\u{1b}\t10\t.\t.\t0.0000\t0.0000\t0.0000\t0\t0\t0\t0\t0\t0\t0"
        );
        let sums = TargetSums {
            seen: 8,
            depth: 100,
            least_depth: Some(3),
            deep: 4,
            reference: 5,
            variant: 1,
            not_called: [0, 2, 0, 0, 0, 0, 2],
            gaps: Vec::new(),
        };
        assert!(row(&target, &sums).ends_with("\t10\t12.50\t3\t0.4000\t0.5000\t0.6000\t0\t2\t0\t0\t0\t0\t2"));
    }
}
