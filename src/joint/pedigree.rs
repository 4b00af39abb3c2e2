//! Pedigree files (PED, as of PLINK and GATK): who are whose parents.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::family::Family;

/// The families of a pedigree whose father, mother and a child are among the samples.
pub fn read_pedigree(path: &Path, samples: &[&str]) -> Result<Vec<Family>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read pedigree {}", path.display()))?;
    let mut families: Vec<Family> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [_, child, father, mother, ..] = columns[..] else {
            bail!(
                "pedigree {}, line {}: expected family, person, father and mother, found {} columns",
                path.display(),
                number + 1,
                columns.len()
            );
        };
        let rank = |name: &str| samples.iter().position(|sample| *sample == name);
        let (Some(child), Some(father), Some(mother)) = (rank(child), rank(father), rank(mother)) else {
            continue;
        };
        if father == mother || father == child || mother == child {
            bail!(
                "pedigree {}, line {}: a person is its own parent",
                path.display(),
                number + 1
            );
        }
        match families
            .iter_mut()
            .find(|family| family.father == father && family.mother == mother)
        {
            Some(family) if family.children.contains(&child) => {}
            Some(family) => family.children.push(child),
            None => families.push(Family {
                father,
                mother,
                children: vec![child],
            }),
        }
    }
    if families.is_empty() {
        bail!(
            "pedigree {} has no child whose father and mother are among the samples; names must be those of the gVCFs",
            path.display()
        );
    }
    Ok(families)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_those_of_the_samples() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ped");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_pedigree(&path, &["son", "mother", "father", "girl"])
        };
        let families = read("#family\nA son father mother 1 0\nA\tgirl\tfather\tmother\nA father x y 1 0\nB z q r\n");
        let expected = Family {
            father: 2,
            mother: 1,
            children: vec![0, 3],
        };
        assert_eq!(families.unwrap(), [expected]);
        for (text, message) in [
            ("A son father\n", "line 1: expected family"),
            ("A son father other 1 0\n", "has no child"),
            ("A son father father 1 0\n", "its own parent"),
        ] {
            assert!(format!("{:#}", read(text).unwrap_err()).contains(message));
        }
    }
}
