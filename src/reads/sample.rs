//! Selects the sample by the read groups of the header.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, bail};
use rustc_hash::FxHashSet;

use crate::output::controls;

/// The sample to call and its read groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub name: String,
    /// For each file, identifiers of the sample's read groups; None if every read of the file belongs to the sample.
    pub read_groups: Vec<Option<FxHashSet<Vec<u8>>>>,
}

impl Sample {
    /// Selects the sample from the paths and the SAM headers of the files. A `wanted` name that no file has becomes the
    /// name of the only sample of each file. Fails if the headers name several samples and `wanted` is None, or if a
    /// file has other samples only.
    pub fn resolve(files: &[(&Path, &str)], wanted: Option<&str>) -> Result<Self> {
        if let Some(wanted) = wanted.filter(|name| !fits_in_vcf(name)) {
            bail!("--sample {wanted:?}: a VCF cannot hold this name; give another one");
        }
        let groups: Vec<_> = files.iter().map(|(_, header)| read_groups(header)).collect();
        let names: Vec<BTreeSet<&str>> = groups
            .iter()
            .map(|groups| groups.iter().filter_map(|&(_, sample)| sample).collect())
            .collect();
        let all: BTreeSet<&str> = names.iter().flatten().copied().collect();
        let name = match (wanted, all.first()) {
            (Some(wanted), _) if !all.contains(wanted) => {
                check_renamed(files, &names, wanted)?;
                let read_groups = vec![None; files.len()];
                let name = wanted.to_owned();
                return Ok(Self { name, read_groups });
            }
            (Some(wanted), _) => wanted,
            (None, None) => return Self::unnamed(files),
            (None, Some(&only)) if all.len() == 1 => only,
            (None, Some(_)) => bail!("{}", choice_is_needed(files, &all)),
        };
        if !fits_in_vcf(name) {
            bail!(
                "reads {}: a VCF cannot hold the sample name {name:?} (SM in @RG), which has a control character; change it \
                 with: samtools reheader",
                listed(files)
            );
        }
        let own = |groups: &[(&str, Option<&str>)]| {
            let own = groups.iter().filter(|(_, sample)| *sample == Some(name));
            own.map(|(id, _)| id.as_bytes().to_vec()).collect()
        };
        let chosen = files
            .iter()
            .zip(&groups)
            .zip(&names)
            .map(|(((path, _), groups), names)| {
                if !names.is_empty() && !names.contains(name) {
                    bail!("{}", lacks(path, name, names));
                }
                Ok((names.len() > 1).then(|| own(groups)))
            });
        Ok(Self {
            name: name.to_owned(),
            read_groups: chosen.collect::<Result<_>>()?,
        })
    }

    /// For files without named samples: all reads belong to one sample, which gets the name of the first file.
    fn unnamed(files: &[(&Path, &str)]) -> Result<Self> {
        let path = files.first().map_or(Path::new(""), |(path, _)| path);
        let name = path.file_stem().map_or("SAMPLE".into(), |stem| stem.to_string_lossy());
        if !fits_in_vcf(&name) {
            bail!(
                "reads {path:?} names no sample (no SM in @RG), and a VCF cannot hold the file's name; give a name with --sample"
            );
        }
        log::warn!(
            "reads {} names no sample (no SM in @RG); the sample gets the file's name, '{name}'; set another with --sample",
            path.display()
        );
        Ok(Self {
            name: name.into_owned(),
            read_groups: vec![None; files.len()],
        })
    }
}

/// Fails if a file holds several samples, so that none of them can get the name `wanted`.
fn check_renamed(files: &[(&Path, &str)], names: &[BTreeSet<&str>], wanted: &str) -> Result<()> {
    for ((path, _), names) in files.iter().zip(names) {
        match names.first() {
            Some(_) if names.len() > 1 => bail!("{}", lacks(path, wanted, names)),
            Some(name) => log::info!("sample '{name}' of reads {} is named '{wanted}'", path.display()),
            None => {}
        }
    }
    Ok(())
}

fn lacks(path: &Path, name: &str, names: &BTreeSet<&str>) -> String {
    let names: Vec<_> = names.iter().copied().collect();
    format!(
        "reads {} has no sample '{name}'; it has {}",
        path.display(),
        names.join(", ")
    )
}

fn choice_is_needed(files: &[(&Path, &str)], all: &BTreeSet<&str>) -> String {
    let names = all.iter().copied().collect::<Vec<_>>().join(", ");
    match files {
        [(path, _)] => format!(
            "reads {} holds several samples ({names}); choose one with --sample",
            path.display()
        ),
        _ => format!(
            "reads {} hold several samples ({names}); leave out the files of other samples, or, if all belong to one, give \
             it a new name with --sample",
            listed(files)
        ),
    }
}

fn listed(files: &[(&Path, &str)]) -> String {
    let paths: Vec<_> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    paths.join(", ")
}

fn fits_in_vcf(name: &str) -> bool {
    !name.is_empty() && controls(name) == name
}

/// Identifier and sample of each `@RG` line.
fn read_groups(header: &str) -> Vec<(&str, Option<&str>)> {
    let field = |line: &'_ str, tag: &str| -> Option<(usize, usize)> {
        let start = line.find(&format!("\t{tag}:"))? + tag.len() + 2;
        let length = line[start..].find('\t').unwrap_or(line.len() - start);
        Some((start, start + length))
    };
    header
        .lines()
        .filter(|line| line.starts_with("@RG\t"))
        .filter_map(|line| {
            let (start, end) = field(line, "ID")?;
            let sample = field(line, "SM").map(|(s, e)| &line[s..e]);
            let sample = sample.filter(|name| !name.is_empty());
            Some((&line[start..end], sample))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(header: &str, wanted: Option<&str>) -> Result<Sample> {
        Sample::resolve(&[(Path::new("x/child.bam"), header)], wanted)
    }

    #[test]
    fn several_read_groups_of_one_sample_are_one() {
        let one = resolve("@HD\tVN:1\n@RG\tID:a\tSM:s\n@RG\tSM:s\tID:b\n", None).unwrap();
        assert_eq!((one.name.as_str(), one.read_groups), ("s", vec![None]));
        assert_eq!(resolve("@HD\tVN:1\n", None).unwrap().name, "child");
        assert_eq!(resolve("@RG\tID:a\n", Some("x")).unwrap().name, "x");
        assert_eq!(resolve("@RG\tID:a\tSM:\n", None).unwrap().name, "child");
        assert!(Sample::resolve(&[(Path::new("a\tb.bam"), "")], None).is_err());
        let controlled = resolve("@RG\tID:a\tSM:a\u{1b}[2J\n", None).unwrap_err().to_string();
        assert!(
            controlled.contains("samtools reheader") && !controlled.contains('\u{1b}'),
            "{controlled}"
        );
        assert!(resolve("@RG\tID:a\n", Some("a\tb")).is_err() && resolve("", Some("")).is_err());
    }

    #[test]
    fn several_samples_need_a_choice() {
        let header = "@RG\tID:a\tSM:mother\n@RG\tID:b\tSM:child\n@RG\tID:c\tSM:child\n";
        assert!(resolve(header, None).unwrap_err().to_string().contains("child, mother"));
        assert!(
            resolve(header, Some("x"))
                .unwrap_err()
                .to_string()
                .contains("no sample 'x'")
        );
        let child = resolve(header, Some("child")).unwrap();
        let own = [b"b".to_vec(), b"c".to_vec()].into_iter().collect();
        assert_eq!(child.read_groups, [Some(own)]);
    }

    #[test]
    fn the_only_sample_can_be_renamed() {
        let renamed = resolve("@RG\tID:a\tSM:s\n", Some("patient")).unwrap();
        assert_eq!((renamed.name.as_str(), renamed.read_groups), ("patient", vec![None]));
    }

    #[test]
    fn files_of_one_sample_are_joined() {
        let resolve = |headers: &[&str], wanted| {
            let paths = ["1.bam", "2.bam", "3.bam"].map(Path::new);
            let files: Vec<_> = paths.into_iter().zip(headers.iter().copied()).collect();
            Sample::resolve(&files, wanted).map_err(|error| error.to_string())
        };
        let (child, other, both) = (
            "@RG\tID:a\tSM:child\n",
            "@RG\tID:a\tSM:other\n",
            "@RG\tID:a\tSM:other\n@RG\tID:b\tSM:child\n",
        );
        let joined = resolve(&[child, "@HD\tVN:1\n", child], None).unwrap();
        assert_eq!((joined.name.as_str(), joined.read_groups), ("child", vec![None; 3]));
        let chosen = resolve(&[child, both], Some("child")).unwrap();
        let own = [b"b".to_vec()].into_iter().collect();
        assert_eq!(chosen.read_groups, [None, Some(own)]);
        let several = resolve(&[child, other], None).unwrap_err();
        assert!(
            several.starts_with("reads 1.bam, 2.bam hold several samples (child, other)"),
            "{several}"
        );
        let lacking = resolve(&[child, other], Some("child")).unwrap_err();
        assert_eq!(lacking, "reads 2.bam has no sample 'child'; it has other");
        assert_eq!(resolve(&[child, other], Some("new")).unwrap().name, "new");
        assert!(resolve(&[child, both], Some("new")).is_err());
    }
}
