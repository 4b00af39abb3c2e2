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
    /// Identifiers of the sample's read groups; None if every read of the file belongs to the sample.
    pub read_groups: Option<FxHashSet<Vec<u8>>>,
}

impl Sample {
    /// Selects the sample from the text of a SAM header. Fails if the header names several samples and `wanted` is
    /// None, or if it does not name `wanted`.
    pub fn resolve(header: &str, wanted: Option<&str>, path: &Path) -> Result<Self> {
        if let Some(wanted) = wanted.filter(|name| !fits_in_vcf(name)) {
            bail!("--sample {wanted:?}: a VCF cannot hold this name; give another one");
        }
        let groups = read_groups(header);
        let names: BTreeSet<&str> = groups.iter().filter_map(|&(_, sample)| sample).collect();
        let listed = || names.iter().copied().collect::<Vec<_>>().join(", ");
        let name = match (wanted, names.len()) {
            (Some(wanted), 0) => wanted,
            (Some(wanted), _) if names.contains(wanted) => wanted,
            (Some(wanted), _) => bail!("reads {} has no sample '{wanted}'; it has {}", path.display(), listed()),
            (None, 0) => return Self::unnamed(path),
            (None, 1) => names.first().copied().unwrap_or_default(),
            (None, _) => bail!(
                "reads {} holds several samples ({}); choose one with --sample",
                path.display(),
                listed()
            ),
        };
        if !fits_in_vcf(name) {
            bail!(
                "reads {}: a VCF cannot hold the sample name {name:?} (SM in @RG), which has a control character; change it \
                 with: samtools reheader",
                path.display()
            );
        }
        let own = |&&(_, sample): &&(&str, Option<&str>)| sample == Some(name);
        let read_groups = (names.len() > 1).then(|| {
            groups
                .iter()
                .filter(own)
                .map(|(id, _)| id.as_bytes().to_vec())
                .collect()
        });
        Ok(Self {
            name: name.to_owned(),
            read_groups,
        })
    }

    /// For a file without named samples: all reads belong to one sample, which gets the name of the file.
    fn unnamed(path: &Path) -> Result<Self> {
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
            read_groups: None,
        })
    }
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
        Sample::resolve(header, wanted, Path::new("x/child.bam"))
    }

    #[test]
    fn several_read_groups_of_one_sample_are_one() {
        let one = resolve("@HD\tVN:1\n@RG\tID:a\tSM:s\n@RG\tSM:s\tID:b\n", None).unwrap();
        assert_eq!((one.name.as_str(), one.read_groups), ("s", None));
        assert_eq!(resolve("@HD\tVN:1\n", None).unwrap().name, "child");
        assert_eq!(resolve("@RG\tID:a\n", Some("x")).unwrap().name, "x");
        assert_eq!(resolve("@RG\tID:a\tSM:\n", None).unwrap().name, "child");
        assert!(Sample::resolve("", None, Path::new("a\tb.bam")).is_err());
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
        assert_eq!(child.read_groups, Some(own));
    }
}
