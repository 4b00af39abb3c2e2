//! Checks of output paths: an output must not replace an input, a device or another output.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Possible suffixes of the index of a bgzipped VCF, of a BCF, and of a BAM.
pub const VCF_INDEXES: &[&str] = &["tbi", "csi"];
pub const BCF_INDEXES: &[&str] = &["csi"];
pub const BAM_INDEXES: &[&str] = &["bai", "csi"];

/// Suffixes of input indexes, which are added to the file name or replace its extension.
const INDEXES: [&str; 6] = ["fai", "gzi", "bai", "csi", "crai", "tbi"];

/// Fails if an output, given with its flag, would replace an input, an input's index or another output, or if an output
/// folder contains another output.
pub fn check_inputs_are_kept(outputs: &[(&str, PathBuf)], inputs: &[&Path]) -> Result<()> {
    let beside = |input: &Path| {
        let indexes = INDEXES.map(|suffix| [input.with_added_extension(suffix), input.with_extension(suffix)]);
        std::iter::once(input.to_owned()).chain(indexes.into_iter().flatten())
    };
    let inputs: Vec<PathBuf> = inputs.iter().flat_map(|input| beside(input)).collect();
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for (flag, output) in outputs {
        let (file, place) = (output.display(), place(output));
        let lies_in_it = |input: &&PathBuf| input.canonicalize().is_ok_and(|input| input.starts_with(&place));
        if let Some(input) = inputs.iter().find(lies_in_it) {
            bail!(
                "{flag}: {file} would replace the input {}; choose another name",
                input.display()
            );
        }
        let overlap = |(_, other): &&(&str, PathBuf)| other.starts_with(&place) || place.starts_with(other);
        if let Some((other, _)) = places.iter().find(overlap) {
            bail!("{flag}: {file} is also the output of {other}; choose another name");
        }
        places.push((flag, place));
    }
    Ok(())
}

/// The final path of an existing or future file, with links followed.
fn place(path: &Path) -> PathBuf {
    let in_folder = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| {
        // The folder does not exist yet, so the path has no links to follow.
        let mut place = PathBuf::new();
        for part in std::path::absolute(path)
            .unwrap_or_else(|_| path.to_owned())
            .components()
        {
            match part {
                Component::ParentDir => drop(place.pop()),
                part => place.push(part),
            }
        }
        place
    })
}

/// Makes the folder of an output file, and returns the final path. If the name is a link, the final path is its target,
/// so that the link stays. Fails if the path is not a regular file, but a folder, or a device or pipe such as
/// /dev/stdout.
pub fn place_of_file(target: &Path) -> Result<PathBuf> {
    let file = target.display();
    let path = target.as_os_str();
    if path.to_string_lossy().contains("://") {
        bail!("cannot write {file}: dvcall writes no URLs; give the name of a file on this machine");
    }
    // False if the path ends with a slash.
    let has_name = target
        .file_name()
        .is_some_and(|name| path.as_bytes().ends_with(name.as_bytes()));
    if !has_name || path == "-" || is_device(target) || target.exists() && !target.is_file() {
        bail!("cannot write {file}: it is not a regular file; give the name of a regular file");
    }
    if target.is_symlink() {
        return target.canonicalize().with_context(|| {
            format!("cannot write {file}: it is a broken link; remove the link, or give another name")
        });
    }
    fs::create_dir_all(folder_of(target)).with_context(|| format!("cannot write {file}: cannot make its folder"))?;
    Ok(target.to_owned())
}

/// Whether a name has one of these extensions, in upper or lower case.
pub fn ends_with(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().unwrap_or_default();
    extensions.iter().any(|e| extension.eq_ignore_ascii_case(e))
}

/// Whether the path is in /dev, except for files in shared memory.
fn is_device(target: &Path) -> bool {
    target.starts_with("/dev") && !target.starts_with("/dev/shm")
}

/// The paths of possible indexes beside a file.
pub fn indexes(file: &Path, suffixes: &[&str]) -> impl Iterator<Item = PathBuf> {
    suffixes.iter().map(move |suffix| file.with_added_extension(suffix))
}

/// The paths of indexes that readers look for beside a file. For a BAM, the suffix may also replace the extension.
pub(super) fn readable_as_index(file: &Path, suffixes: &[&str]) -> impl Iterator<Item = PathBuf> {
    // Only for BAM: `x.bai` belongs to x.bam, not to other files whose names begin with x.
    let replaced = suffixes.iter().filter(|_| file.extension().is_some_and(|e| e == "bam"));
    let replaced = replaced.map(|suffix| file.with_extension(suffix));
    indexes(file, suffixes).chain(replaced)
}

pub fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
