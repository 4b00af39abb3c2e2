//! The plan of a validation, a TOML file: which sets are called and scored, and how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The plan. Paths are relative to the folder of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub name: String,
    /// Reference of all sets that name no other.
    #[serde(rename = "ref")]
    pub reference: Option<PathBuf>,
    /// The accepted state.
    #[serde(default = "accepted")]
    pub accepted: PathBuf,
    /// One line of JSON for each run.
    #[serde(default = "history")]
    pub history: PathBuf,
    /// How unlikely a difference must be by chance, over all tests together.
    #[serde(default = "significance")]
    pub significance: f64,
    /// More arguments of `dvcall call` and of `dvcall evaluate`, for all sets.
    #[serde(default)]
    pub call: Vec<String>,
    #[serde(default)]
    pub evaluate: Vec<String>,
    #[serde(rename = "set")]
    pub sets: Vec<PlannedSet>,
}

fn accepted() -> PathBuf {
    "accepted.json".into()
}

fn history() -> PathBuf {
    "history.jsonl".into()
}

fn significance() -> f64 {
    0.01
}

/// One benchmark set: reads to call, or calls of any caller, and their truth.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSet {
    pub name: String,
    #[serde(rename = "ref")]
    pub reference: Option<PathBuf>,
    #[serde(default)]
    pub reads: Vec<PathBuf>,
    pub calls: Option<PathBuf>,
    pub truth: PathBuf,
    pub confident: Option<PathBuf>,
    /// Region strings, or files of regions.
    #[serde(default)]
    pub regions: Vec<String>,
    pub sample: Option<String>,
    pub stratification: Option<PathBuf>,
    pub gates: Option<PathBuf>,
    /// Fractions of the reads to call, too: they show the limit of detection by depth.
    #[serde(default)]
    pub thinned: Vec<f64>,
    /// Calls the set again with each of these numbers of threads; the records must be the same.
    #[serde(default)]
    pub repeats: Vec<u16>,
    #[serde(default)]
    pub call: Vec<String>,
    #[serde(default)]
    pub evaluate: Vec<String>,
}

/// A set at one fraction of its reads.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    pub set: &'a PlannedSet,
    pub fraction: Option<f64>,
}

impl Plan {
    pub fn read(path: &Path) -> Result<Self> {
        let failed = || format!("cannot read the plan {}", path.display());
        let text = std::fs::read_to_string(path).with_context(failed)?;
        let plan: Self = toml::from_str(&text).with_context(failed)?;
        plan.check().with_context(failed)?;
        Ok(plan.beside(path.parent().unwrap_or(Path::new("."))))
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.sets.is_empty(), "it names no [[set]]");
        ensure!(
            self.significance > 0.0 && self.significance < 1.0,
            "significance {}: expected a number above 0 and below 1",
            self.significance
        );
        let mut names = BTreeSet::new();
        for set in &self.sets {
            let in_set = || format!("set '{}'", set.name);
            set.check(self).with_context(in_set)?;
            ensure!(
                names.insert(&set.name),
                "two sets have the name '{}'; rename one",
                set.name
            );
        }
        Ok(())
    }

    /// The plan with paths that are valid here.
    fn beside(mut self, folder: &Path) -> Self {
        let here = |path: &mut PathBuf| *path = folder.join(&*path);
        self.reference.iter_mut().for_each(here);
        let words = self.call.iter_mut().chain(&mut self.evaluate);
        let of_sets = self
            .sets
            .iter_mut()
            .flat_map(|set| set.call.iter_mut().chain(&mut set.evaluate));
        words.chain(of_sets).for_each(|word| place_beside(word, folder));
        [&mut self.accepted, &mut self.history].into_iter().for_each(here);
        for set in &mut self.sets {
            let paths = set.reference.iter_mut().chain(&mut set.reads).chain(&mut set.calls);
            let paths = paths.chain([&mut set.truth]).chain(&mut set.confident);
            paths
                .chain(&mut set.stratification)
                .chain(&mut set.gates)
                .for_each(here);
            set.regions.iter_mut().for_each(|region| place_beside(region, folder));
        }
        self
    }

    /// Every set as it is, followed by its thinned runs.
    pub fn runs(&self) -> Vec<Run<'_>> {
        let of_set = |set| {
            let fractions = std::iter::once(None).chain(set_fractions(set).map(Some));
            fractions.map(move |fraction| Run { set, fraction })
        };
        self.sets.iter().flat_map(of_set).collect()
    }

    pub fn reference_of<'a>(&'a self, set: &'a PlannedSet) -> Result<&'a Path> {
        let reference = set.reference.as_ref().or(self.reference.as_ref());
        Ok(reference.context("no reference; give ref")?)
    }
}

/// If a word, or the value of a word such as `--flag=value`, names a file in the folder, it becomes the path of the file.
fn place_beside(word: &mut String, folder: &Path) {
    let (flag, value) = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (format!("{flag}="), value),
        _ => (String::new(), word.as_str()),
    };
    let file = folder.join(value);
    if file.is_file() {
        *word = format!("{flag}{}", file.display());
    }
}

fn set_fractions(set: &PlannedSet) -> impl Iterator<Item = f64> {
    set.thinned.iter().copied()
}

impl PlannedSet {
    fn check(&self, plan: &Plan) -> Result<()> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        ensure!(
            self.name.chars().all(is_plain) && self.name.starts_with(|c: char| c.is_ascii_alphanumeric()),
            "the name becomes a file name; use letters, digits, '.', '_' and '-'"
        );
        plan.reference_of(self)?;
        match (self.reads.is_empty(), &self.calls) {
            (true, None) => bail!("give reads to call, or calls to score"),
            (false, Some(_)) => bail!("give either reads or calls"),
            (true, Some(_)) if !(self.thinned.is_empty() && self.repeats.is_empty()) => {
                bail!("thinned and repeats need reads, because they call again")
            }
            _ => {}
        }
        for fraction in &self.thinned {
            ensure!(
                *fraction > 0.0 && *fraction < 1.0,
                "thinned {fraction}: expected a fraction above 0 and below 1"
            );
        }
        Ok(())
    }
}

impl Run<'_> {
    /// The name of the run, and the beginning of the names of its files.
    pub fn name(&self) -> String {
        match self.fraction {
            None => self.set.name.clone(),
            Some(fraction) => format!("{}.thinned-{fraction}", self.set.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.toml");
        std::fs::write(folder.path().join("r.bed"), "1\t0\t9\n").unwrap();
        std::fs::write(&path, text).unwrap();
        Plan::read(&path)
    }

    const SET: &str = "name = 'x'\nref = 'r.fa'\n[[set]]\nname = 'a'\nreads = ['a.bam']\ntruth = 't.vcf'\n";

    #[test]
    fn paths_are_relative_to_the_file_and_runs_follow_their_set() {
        let more = "regions = ['1:1-5', 'r.bed']\nthinned = [0.5, 0.25]\ncall = ['--gates', 'r.bed', '--model=r.bed', '--min-quality', '5']\n";
        let plan = plan(&format!("{SET}{more}")).unwrap();
        let names: Vec<String> = plan.runs().iter().map(Run::name).collect();
        assert_eq!(names, ["a", "a.thinned-0.5", "a.thinned-0.25"]);
        let set = &plan.sets[0];
        assert!(set.reads[0].is_absolute() && set.truth.is_absolute() && plan.accepted.ends_with("accepted.json"));
        assert_eq!(set.regions[0], "1:1-5");
        assert!(Path::new(&set.regions[1]).is_absolute());
        let file = &set.regions[1];
        assert_eq!(
            set.call,
            ["--gates", file, &format!("--model={file}"), "--min-quality", "5"]
        );
        assert!(plan.reference_of(set).unwrap().ends_with("r.fa"));
    }

    #[test]
    fn a_wrong_plan_is_refused_by_name() {
        for (text, said) in [
            ("name = 'x'\nset = []\n".to_owned(), "no [[set]]"),
            (format!("{SET}nonsense = 1\n"), "nonsense"),
            (format!("{SET}calls = 'c.vcf'\n"), "either reads or calls"),
            (format!("{SET}thinned = [1.5]\n"), "thinned 1.5"),
            (format!("significance = 2\n{SET}"), "significance 2"),
            (SET.replace("reads = ['a.bam']\n", ""), "give reads to call"),
            (SET.replace("ref = 'r.fa'\n", ""), "no reference"),
            (SET.replace("'a'", "'../a'"), "file name"),
            (
                format!("{SET}[[set]]\nname = 'a'\ncalls = 'c.vcf'\ntruth = 't.vcf'\n"),
                "two sets",
            ),
        ] {
            let error = format!("{:#}", plan(&text).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
    }
}
