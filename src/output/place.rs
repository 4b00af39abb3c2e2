//! Where outputs may go: never in the place of an input, a device, or one another.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Endings of the indexes that a bgzipped VCF and a BAM may have: each has one of them.
pub const VCF_INDEXES: &[&str] = &["tbi", "csi"];
pub const BAM_INDEXES: &[&str] = &["bai", "csi"];

/// Endings of indexes, which stand after the name of a file or instead of its own ending.
const INDEXES: [&str; 6] = ["fai", "gzi", "bai", "csi", "crai", "tbi"];

/// Fails if an output, given with the flag that names it, would take the place of an input, of an input's index, or of another
/// output, or if one of two outputs is a folder that the other lies in.
pub fn check_inputs_are_kept(outputs: &[(&str, PathBuf)], inputs: &[&Path]) -> Result<()> {
    let beside = |input: &Path| {
        let indexes = INDEXES.map(|suffix| [input.with_added_extension(suffix), input.with_extension(suffix)]);
        std::iter::once(input.to_owned()).chain(indexes.into_iter().flatten())
    };
    let inputs: Vec<PathBuf> = inputs.iter().flat_map(|input| beside(input)).collect();
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for (flag, output) in outputs {
        let (shown, place) = (output.display(), place(output));
        let lies_in_it = |input: &&PathBuf| input.canonicalize().is_ok_and(|input| input.starts_with(&place));
        if let Some(input) = inputs.iter().find(lies_in_it) {
            bail!(
                "{flag}: {shown} would replace the input {}; choose another name",
                input.display()
            );
        }
        let overlap = |(_, other): &&(&str, PathBuf)| other.starts_with(&place) || place.starts_with(other);
        if let Some((other, _)) = places.iter().find(overlap) {
            bail!("{flag}: {shown} is what {other} writes to; choose another name");
        }
        places.push((flag, place));
    }
    Ok(())
}

/// Where a file is or will be, links followed.
fn place(path: &Path) -> PathBuf {
    let in_folder = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| {
        // Its folder is yet to be made, so no link is on the way.
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

/// Makes the folder of a file that is to be written, and returns its place: what the name leads to, if it is a link, so that
/// this stays one. Fails if something other than a file is there, which would be replaced by one: a device or pipe such as
/// /dev/stdout, or a folder.
pub fn place_of_file(target: &Path) -> Result<PathBuf> {
    let shown = target.display();
    let path = target.as_os_str();
    // Not so with a slash at the end.
    let named = target
        .file_name()
        .is_some_and(|name| path.as_bytes().ends_with(name.as_bytes()));
    if !named || path == "-" || is_device(target) || target.exists() && !target.is_file() {
        bail!("cannot write {shown}: it is no regular file; give the name of one");
    }
    if target.is_symlink() {
        return target.canonicalize().with_context(|| {
            format!("cannot write {shown}: it is a link that leads nowhere; remove it, or give another name")
        });
    }
    fs::create_dir_all(folder_of(target)).with_context(|| format!("cannot write {shown}: cannot make its folder"))?;
    Ok(target.to_owned())
}

/// Whether a name has one of these extensions, in whatever case.
pub fn ends_with(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().unwrap_or_default();
    extensions.iter().any(|e| extension.eq_ignore_ascii_case(e))
}

/// Whether it is among the devices; files in memory are not.
fn is_device(target: &Path) -> bool {
    target.starts_with("/dev") && !target.starts_with("/dev/shm")
}

/// The indexes that may be written beside a file.
pub fn indexes(file: &Path, suffixes: &[&str]) -> impl Iterator<Item = PathBuf> {
    suffixes.iter().map(move |suffix| file.with_added_extension(suffix))
}

/// The indexes that readers look for beside a file: of a BAM also those that stand instead of its ending.
pub(super) fn readable_as_index(file: &Path, suffixes: &[&str]) -> impl Iterator<Item = PathBuf> {
    // `x.bai` is of x.bam, whatever else begins with x.
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
