//! Checks the order of modules: each module imports only modules that come before it in `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of a `lib.rs` or `mod.rs`, in order.
fn modules(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text
        .lines()
        .map(|line| line.trim_start_matches("pub(crate) ").trim_start_matches("pub "));
    let names = lines.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// The source files of a folder and its subfolders.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.collect()
}

/// Each use of a later module in a module of `order`. `prefix` comes before the name, as in `crate::reads`.
fn breaches(folder: &Path, order: &[String], prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (rank, module) in order.iter().enumerate() {
        for file in sources(&folder.join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            let later = order[rank + 1..].iter();
            let named = later.filter(|other| text.contains(&format!("{prefix}{other}::")));
            found.extend(named.map(|other| format!("{} names {prefix}{other}", file.display())));
        }
    }
    found
}

#[test]
fn modules_import_only_earlier_modules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let order = modules(&src.join("lib.rs"));
    assert!(order.len() > 10, "{order:?}");
    assert_eq!(breaches(&src, &order, "crate::"), [""; 0]);
    let model = [
        "network",
        "cascade",
        "tiers",
        "artifact",
        "inference",
        "feed",
        "calibration",
        "training",
    ];
    let evaluate = ["calls", "matching", "counts", "listing", "report"];
    for (room, order) in [("model", &model[..]), ("evaluate", &evaluate)] {
        let order: Vec<_> = order.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(breaches(&src.join(room), &order, &format!("crate::{room}::")), [""; 0]);
    }
}
