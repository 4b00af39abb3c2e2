//! The history of a validation: one line of JSON for each time it ran.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::state::{Quality, RunState, State, TypeScore};
use crate::output::write_file;
use crate::report::drifts_from;

/// The past validations, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub lines: Vec<HistoryLine>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct HistoryLine {
    pub date: String,
    pub dvcall: String,
    /// Whether the validation passed.
    pub passed: bool,
    pub runs: Vec<HistoryRun>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct HistoryRun {
    pub name: String,
    pub scores: Vec<TypeScore>,
    pub quality: Quality,
}

/// A figure that left the range of the validations before.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    pub run: String,
    pub figure: &'static str,
    pub value: f64,
    pub mean: f64,
}

impl History {
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let failed = || format!("cannot read the history {}", path.display());
        let text = std::fs::read_to_string(path).with_context(failed)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let parsed = lines.map(|(i, line)| serde_json::from_str(line).with_context(|| format!("line {}", i + 1)));
        let lines = parsed.collect::<Result<_>>().with_context(failed)?;
        Ok(Self { lines })
    }

    /// Adds a validation.
    pub fn add(&mut self, state: &State, passed: bool) {
        let of_run = |run: &RunState| HistoryRun {
            name: run.name.clone(),
            scores: run.scores.clone(),
            quality: run.quality,
        };
        self.lines.push(HistoryLine {
            date: state.date.clone(),
            dvcall: state.dvcall.clone(),
            passed,
            runs: state.runs.iter().map(of_run).collect(),
        });
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = String::new();
        for line in &self.lines {
            text += &serde_json::to_string(line)?;
            text.push('\n');
        }
        write_file(path, text.as_bytes())
    }

    /// The values of a figure of one run, with the number of the validation.
    pub fn series(&self, run: &str, figure: impl Fn(&HistoryRun) -> Option<f64>) -> Vec<(usize, f64)> {
        let of_line = |(index, line): (usize, &HistoryLine)| {
            let run = line.runs.iter().find(|r| r.name == run)?;
            Some((index + 1, figure(run)?))
        };
        self.lines.iter().enumerate().filter_map(of_line).collect()
    }

    /// Figures of the last validation that are far from those before it.
    pub fn drifts(&self) -> Vec<Drift> {
        let Some(last) = self.lines.last() else {
            return Vec::new();
        };
        let of_run = |run: &HistoryRun| {
            let figures = FIGURES.iter().filter_map(|(name, figure)| {
                let mut values: Vec<f64> = self
                    .series(&run.name, |r| figure(&r.quality))
                    .iter()
                    .map(|p| p.1)
                    .collect();
                let value = values.pop()?;
                Some(Drift {
                    run: run.name.clone(),
                    figure: name,
                    value,
                    mean: drifts_from(&values, value)?,
                })
            });
            figures.collect::<Vec<_>>()
        };
        last.runs.iter().flat_map(of_run).collect()
    }
}

type Figure = (&'static str, fn(&Quality) -> Option<f64>);

/// Figures that show whether a batch differs from the batches before.
pub const FIGURES: [Figure; 6] = [
    ("depth", |q| q.depth),
    ("Ti/Tv", |q| q.ti_tv),
    ("het/hom", |q| q.het_hom),
    ("systematic errors in 10 kb", |q| q.library_errors),
    ("median GQ", |q| q.median_gq),
    ("GQ of the lowest tenth", |q| q.low_gq),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ti_tv: f64) -> HistoryLine {
        HistoryLine {
            date: "2026-01-01".into(),
            dvcall: "0".into(),
            passed: true,
            runs: vec![HistoryRun {
                name: "a".into(),
                scores: Vec::new(),
                quality: Quality {
                    ti_tv: Some(ti_tv),
                    ..Quality::default()
                },
            }],
        }
    }

    #[test]
    fn a_history_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.jsonl");
        assert_eq!(History::read(&path).unwrap(), History::default());
        let history = History {
            lines: vec![line(2.0), line(2.1)],
        };
        history.write(&path).unwrap();
        assert_eq!(History::read(&path).unwrap(), history);
        std::fs::write(&path, "{}\n").unwrap();
        assert!(format!("{:#}", History::read(&path).unwrap_err()).contains("line 1"));
    }

    #[test]
    fn a_figure_far_from_the_others_drifts() {
        let history = |values: &[f64]| History {
            lines: values.iter().map(|&v| line(v)).collect(),
        };
        assert_eq!(history(&[2.0, 2.01, 1.99, 2.0, 2.02, 2.01]).drifts(), []);
        let drifts = history(&[2.0, 2.01, 1.99, 2.0, 2.02, 1.7]).drifts();
        assert_eq!((drifts.len(), drifts[0].figure, drifts[0].value), (1, "Ti/Tv", 1.7));
        // Too few validations tell no usual range; equal ones still allow a small change.
        assert_eq!(history(&[2.0, 2.0, 1.0]).drifts(), []);
        assert_eq!(history(&[2.0, 2.0, 2.0, 2.0, 2.0, 2.02]).drifts(), []);
    }
}
