//! Runs that are killed, and what they leave.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Runs to the end, and returns the messages.
pub fn finish(mut command: Command) -> String {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{message}");
    message
}

/// The error message of a run that fails.
pub fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    let last = message.trim_end().lines().last().unwrap().to_owned();
    assert!(last.starts_with("dvcall: error: "), "{message}");
    last
}

/// The files of a folder by name, with their bytes.
pub fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<_> = entries
        .map(|entry| {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            (entry.file_name().into_string().unwrap(), bytes)
        })
        .collect();
    all.sort();
    all
}

/// The journal of an output.
pub fn journal(folder: &Path, output: &str) -> PathBuf {
    folder.join(format!("{output}.partial/journal"))
}

/// Waits until a run has written a checkpoint that is not `old`. Returns false if the run ends before that.
pub fn has_checkpoint(run: &mut Child, journal: &Path, old: Option<&[u8]>) -> bool {
    let started = Instant::now();
    while !fs::read(journal).is_ok_and(|new| Some(&new[..]) != old) {
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(started.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Starts a run, and kills it after its next checkpoint. Returns false if the run ends before that.
pub fn kill_after_checkpoint(mut command: Command, journal: &Path) -> bool {
    let old = fs::read(journal).ok();
    let mut run = command.spawn().unwrap();
    let has_checkpoint = has_checkpoint(&mut run, journal, old.as_deref());
    run.kill().unwrap();
    run.wait().unwrap();
    has_checkpoint
}
